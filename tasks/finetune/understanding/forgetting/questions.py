"""The questions that show what was forgotten: data/forgetting/questions.yaml."""

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from tasks.errors import BadInput
from tasks.finetune.understanding.forgetting.checks import RULES
from tasks.locate import PROJECT_ROOT

FILE = PROJECT_ROOT / "data" / "forgetting" / "questions.yaml"
KINDS = {
    "general": "general questions",
    "instruction": "instruction-following tasks",
    "reasoning": "arithmetic and logic problems",
}


class Question(BaseModel):
    """One question and the rule that scores its answer."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str = Field(description="short name")
    kind: str = Field(description="one of KINDS")
    prompt: str = Field(description="what the model is asked")
    rule: str = Field(description="one of checks.RULES")
    values: dict[str, Any] = Field(alias="with", description="what the rule asks for")
    right: list[str] = Field(min_length=1, description="answers that the rule must accept")
    wrong: list[str] = Field(min_length=1, description="answers that the rule must not accept")

    def is_right(self, answer: str) -> bool:
        """Whether the answer satisfies the rule."""
        return RULES[self.rule](answer, **self.values)

    def example(self) -> dict[str, str]:
        """As a row, for `format_prompt`."""
        return {"instruction": self.prompt, "input": ""}


def read_questions(path: Path = FILE) -> list[Question]:
    """The questions in their order.

    Raises:
        BadInput: no such file, no valid YAML or question, an unknown kind or rule, an id twice, or
            an example answer that its own rule judges otherwise.
    """
    try:
        entries = yaml.safe_load(path.read_text(encoding="utf-8"))
        questions = [Question.model_validate(entry) for entry in entries]
    except OSError as error:
        raise BadInput(f"{path} cannot be read ({error.strerror}): restore it") from None
    except (yaml.YAMLError, TypeError, ValidationError) as error:
        what = " ".join(str(error).split())[:200]
        raise BadInput(f"{path} is no list of questions ({what}): correct it") from None
    ids = Counter(question.id for question in questions)
    for question in questions:
        _check(question, ids, path)
    return questions


def _check(question: Question, ids: Mapping[str, int], path: Path) -> None:
    where = f"{path}, question {question.id}"
    if ids[question.id] > 1:
        raise BadInput(f"{where}: the id is used twice, rename one")
    if question.kind not in KINDS:
        raise BadInput(f"{where}: kind {question.kind!r} is none of {', '.join(KINDS)}")
    if question.rule not in RULES:
        raise BadInput(f"{where}: rule {question.rule!r} is none of {', '.join(RULES)}")
    try:
        misjudged = [text for text in question.right if not question.is_right(text)]
        misjudged += [text for text in question.wrong if question.is_right(text)]
    except TypeError as error:
        raise BadInput(f"{where}: `with` does not fit rule {question.rule} ({error})") from None
    if misjudged:
        raise BadInput(f"{where}: its rule judges the example {misjudged[0]!r} otherwise")
