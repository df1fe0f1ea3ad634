"""Rows keep their ids and survive their Parquet file, whole or not at all."""

import pytest

from tasks.errors import BadInput
from tasks.finetune.rows import BATCH_ROWS, COLUMNS, RowIds, read_batches, write_rows


def row(number: int, **changes: str) -> dict[str, str]:
    return {name: f"{name} {number}" for name in COLUMNS} | changes


def test_rows_come_back_in_order_and_in_batches(tmp_path):
    path = tmp_path / "rows.parquet"
    rows = [row(i) for i in range(BATCH_ROWS + 10)]
    rows[3]["output"] = 'a, "quoted"\n```\ncode\n```\x00 ünï 🙂'

    with write_rows(path) as append:
        append(rows[:1])
        append(rows[1:])

    batches = list(read_batches(path, size=1000))
    assert max(len(batch) for batch in batches) == 1000
    assert [one for batch in batches for one in batch] == rows


def test_no_rows_are_a_file_without_rows(tmp_path):
    with write_rows(tmp_path / "rows.parquet") as append:
        append([])
    assert list(read_batches(tmp_path / "rows.parquet")) == []


def test_an_interrupted_write_leaves_the_old_file(tmp_path):
    path = tmp_path / "rows.parquet"
    with write_rows(path) as append:
        append([row(1)])

    def interrupted() -> None:
        with write_rows(path) as append:
            append([row(2)])
            raise RuntimeError("in the middle")

    with pytest.raises(RuntimeError, match="in the middle"):
        interrupted()
    assert list(read_batches(path)) == [[row(1)]]
    assert list(tmp_path.iterdir()) == [path]


def test_files_that_are_no_rows_are_refused_by_name(tmp_path):
    import pandas as pd

    missing, text, other = (tmp_path / name for name in ("a.parquet", "b.parquet", "c.parquet"))
    text.write_text("no parquet")
    pd.DataFrame({"row_id": ["1"]}).to_parquet(other)
    with pytest.raises(BadInput, match=r"a\.parquet is missing"):
        list(read_batches(missing))
    with pytest.raises(BadInput, match=r"b\.parquet is no Parquet file"):
        list(read_batches(text))
    with pytest.raises(BadInput, match=r"c\.parquet has no column source, kind"):
        list(read_batches(other))


def test_ids_depend_on_content_not_on_place():
    first, second = RowIds(), RowIds()
    a = first.next_id("manual", "Q", "", "A")
    b = first.next_id("manual", "Q2", "", "A")
    assert second.next_id("manual", "Q2", "", "A") == b
    assert second.next_id("manual", "Q", "", "A") == a
    assert a.startswith("manual:")
    assert len(a) == len("manual:") + 16
    assert first.next_id("faq", "Q", "", "A") == a.replace("manual:", "faq:")


def test_repeats_are_numbered_and_columns_do_not_run_together():
    ids = RowIds()
    one = ids.next_id("s", "Q", "", "A")
    assert ids.next_id("s", "Q", "", "A") == f"{one}-2"
    assert ids.next_id("s", "Q", "", "A") == f"{one}-3"
    assert ids.next_id("s", "Q", "A", "").split("-")[0] != one
    assert ids.next_id("s", "\ud800", "", "A").startswith("s:")
