"""The answers of systems beside the rows that they answer: one table for everything that scores."""

from collections.abc import Iterable, Sequence
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from tasks.errors import BadInput

BASE, TUNED = "base", "tuned"
COLUMNS = (
    "row_id",
    "system",
    "prompt",
    "answer",
    "prompt_tokens",
    "answer_tokens",
    "ended",
    "seconds",
    "nll",
    "nll_tokens",
)
TEXTS = ("instruction", "input", "output", "source", "domain")


def read_answered(
    answers: Path, rows: Iterable[dict[str, str]], systems: Sequence[str] = (BASE, TUNED)
) -> pd.DataFrame:
    """The answers of some systems with the texts of their rows.

    Args:
        answers: Parquet file with `COLUMNS`, a row for each row_id and system.
        rows: of the split that was answered, whose output is the reference.
        systems: each of them must have answered every row once; others in the file are left out.

    Returns:
        `COLUMNS`, then `TEXTS` with output named reference; system by system as given, each in the
        order of `rows`.

    Raises:
        BadInput: the file cannot be read, the split is empty, or an answer is missing, there
            twice, or of a row that the split lacks.
    """
    expected = pd.DataFrame([{key: row[key] for key in ("row_id", *TEXTS)} for row in rows])
    if expected.empty:
        raise BadInput(
            "the split to evaluate on is empty: give flows/finetune.py more rows or another split"
        )
    given = _read(answers)
    given = given[given["system"].isin(systems)]
    for system in systems:
        _check(given.loc[given["system"] == system, "row_id"], expected["row_id"], system, answers)
    expected = expected.rename(columns={"output": "reference"})
    return pd.concat(
        [
            expected[["row_id"]]
            .merge(given[given["system"] == system], on="row_id", validate="1:1")
            .merge(expected, on="row_id", validate="1:1")
            for system in systems
        ],
        ignore_index=True,
    )


def of_system(table: pd.DataFrame, system: str) -> pd.DataFrame:
    """The rows of one system, numbered from 0; two systems' rows are in the same order."""
    return table[table["system"] == system].reset_index(drop=True)


def _read(path: Path) -> pd.DataFrame:
    try:
        table = pq.read_table(path)
    except FileNotFoundError:
        raise BadInput(f"{path} is missing: run the stage that writes it again") from None
    except pa.ArrowInvalid:
        raise BadInput(f"{path} is no Parquet file: run the stage that writes it again") from None
    missing = [name for name in COLUMNS if name not in table.column_names]
    if missing:
        raise BadInput(
            f"{path} has no column {', '.join(missing)}: run the stage that writes it again"
        )
    return table.select(list(COLUMNS)).to_pandas()


def _check(given: pd.Series, expected: pd.Series, system: str, path: Path) -> None:
    """Raise unless every row has one answer of the system and no other row has one."""
    faults = {
        "answers twice": sorted(given[given.duplicated()]),
        "does not answer": sorted(set(expected) - set(given)),
        "answers the unknown": sorted(set(given) - set(expected)),
    }
    for fault, row_ids in faults.items():
        if row_ids:
            raise BadInput(
                f"{path}: {system} {fault} {len(row_ids)} of {len(expected)} rows, such as "
                f"{row_ids[0]}: generate the answers to this split again"
            )
