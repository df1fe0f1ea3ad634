"""General rows that are mixed into training, so that the model keeps what it could do.

Replay of earlier kinds of data is the plainest remedy for forgetting (Robins, "Catastrophic
Forgetting, Rehearsal and Pseudorehearsal", 1995). The model's own earlier data is not at hand,
so the rows are general ones that we wrote.
"""

import json
import random
from pathlib import Path

from tasks.errors import BadInput
from tasks.finetune.rows import Row
from tasks.finetune.writing import KEYS
from tasks.locate import PROJECT_ROOT

FILE = PROJECT_ROOT / "data" / "forgetting" / "replay.jsonl"
MAX_SHARE = 0.5


def read_replay(path: Path = FILE) -> list[Row]:
    """The general rows, with the keys of a split's rows.

    Raises:
        BadInput: the file is missing, empty, or a line of it is no row.
    """
    if not path.is_file():
        raise BadInput(f"{path} is missing: restore it, or train without replay")
    rows = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        try:
            row = json.loads(line)
        except json.JSONDecodeError as error:
            raise BadInput(f"line {number} of {path} is no JSON ({error.msg}): mend it") from None
        if not isinstance(row, dict) or not all(isinstance(row.get(key), str) for key in KEYS):
            raise BadInput(f"line {number} of {path} lacks one of {', '.join(KEYS)}: mend it")
        rows.append(row)
    if not rows:
        raise BadInput(f"{path} is empty: restore it, or train without replay")
    return rows


def with_replay(
    train_rows: list[Row], share: float, seed: int, general: list[Row] | None = None
) -> list[Row]:
    """Rows of training and general ones, shuffled; of the result `share` is general.

    Where more are asked for than there are, each is taken about equally often; a repeated row has
    #2, #3 and so on after its id.

    Args:
        train_rows: of the task; all are kept.
        share: 0 to `MAX_SHARE`; 0 gives the rows as they are.
        seed: of the choice and the order.
        general: rows to take from; by default those of `FILE`.

    Raises:
        BadInput: the share is outside its bounds.
    """
    if not 0 <= share <= MAX_SHARE:
        raise BadInput(f"a replay share of {share} is not between 0 and {MAX_SHARE}")
    if not share or not train_rows:
        return list(train_rows)
    rows = read_replay() if general is None else general
    chance = random.Random(seed)  # noqa: S311 — the order of rows is no secret
    chosen: list[Row] = []
    wanted = round(len(train_rows) * share / (1 - share))
    for turn in range(1, -(-wanted // len(rows)) + 1):
        taken = chance.sample(rows, min(len(rows), wanted - len(chosen)))
        chosen += taken if turn == 1 else [_again(row, turn) for row in taken]
    mixed = [*train_rows, *chosen]
    chance.shuffle(mixed)
    return mixed


def _again(row: Row, turn: int) -> Row:
    return row | {"row_id": f"{row['row_id']}#{turn}"}
