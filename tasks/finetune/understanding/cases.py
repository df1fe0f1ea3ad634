"""A test row as one system answered it, with its scores: what the analysis reads."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from tasks.errors import BadInput
from tasks.finetune.rows import Row


@dataclass(frozen=True)
class Case:
    """One row and one system's answer to it.

    Attributes:
        row_id, instruction, input, reference, source, domain: of the row.
        system: base, tuned, few_shot or chain_of_thought.
        answer: of the system.
        prompt_tokens, answer_tokens: as the model counts them.
        ended: whether the answer ended by itself.
        truncated: whether the limit of new tokens ended it.
        rouge_l: F1, 0..1.
        key_facts: share of the reference's key facts that were found; None where it has none.
        key_facts_total: of the reference.
        key_facts_missing: those not found, as written in the reference.
    """

    row_id: str
    instruction: str
    input: str
    reference: str
    source: str
    domain: str
    system: str
    answer: str
    prompt_tokens: int
    answer_tokens: int
    ended: bool
    truncated: bool
    rouge_l: float
    key_facts: float | None
    key_facts_total: int
    key_facts_missing: tuple[str, ...]

    @property
    def question(self) -> str:
        """Instruction and input as one text."""
        return f"{self.instruction}\n\n{self.input}" if self.input else self.instruction


def join(
    rows: Iterable[Row], answers: Iterable[Mapping[str, Any]], scores: Iterable[Mapping[str, Any]]
) -> dict[str, dict[str, Case]]:
    """System to row_id to case, rows in the order of the split.

    Args:
        rows: of the test split.
        answers: rows of answers.parquet.
        scores: rows of scores.parquet.

    Raises:
        BadInput: an answer has no score or is to no row of the split.
    """
    by_id = {row["row_id"]: row for row in rows}
    scored = {(score["row_id"], score["system"]): score for score in scores}
    found: dict[str, dict[str, Case]] = {}
    for answer in answers:
        key = (answer["row_id"], answer["system"])
        if answer["row_id"] not in by_id or key not in scored:
            raise BadInput(
                f"the answer of {key[1]} to {key[0]} has no row or no score: answer and score the "
                "same test split again"
            )
        found.setdefault(key[1], {})[key[0]] = _case(by_id[key[0]], answer, scored[key])
    return {
        system: {row_id: cases[row_id] for row_id in by_id if row_id in cases}
        for system, cases in found.items()
    }


def _case(row: Row, answer: Mapping[str, Any], score: Mapping[str, Any]) -> Case:
    share = score["key_facts"]
    return Case(
        row_id=row["row_id"],
        instruction=row["instruction"],
        input=row["input"],
        reference=row["output"],
        source=row["source"],
        domain=row["domain"],
        system=answer["system"],
        answer=answer["answer"],
        prompt_tokens=int(answer["prompt_tokens"]),
        answer_tokens=int(answer["answer_tokens"]),
        ended=bool(answer["ended"]),
        truncated=bool(score["truncated"]),
        rouge_l=float(score["rougeL"]),
        key_facts=None if share is None or math.isnan(share) else float(share),
        key_facts_total=int(score["key_facts_total"]),
        key_facts_missing=tuple(score["key_facts_missing"]),
    )
