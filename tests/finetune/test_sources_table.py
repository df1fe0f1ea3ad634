"""Tables: CSV with all that exports do to it, JSON arrays, Parquet."""

import csv
import json

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from source_data import read, written

from tasks.errors import BadInput

WHY = "\u0417\u0430\u0447\u0435\u043c"  # Cyrillic
CSV = "Subject,Body,Resolution\nDisk full,df says 100 %,Clean up\n"


def test_help_desk_columns_are_guessed_and_stated(tmp_path):
    (row,), _, figures = read("table", written(tmp_path / "a.csv", CSV))
    assert (row["instruction"], row["input"], row["output"]) == (
        "Disk full", "df says 100 %", "Clean up",
    )  # fmt: skip
    assert figures.columns == {"instruction": "Subject", "output": "Resolution", "input": "Body"}
    assert figures.columns_guessed == ["instruction", "output", "input"]


@pytest.mark.parametrize(
    ("encoding", "noted"),
    [
        ("utf-8", "utf-8"),
        ("utf-8-sig", "utf-8-sig"),
        ("cp1252", "cp1252"),
        ("utf-16", "utf-16"),
        ("utf-16-le", "utf-16-le"),
        ("utf-16-be", "utf-16-be"),
        ("utf-32", "utf-32"),
    ],
)
def test_the_encoding_is_found_and_stated(tmp_path, encoding, noted):
    text = "question,answer\nWhy “so” für €5?,Because it is naïve.\n"
    path = written(tmp_path / "a.csv", text, encoding)
    (row,), _, figures = read("table", path)
    assert row["instruction"] == "Why “so” für €5?"
    assert row["output"] == "Because it is naïve."
    assert figures.files[0]["encoding"] == noted


def test_bytes_that_cp1252_lacks_make_it_latin_1(tmp_path):
    path = written(tmp_path / "a.csv", b"question,answer\nf\xfcr\x81?,ja\n")
    (row,), _, figures = read("table", path)
    assert row["instruction"] == "f\xfcr\x81?"
    assert figures.files[0]["encoding"] == "latin-1"


def test_one_bad_byte_costs_one_row_of_a_utf_8_file(tmp_path):
    good = "für wen?,für alle\n".encode()
    path = written(tmp_path / "a.csv", b"question,answer\n" + good * 5 + b"bad \xff,x\n" + good)
    rows, refused, figures = read("table", path)
    assert len(rows) == 6
    assert rows[0]["instruction"] == "für wen?"
    assert [one.category for one in refused] == ["damaged text"]
    assert figures.files[0]["encoding"] == "utf-8"


def test_a_stated_encoding_is_used_and_one_that_does_not_fit_refused(tmp_path):
    path = written(tmp_path / "a.csv", f"question,answer\n{WHY},b\n", "cp1251")
    (row,), _, _ = read("table", path, encoding="cp1251")
    assert row["instruction"] == WHY
    with pytest.raises(BadInput, match="is not ascii"):
        read("table", path, encoding="ascii")
    with pytest.raises(BadInput, match="no encoding 'klingon'"):
        read("table", path, encoding="klingon")


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_delimiters_line_ends_and_quotes(tmp_path, delimiter, line_end):
    cells = [["question", "answer"], ['Why, "he" said;\r\n|second line\t?', "a,b"], [], ["x", "y"]]
    path = tmp_path / "a.csv"
    with open(path, "w", newline="") as file:
        csv.writer(file, delimiter=delimiter, lineterminator=line_end).writerows(cells)
    rows, refused, _ = read("table", path)
    assert refused == []
    assert [[row["instruction"], row["output"]] for row in rows] == [cells[1], cells[3]]


def test_rows_with_the_wrong_number_of_columns_are_refused(tmp_path):
    path = written(tmp_path / "a.csv", "question,answer\na,b\na,b,c\na\nc,d\n")
    rows, refused, _ = read("table", path)
    assert [row["instruction"] for row in rows] == ["a", "c"]
    assert refused[0].reason == ("wrong number of columns: 3 where the header has 2 (a.csv line 3)")
    assert refused[1].reason.startswith("wrong number of columns: 1")


