"""All sources into one table: whole or not at all, with every row accounted for."""

import json

import pytest
from source_data import written

from tasks.errors import BadInput
from tasks.finetune.rows import read_batches
from tasks.finetune.sources.gathering import gather
from tasks.finetune.sources.spec import SourceSpec

ROW = '{"instruction": "Why?", "output": "Because."}\n'


def spec(name: str, location: object, **settings: object) -> SourceSpec:
    return SourceSpec(name=name, kind="jsonl", location=str(location), **settings)


@pytest.fixture
def paths(tmp_path):
    folder = tmp_path / "out"
    return folder / "rows.parquet", folder / "refused.jsonl"


def test_rows_refusals_and_figures_agree(tmp_path, paths):
    one = written(tmp_path / "one.jsonl", ROW * 2 + "{broken by ann@example.com\n")
    two = written(tmp_path / "two.jsonl", ROW)
    figures = gather(
        [spec("one", one), spec("two", two), spec("none", tmp_path / "none.jsonl")],
        *paths,
        mask=lambda text: text.replace("ann@example.com", "<e-mail>"),
    )
    rows = [row for batch in read_batches(paths[0]) for row in batch]
    assert [row["source"] for row in rows] == ["one", "one", "two"]
    assert len({row["row_id"] for row in rows}) == 3
    (refused,) = (json.loads(line) for line in paths[1].read_text().splitlines())
    assert set(refused) == {"row_id", "source", "reason", "excerpt"}
    assert refused["excerpt"] == "{broken by <e-mail>"
    assert (figures["rows_read"], figures["rows_kept"], figures["rows_refused"]) == (4, 3, 1)
    assert figures["refused_by_reason"] == {"not JSON": 1}
    assert [source["rows_read"] for source in figures["sources"]] == [3, 1, 0]
    assert "none.jsonl (source none) is missing" in figures["warnings"][0]
    json.dumps(figures)


def test_sources_without_rows_are_told(tmp_path, paths):
    figures = gather(
        [
            spec("one", written(tmp_path / "one.jsonl", ROW)),
            spec("none", tmp_path / "none.jsonl", required=True),
            spec("empty", written(tmp_path / "empty.jsonl", "")),
        ],
        *paths,
        mask=str,
    )
    told = {source["source"]: source for source in figures["sources"]}
    assert [told[name]["rows_read"] for name in ("one", "none", "empty")] == [1, 0, 0]
    assert "is missing" in told["none"]["problem"]
    assert told["none"]["required"]
    assert "is empty" in told["empty"]["problem"]
    assert len(figures["warnings"]) == 2


def test_a_broken_source_leaves_what_was_there(tmp_path, paths):
    gather([spec("one", written(tmp_path / "one.jsonl", ROW))], *paths, mask=str)
    before = [path.read_bytes() for path in paths]
    with pytest.raises(BadInput, match="no line with a JSON object"):
        gather([spec("one", written(tmp_path / "one.jsonl", "{broken\n"))], *paths, mask=str)
    assert [path.read_bytes() for path in paths] == before
    assert len(list(paths[0].parent.iterdir())) == 2


def test_no_row_at_all_is_an_empty_table(tmp_path, paths):
    one = written(tmp_path / "one.jsonl", ROW)
    figures = gather([spec("one", one, allowed_licenses=["MIT"])], *paths, mask=str)
    assert (figures["rows_read"], figures["rows_kept"]) == (1, 0)
    assert list(read_batches(paths[0])) == []
