"""The suites of question/answer tables pass good ones and stop doctored ones."""

import json

import pandas as pd
import pytest
from audit_data import kept_rows, row

from tasks.expectations import suite_file, validate
from tasks.finetune.rows import COLUMNS, ROW_SCHEMA, write_rows
from tasks.finetune.split_checks import split_table
from tasks.finetune.splits import DEFAULT_SHARES
from tasks.finetune.writing import write_splits

PARAMETERS = {"min_rows": 60, "min_words": 20, "max_words": 500}


def raw() -> pd.DataFrame:
    rows = [value for _, value in kept_rows()]
    return pd.DataFrame(rows)[list(COLUMNS)]


def curated() -> pd.DataFrame:
    table = raw()[["row_id", "source", "domain", "license", "instruction", "input"]]
    words = [len(value["output"].split()) for _, value in kept_rows()]
    return table.assign(output_words=words, pii_findings=0, ends_legally=True, question_form=True)


def distinct_rows() -> list[tuple[str, dict[str, str]]]:
    """Rows of which no two share 13 words."""
    return [
        (split, value | {"output": " ".join(f"{value['row_id']}w{n}" for n in range(30))})
        for split, value in kept_rows()
    ]


@pytest.fixture
def splits(tmp_path) -> pd.DataFrame:
    write_splits(tmp_path, distinct_rows())
    return split_table(tmp_path, {}, DEFAULT_SHARES)


def failures(suite: str, table: pd.DataFrame) -> dict[str, str]:
    findings = validate(table, suite_file(suite), ["row_id", "split"], PARAMETERS)
    return {found.expectation: found.severity for found in findings if not found.passed}


def test_good_tables_pass(splits):
    assert failures("qa_raw", raw()) == {}
    assert failures("qa_curated", curated()) == {}
    assert failures("qa_splits", splits) == {}


def test_a_file_of_rows_is_the_raw_table(tmp_path):
    with write_rows(tmp_path / "rows.parquet") as write:
        write([value for _, value in kept_rows()])
    assert failures("qa_raw", pd.read_parquet(tmp_path / "rows.parquet")) == {}


def test_the_raw_suite_knows_the_columns_of_a_row():
    suite = json.loads(suite_file("qa_raw").read_text(encoding="utf-8"))
    assert suite["expectations"][0]["kwargs"]["column_set"] == ROW_SCHEMA.names


@pytest.mark.parametrize(
    ("suite", "column", "value", "expected"),
    [
        ("qa_raw", "instruction", None, "Every row has an instruction field"),
        ("qa_raw", "row_id", "faq:xyz", "Every id is its source, a colon and 16 hex digits"),
        ("qa_raw", "row_id", "manual:0000000000000001", "No id is given twice"),
        ("qa_raw", "kind", "guess", "Every kind is one of the five"),
        ("qa_curated", "output_words", 19, "Every output has as many words as allowed"),
        ("qa_curated", "output_words", 501, "Every output has as many words as allowed"),
        ("qa_curated", "pii_findings", 1, "No row holds personal data or a secret"),
        ("qa_curated", "ends_legally", False, "No output is cut off"),
        ("qa_curated", "question_form", False, "Every instruction is a question or a request"),
        ("qa_curated", "instruction", "?!", "Every instruction has words"),
        (
            "qa_curated",
            "instruction",
            "How do I repair number 1?",
            "No instruction is asked twice about the same input",
        ),
    ],
)
def test_a_doctored_value_ends_the_run(suite, column, value, expected):
    table = raw() if suite == "qa_raw" else curated()
    table[column] = table[column].astype(object)
    table.loc[0, column] = value
    table[column] = table[column].infer_objects()
    assert failures(suite, table).get(expected) == "critical"


@pytest.mark.parametrize("licence", ["", "unknown", "Unknown", "n/a"])
def test_a_licence_that_is_not_known_is_a_warning(licence):
    table = curated()
    table.loc[5, "license"] = licence
    assert failures("qa_curated", table) == {"The licence of every row is known": "warning"}


def test_bounds_themselves_are_allowed_and_the_same_question_about_another_input():
    table = curated()
    table.loc[[0, 1], "output_words"] = [20, 500]
    table.loc[2, ["instruction", "input"]] = [table.loc[3, "instruction"], "another log"]
    assert failures("qa_curated", table) == {}


def test_too_few_rows_end_the_run():
    expected = "There are at least as many rows as were asked for"
    assert failures("qa_raw", raw().head(59))[expected] == "critical"
    assert failures("qa_curated", curated().head(59))[expected] == "critical"


def test_a_missing_column_ends_the_run(splits):
    assert "critical" in failures("qa_raw", raw().drop(columns="url")).values()
    assert "critical" in failures("qa_curated", curated().drop(columns="pii_findings")).values()
    assert "critical" in failures("qa_splits", splits.drop(columns="contaminated")).values()


def test_contaminated_and_shared_rows_and_clusters_are_counted_from_the_files(tmp_path):
    rows = distinct_rows()
    train = next(value for split, value in rows if split == "train")
    copy = row("faq", 999, 30, output=train["output"])
    write_splits(tmp_path, [*rows, ("val", copy), ("test", train)])
    clusters = {rows[0][1]["row_id"]: "c", rows[1][1]["row_id"]: "c"}
    assert {rows[0][0], rows[1][0]} == {"test", "train"}
    table = split_table(tmp_path, clusters, DEFAULT_SHARES).set_index("split")
    assert table["contaminated"].to_dict() == {"train": 0, "val": 1, "test": 1}
    assert table["shared_rows"].to_dict() == {"train": 1, "val": 0, "test": 1}
    assert table.loc["train", "shared_clusters"] >= 1
    found = failures("qa_splits", table.reset_index())
    assert found == {
        "No row of val or test is in train as well, in 13 words or nearly whole": "critical",
        "No row is in two splits": "critical",
        "No cluster of related rows is in two splits": "critical",
    }


def test_an_empty_split_ends_the_run_and_a_share_far_off_is_a_warning(tmp_path):
    rows = [("train" if split == "val" else split, value) for split, value in distinct_rows()]
    write_splits(tmp_path, rows)
    table = split_table(tmp_path, {}, (0.2, 0.7, 0.1))
    assert failures("qa_splits", table) == {
        "Every split has a row": "critical",
        "Every share is near the one asked for (2 points from 1000 rows on)": "warning",
    }