def test_cells_of_a_hundred_kilobytes_are_rows(tmp_path):
    answer = "word " * 40_000
    (row,), _, _ = read("table", written(tmp_path / "a.csv", f'question,answer\nq,"{answer}"\n'))
    assert row["output"] == answer


def test_a_quote_that_is_never_closed_is_told_with_its_lines(tmp_path):
    text = 'question,answer\na,b\nc,"never closed\nd,e\nf,g\n'
    rows, refused, _ = read("table", written(tmp_path / "a.csv", text))
    assert [row["instruction"] for row in rows] == ["a"]
    assert refused[0].reason == (
        "quotes: a quote that is opened is never closed (a.csv lines 3 to 5)"
    )
    assert "never closed" in refused[0].excerpt


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("a.csv", "", "is empty"),
        ("a.csv", "\n\n", "only blank lines"),
        ("a.csv", "question,answer\n", "a header but no row"),
        ("a.csv", "question,question,answer\n1,2,3\n", "two columns named 'question'"),
        ("a.csv", "one,two\n1,2\n", r"there are: one, two"),
        ("a.csv", "question,answer\n1\n2\n", "none of its first 2 rows can be read"),
        ("a.csv", b"PAR1....", "it is a Parquet file"),
        ("a.csv", b"%PDF-1.7", "it is a PDF"),
        ("a.parquet", "question,answer\n", "no Parquet file"),
        ("a.json", "question,answer\n1,2\n", "no JSON array"),
        ("a.json", '{\n "rows": [\n {"question": "q"}]}', "one JSON object, not an array"),
        ("a.json", '[{"question": "q", "answer": "a"}, {"question": ', "broken JSON array"),
        ("a.json", '[{"question": "q", "answer": "a"}', "broken JSON array"),
        ("a.json", '[{"question": "q", "answer": "a"} {}]', "a comma .* is missing"),
        ("a.json", '[{"question": "q", "answer": "a"}] more', "goes on after the end"),
        ("a.json", "[]", "has no row"),
        ("a.json", '[{"question": "q"},]', "broken JSON array"),
        ("a.json", "[" * 200_000, "nested too deeply"),
        ("a.xyz", "question", "is no table"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused_by_name(tmp_path, name, content, says):
    path = written(tmp_path / name, content)
    with pytest.raises(BadInput, match=says) as caught:
        read("table", path)
    assert "\n" not in str(caught.value)


def test_json_arrays_larger_than_a_piece_come_whole_and_in_order(tmp_path):
    rows = [{"question": f"q{i} ünï ]}}", "answer": "a" * (i * 37 % 9000)} for i in range(300)]
    rows[7]["answer"] = "long " * 50_000
    for indent in (None, 2):
        path = written(tmp_path / "a.json", json.dumps([*rows, 5, "text"], indent=indent))
        found, refused, _ = read("table", path)
        assert [row["instruction"] for row in found] == [row["question"] for row in rows]
        assert [row["output"] for row in found] == [row["answer"] for row in rows]
        assert [one.category for one in refused] == ["not a JSON object"] * 2


def test_json_lines_under_the_name_of_json_are_read_and_told(tmp_path):
    line = '{"question": "q", "answer": "a"}\n'
    rows, _, figures = read("table", written(tmp_path / "a.json", line * 3))
    assert len(rows) == 3
    assert "JSON Lines" in figures.warnings[0]


def test_parquet_rows_with_missing_values_numbers_and_bad_text(tmp_path):
    frame = pd.DataFrame(
        {"prompt": ["q", None, "7"], "completion": ["a", "b", "c"], "n": [1, 2, 3]}
    )
    frame.to_parquet(tmp_path / "a.parquet")
    rows, _, figures = read("table", tmp_path / "a.parquet")
    assert [row["instruction"] for row in rows] == ["q", "", "7"]
    assert figures.columns_unused == ["n"]

    bad = pa.array([b"good", b"bad \xff"]).cast(pa.binary())
    strings = pa.StringArray.from_buffers(2, bad.buffers()[1], bad.buffers()[2])
    pq.write_table(pa.table({"question": strings, "answer": ["a", "b"]}), tmp_path / "b.parquet")
    rows, refused, _ = read("table", tmp_path / "b.parquet")
    assert [row["instruction"] for row in rows] == ["good"]
    assert [one.category for one in refused] == ["damaged text"]
