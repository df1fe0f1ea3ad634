"""Curation of a whole file: what is kept, what is quarantined, and that the sum is right."""

import json

import pytest
from curation_rows import ANSWER, QUESTION, row

from tasks.errors import BadInput
from tasks.finetune.curation.curate import QUARANTINE_KEYS, curate, read_clusters
from tasks.finetune.curation.settings import CurationSettings
from tasks.finetune.rows import read_batches, write_rows

RELATED = ANSWER.replace("Windows", "macOS").replace("driver", "firmware").replace("box", "tick")
ROWS = [
    row(row_id="a:1", source="a"),
    row(row_id="a:2", source="a", instruction="How do I do nothing?", output="Do nothing."),
    row(
        row_id="a:3",
        source="a",
        instruction="Who helps with a printer of jane@bank.fr?",
        output=f"{ANSWER} Her password=Sommer2024! is known, ring +44 20 7183 8750 to change it.",
    ),
    row(row_id="b:1", source="b", instruction=QUESTION.lower(), output="Other words. " * 20),
    row(row_id="b:2", source="b", instruction=QUESTION.replace("wakes up", "has slept")),
    row(
        row_id="b:3",
        source="b",
        instruction=QUESTION.replace("laptop", "Mac").rstrip("?"),
        output=RELATED,
    ),
    row(row_id="b:4", source="b", instruction="Contents", output=" ".join(["Nothing here."] * 15)),
]


@pytest.fixture
def curated(tmp_path):
    with write_rows(tmp_path / "rows.parquet") as write:
        write(ROWS)
    paths = [tmp_path / name for name in ("kept.parquet", "quarantine.jsonl")]
    figures = curate(tmp_path / "rows.parquet", *paths, clusters=tmp_path / "clusters.json")
    kept = [each for batch in read_batches(paths[0]) for each in batch]
    quarantined = [json.loads(line) for line in paths[1].read_text("utf-8").splitlines()]
    return figures, kept, quarantined, read_clusters(tmp_path / "clusters.json")


def test_each_row_is_kept_or_quarantined_with_its_reason(curated):
    figures, kept, quarantined, _ = curated
    assert [each["row_id"] for each in kept] == ["a:1", "b:3"]
    assert {each["row_id"]: (each["filter"], each["reason"]) for each in quarantined} == {
        "a:2": ("words", "output too short"),
        "a:3": ("pii", "e-mail"),
        "b:1": ("exact_duplicates", "exact duplicate"),
        "b:2": ("near_duplicates", "near duplicate"),
        "b:4": ("question_form", "no question, request or problem"),
    }
    assert all(tuple(each) == QUARANTINE_KEYS for each in quarantined)
    named = {each["row_id"]: each["value"] for each in quarantined}
    assert "a:1" in named["b:1"]
    assert "a:1" in named["b:2"]
    assert figures["rows"] == figures["kept"] + figures["quarantined"] == len(ROWS)


def test_figures_tell_reasons_by_source(curated):
    figures, _, _, _ = curated
    assert figures["sources"]["a"] == {
        "rows": 3,
        "kept": 1,
        "reasons": {"pii": {"e-mail": 1}, "words": {"output too short": 1}},
    }
    assert figures["reasons"]["near_duplicates"] == {"near duplicate": 1}
    assert figures["pii"] == {"e-mail": 1, "password": 1, "phone number": 1}
    assert figures["repairs"] == {"question mark": 1, "white space": 1}
    assert figures["clusters"] == {"count": 1, "of_several": 1, "rows_in_several": 2, "largest": 2}
    assert json.loads(json.dumps(figures)) == figures


def test_relatives_are_of_one_cluster(curated):
    _, kept, _, clusters = curated
    assert clusters == {each["row_id"]: "a:1" for each in kept}


def test_nothing_sensitive_is_in_the_quarantine(curated):
    _, _, quarantined, _ = curated
    blocked = next(each for each in quarantined if each["row_id"] == "a:3")
    assert "[e-mail]" in blocked["instruction"]
    assert "password=[password] is known, ring [phone number] to" in blocked["output"]
    assert not any(word in json.dumps(quarantined) for word in ("jane", "Sommer", "7183"))


def test_kept_rows_are_cleaned(curated):
    _, kept, _, _ = curated
    assert kept[1]["instruction"] == QUESTION.replace("laptop", "Mac")


def test_the_same_file_gives_the_same_bytes(tmp_path):
    with write_rows(tmp_path / "rows.parquet") as write:
        write(ROWS)
    made = []
    for name in ("one", "two"):
        paths = [tmp_path / f"{name}.{end}" for end in ("parquet", "jsonl", "json")]
        curate(tmp_path / "rows.parquet", paths[0], paths[1], clusters=paths[2])
        made.append([path.read_bytes() for path in paths])
    assert made[0] == made[1]


def test_an_empty_file_gives_empty_ones(tmp_path):
    with write_rows(tmp_path / "rows.parquet"):
        pass
    figures = curate(tmp_path / "rows.parquet", tmp_path / "k.parquet", tmp_path / "q.jsonl")
    assert (figures["rows"], figures["kept"], figures["clusters"]["count"]) == (0, 0, 0)
    assert (tmp_path / "q.jsonl").read_text() == ""


def test_a_missing_file_is_bad_input_and_old_results_stay(tmp_path):
    (tmp_path / "k.parquet").write_text("old")
    (tmp_path / "q.jsonl").write_text("old")
    with pytest.raises(BadInput, match=r"rows\.parquet"):
        curate(tmp_path / "rows.parquet", tmp_path / "k.parquet", tmp_path / "q.jsonl")
    assert (tmp_path / "k.parquet").read_text() == (tmp_path / "q.jsonl").read_text() == "old"
    assert len(list(tmp_path.iterdir())) == 2


def test_settings_are_used_and_checked(tmp_path):
    with write_rows(tmp_path / "rows.parquet") as write:
        write(ROWS)
    settings = CurationSettings(min_words=1, near_duplicate=1.0)
    figures = curate(tmp_path / "rows.parquet", tmp_path / "k", tmp_path / "q", settings)
    assert "words" not in figures["reasons"]
    assert "near_duplicates" not in figures["reasons"]
    with pytest.raises(ValueError, match="min_words"):
        CurationSettings(min_words=30, max_words=20)
    with pytest.raises(ValueError, match="related"):
        CurationSettings(near_duplicate=0.6, related=0.7)
