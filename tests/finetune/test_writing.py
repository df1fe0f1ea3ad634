"""The three split files: all new, or all as they were."""

import json

import pytest

from tasks.errors import BadInput
from tasks.files import sha256_of
from tasks.finetune.splits import SPLITS
from tasks.finetune.writing import KEYS, read_assignment, read_split, split_file, write_splits


def row(number: int, **other: str) -> dict[str, str]:
    return {
        "row_id": f"manual:{number:016x}",
        "instruction": f"How do I restart service {number}?",
        "input": "",
        "output": "Run `systemctl restart`.\nThen look.",
        "source": "manual",
        "kind": "manual",
        "domain": "linux",
        "license": "CC0-1.0",
        "url": "",
    } | other


def rows(count: int, **other: str):
    for number in range(count):
        split = "test" if number % 10 == 0 else "val" if number % 10 == 1 else "train"
        yield split, row(number, **other)


def contents(folder) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def test_what_is_written_is_read_back_in_order(tmp_path):
    odd = 'ä\u2028"\\ \u0001 مرحبا 🎈\r\n```\n\tx'
    figures = write_splits(tmp_path / "new", rows(30, output=odd))
    assert {split: figure["rows"] for split, figure in figures.items()} == {
        "train": 24,
        "val": 3,
        "test": 3,
    }
    for split in SPLITS:
        path = split_file(tmp_path / "new", split)
        expected = [
            {key: value[key] for key in KEYS} for of, value in rows(30, output=odd) if of == split
        ]
        assert list(read_split(tmp_path / "new", split)) == expected
        assert [json.loads(line) for line in path.read_bytes().split(b"\n")[:-1]] == expected
        assert figures[split]["sha256"] == sha256_of(path)


def test_the_assignment_of_a_folder_is_that_of_its_files(tmp_path):
    assert read_assignment(tmp_path) == {}
    write_splits(tmp_path, rows(20))
    assert read_assignment(tmp_path) == {value["row_id"]: split for split, value in rows(20)}


def test_a_split_without_rows_is_an_empty_file(tmp_path):
    figures = write_splits(tmp_path, [("train", row(1))])
    assert figures["test"]["rows"] == 0
    assert split_file(tmp_path, "test").read_bytes() == b""


def test_an_error_among_the_rows_leaves_the_old_files(tmp_path):
    write_splits(tmp_path, rows(20))
    before = contents(tmp_path)

    def broken():
        yield from rows(50)
        raise RuntimeError("disk on fire")

    with pytest.raises(RuntimeError, match="on fire"):
        write_splits(tmp_path, broken())
    assert contents(tmp_path) == before


@pytest.mark.parametrize("blocked", SPLITS)
def test_a_rename_that_fails_puts_back_those_before_it(tmp_path, blocked):
    """A folder in the place of one file: the other two must be as they were."""
    write_splits(tmp_path, rows(20))
    split_file(tmp_path, blocked).unlink()
    split_file(tmp_path, blocked).mkdir()
    others = [split_file(tmp_path, split) for split in SPLITS if split != blocked]
    before = [path.read_bytes() for path in others]
    with pytest.raises(OSError, match="directory"):
        write_splits(tmp_path, rows(40))
    assert [path.read_bytes() for path in others] == before
    assert len(list(tmp_path.iterdir())) == 3


def test_a_first_write_that_fails_leaves_nothing(tmp_path):
    (tmp_path / "val.jsonl").mkdir()
    with pytest.raises(OSError, match="directory"):
        write_splits(tmp_path, rows(40))
    assert [path.name for path in tmp_path.iterdir()] == ["val.jsonl"]


def test_a_file_that_is_missing_or_damaged_is_named(tmp_path):
    write_splits(tmp_path, rows(20))
    split_file(tmp_path, "val").unlink()
    with pytest.raises(BadInput, match=r"val\.jsonl is missing"):
        read_assignment(tmp_path)
    split_file(tmp_path, "val").write_text('{"row_id": "a"}\n')
    with pytest.raises(BadInput, match=r"line 1 of .*val\.jsonl lacks"):
        read_assignment(tmp_path)
    split_file(tmp_path, "val").write_text("{half")
    with pytest.raises(BadInput, match=r"line 1 of .*val\.jsonl is no JSON"):
        read_assignment(tmp_path)
