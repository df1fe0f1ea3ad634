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
    assert len(figures["sources"]) == 2
    assert "none.jsonl (source none) is missing" in figures["warnings"][0]
    json.dumps(figures)


def test_a_required_source_that_is_missing_leaves_what_was_there(tmp_path, paths):
    gather([spec("one", written(tmp_path / "one.jsonl", ROW))], *paths, mask=str)
    before = [path.read_bytes() for path in paths]
    with pytest.raises(BadInput, match=r"none\.jsonl \(source none\) is missing"):
        gather(
            [
                spec("one", tmp_path / "one.jsonl"),
                spec("none", tmp_path / "none.jsonl", required=True),
            ],
            *paths,
            mask=str,
        )
    assert [path.read_bytes() for path in paths] == before
    assert len(list(paths[0].parent.iterdir())) == 2


def test_an_optional_source_that_is_there_but_broken_is_no_warning(tmp_path, paths):
    with pytest.raises(BadInput, match="is empty"):
        gather([spec("one", written(tmp_path / "one.jsonl", ""))], *paths, mask=str)


def test_no_row_at_all_is_refused(tmp_path, paths):
    with pytest.raises(BadInput, match="No source gives a row that can be used: Left out"):
        gather([spec("none", tmp_path / "none.jsonl")], *paths, mask=str)
    one = written(tmp_path / "one.jsonl", ROW)
    with pytest.raises(BadInput, match="all 1 rows are refused"):
        gather([spec("one", one, allowed_licenses=["MIT"])], *paths, mask=str)
    assert not paths[0].exists()
