"""JSON Lines: every line becomes a row or a refusal with a reason."""

import json

import pytest
from source_data import read, written

from tasks.errors import BadInput

GOOD = '{"instruction": "Why?", "output": "Because."}'


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("{broken", "not JSON"),
        ('{"instruction": "cut off in the mid', "not JSON"),
        ("[1, 2]", "not a JSON object"),
        ("null", "not a JSON object"),
        ("[" * 100_000, "not JSON"),
        ('{"instruction": ' + "9" * 5000 + "}", "not JSON"),
        ('{"output": "a", "output": "b"}', "not JSON"),
        ('{"instruction": {"a": 1}, "output": "b"}', "not text"),
        ('{"instruction": "half an emoji \\ud83d", "output": "b"}', "damaged text"),
    ],
)
def test_a_bad_line_is_refused_with_a_reason_and_its_place(tmp_path, line, reason):
    path = written(tmp_path / "a.jsonl", f"{GOOD}\n{line}\n\n{GOOD}\n")
    rows, refused, figures = read("jsonl", path)
    assert len(rows) == 2
    assert [one.category for one in refused] == [reason]
    assert "a.jsonl line 2" in refused[0].reason
    assert len(refused[0].excerpt) <= 200
    assert figures.refused_by_reason == {reason: 1}


def test_every_row_has_every_key_and_the_source_s_own_values(tmp_path):
    line = {"question": "Why?", "answer": "Because.", "license": "MIT", "topic": "mail"}
    path = written(tmp_path / "a.jsonl", json.dumps(line))
    (row,), _, figures = read("jsonl", path, license="from column", url="https://example.org")
    assert row == {
        "row_id": row["row_id"],
        "source": "test",
        "kind": "file",
        "domain": "mail",
        "license": "MIT",
        "url": "https://example.org",
        "instruction": "Why?",
        "input": "",
        "output": "Because.",
    }
    assert figures.columns["instruction"] == "question"
    assert sorted(figures.columns_guessed) == ["domain", "instruction", "output"]


def test_line_separators_inside_strings_end_no_line(tmp_path):
    text = "one\u2028two\u0085three\x0cfour"
    line = json.dumps({"instruction": text, "output": text}, ensure_ascii=False)
    (row,), refused, _ = read("jsonl", written(tmp_path / "a.jsonl", f"{line}\r\n"))
    assert row["output"] == text
    assert refused == []


def test_a_limit_reads_only_the_first_rows(tmp_path):
    path = written(tmp_path / "a.jsonl", f"{GOOD}\n" * 10)
    rows, _, figures = read("jsonl", path, limit=3)
    assert len(rows) == figures.rows_read == 3
    assert len({row["row_id"] for row in rows}) == 3


def test_a_folder_is_all_its_files(tmp_path):
    for name in ("b.jsonl", "a.jsonl", "notes.txt"):
        written(tmp_path / name, GOOD.replace("Why", name))
    rows, _, figures = read("jsonl", tmp_path)
    assert [row["instruction"] for row in rows] == ["a.jsonl?", "b.jsonl?"]
    assert len(figures.files) == 2


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("", r"a\.jsonl .* is empty"),
        ("\n \n", "only blank lines"),
        ("question,answer\nWhy?,Because.\n", "no line with a JSON object"),
        ("not json\n" * 5000, "no line with a JSON object"),
        (b"PK\x03\x04 and so on", "ZIP or Excel"),
        (b"\x1f\x8b\x08", "gzip file; unpack it"),
        (b"{\x00\x01\x02\x00\x00}" * 50, "binary data"),
        ('{"a": "b"}\n', r"no column that looks like the question \(there are: a\)"),
        ('{"question": "b"}\n', "no column that looks like the answer"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused_by_name(tmp_path, content, says):
    path = written(tmp_path / "a.jsonl", content)
    with pytest.raises(BadInput, match=says):
        read("jsonl", path)


def test_a_named_column_that_is_not_there_is_refused(tmp_path):
    path = written(tmp_path / "a.jsonl", GOOD)
    with pytest.raises(BadInput, match="no column 'anser' for the output"):
        read("jsonl", path, columns={"output": "anser"})


def test_an_empty_column_is_there_and_a_licence_column_must_be(tmp_path):
    path = written(tmp_path / "a.jsonl", GOOD.replace("}", ', "queue": null}'))
    (row,), _, _ = read("jsonl", path, domain_column="queue", domain="rest")
    assert row["domain"] == "rest"
    with pytest.raises(BadInput, match="takes its licences from a column, but has none"):
        read("jsonl", path, license="from column")


def test_columns_may_be_nested_or_several(tmp_path):
    line = {"q": {"title": "Disk full", "body": "df says 100 %."}, "a": ["Clean up."]}
    columns = {"instruction": ["q.title", "q.body"], "output": "a"}
    (row,), _, _ = read("jsonl", written(tmp_path / "a.jsonl", json.dumps(line)), columns=columns)
    assert row["instruction"] == "Disk full\n\ndf says 100 %."
    assert row["output"] == "Clean up."


def test_a_title_and_its_body_are_taken_apart(tmp_path):
    line = {"instruction": "Why is it slow?\nIt has 2 GB.\n\nAnd a fan.", "output": "Memory."}
    path = written(tmp_path / "a.jsonl", json.dumps(line))
    (row,), _, _ = read("jsonl", path, first_line_is_instruction=True)
    assert (row["instruction"], row["input"]) == ("Why is it slow?", "It has 2 GB.\n\nAnd a fan.")
