"""A person's verdicts that overrule the rules: data/error_overrides.yaml."""

from collections.abc import Collection
from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from tasks.errors import BadInput
from tasks.finetune.understanding.errors.classes import NAMES
from tasks.locate import PROJECT_ROOT

FILE = PROJECT_ROOT / "data" / "error_overrides.yaml"


class Override(BaseModel):
    """One verdict."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)

    name: str = Field(alias="class", description="one of the classes' names")
    who: str = Field(min_length=1, description="the person who decided")
    why: str = Field(min_length=1, description="the reason, for the report")
    answer_begins: str = Field(
        default="",
        description="first words of the answer that was judged; another run's answer to the same "
        "row that begins otherwise is left to the rules",
    )

    def concerns(self, answer: str) -> bool:
        """Whether it was given for this answer."""
        return answer.strip().startswith(self.answer_begins)


def read_overrides(row_ids: Collection[str], path: Path = FILE) -> dict[str, Override]:
    """Row id to verdict; empty where there is no file or nothing in it.

    Args:
        row_ids: of the test split.
        path: YAML, a mapping of row id to class, who, why and perhaps answer_begins.

    Raises:
        BadInput: no such YAML, an unknown class, or a row that is not in the test split.
    """
    if not path.is_file():
        return {}
    try:
        entries = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
        overrides = TypeAdapter(dict[str, Override]).validate_python(entries)
    except (OSError, UnicodeDecodeError, yaml.YAMLError, ValidationError) as error:
        what = " ".join(str(error).split())[:200]
        raise BadInput(
            f"{path} is no mapping of row ids to class, who and why ({what}): correct it"
        ) from None
    for row_id, override in overrides.items():
        if override.name not in NAMES:
            raise BadInput(
                f"{path}: class {override.name!r} of row {row_id} is none of {', '.join(NAMES)}"
            )
        if row_id not in row_ids:
            raise BadInput(f"{path}: row {row_id} is not in the test split: remove or correct it")
    return overrides
