"""The files of an evaluation: the table, every example, and the page, in which text is text."""

import json

import pandas as pd
import pytest
from evaluation_answers import made_rows, write_answers
from html_page import Page
from markdown_it import MarkdownIt

from tasks.finetune.evaluation.answered import read_answered
from tasks.finetune.evaluation.evaluate import FILES, evaluate
from tasks.finetune.evaluation.report import chosen_examples

HOSTILE = "<script>alert('x')</script><img src=http://example.org/x.png>"
ROWS = made_rows(40)
ROWS[0]["instruction"] = HOSTILE
ROWS[0]["input"] = f"=HYPERLINK({HOSTILE})"
ROWS[1]["output"] += f"\n\n{HOSTILE}"


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("evaluation")
    write_answers(folder / "answers.parquet", ROWS, {"base": 0.5, "tuned": 0.3})
    facts = evaluate(
        folder / "answers.parquet", ROWS, {}, folder, title=HOSTILE, max_new_tokens=200, seed=3
    )
    return folder, facts


def test_every_file_is_written_and_the_facts_are_json(run):
    folder, facts = run
    assert all((folder / name).stat().st_size > 500 for name in FILES.values())
    assert facts["n"] == 40
    assert facts["seed"] == 3
    json.dumps(facts, allow_nan=False)


def test_the_table_has_the_columns_asked_for_and_one_row_a_metric(run):
    folder, facts = run
    text = (folder / "results.md").read_text()
    head = "| Metric | Base | Fine-tuned | Improvement (%) | 95 % CI of the difference |"
    assert head in text.splitlines()
    page = Page(MarkdownIt("commonmark").enable("table").render(text))
    assert page.tags.count("tr") == 1 + len(facts["rows"])
    rouge = next(row for row in facts["rows"] if row["key"] == "rougeL")
    line = next(line for line in text.splitlines() if line.startswith("| ROUGE-L"))
    for figure in (rouge["base"], rouge["tuned"]):
        assert f"{figure:.4g}" in line
    assert f"{rouge['improvement_percent']:+.1f}" in line
    assert line.endswith("(improved) |")
    assert facts["signature"] in text


def test_the_csv_has_every_example_and_no_formula(run):
    folder, _ = run
    table = pd.read_csv(folder / "evaluation_results.csv", keep_default_na=False)
    answered = read_answered(folder / "answers.parquet", ROWS)
    assert table["row_id"].tolist() == [row["row_id"] for row in ROWS]
    assert table["instruction"].tolist() == [row["instruction"] for row in ROWS]
    assert table["reference"].tolist() == [row["output"] for row in ROWS]
    answers = answered["answer"].tolist()[40:]
    assert any(answer.startswith("-") for answer in answers)
    marked = [f"'{answer}" if answer.startswith("-") else answer for answer in answers]
    assert table["tuned_answer"].tolist() == marked
    assert table["input"][0] == f"'{ROWS[0]['input']}"
    for name in ("rouge1", "rouge2", "rougeL", "key_facts", "key_facts_missing", "ended", "words"):
        assert {f"base_{name}", f"tuned_{name}"} <= set(table.columns)


def test_the_page_shows_text_as_text_and_needs_no_other_file(run):
    folder, facts = run
    page = Page((folder / "evaluation.html").read_text())
    assert page.text.count(HOSTILE) >= 2  # the title twice
    assert not {"script", "img"} & set(page.tags)
    assert page.links == []
    for sentence in facts["summary"]:
        assert sentence in page.text
    assert page.tags.count("svg") == len(facts["rows"])


def test_the_page_has_at_least_twenty_examples_side_by_side(run):
    folder, _ = run
    page = Page((folder / "evaluation.html").read_text())
    assert page.tags.count("details") == 30
    assert page.tags.count("pre") == 90


def examples_of(changes):
    return pd.DataFrame(
        {
            "row_id": [f"r{i:03d}" for i in range(len(changes))],
            "base_rougeL": 0.5,
            "tuned_rougeL": [0.5 + change for change in changes],
        }
    )


@pytest.mark.parametrize(
    "changes", [[0.0] * 50, [0.1] * 50, [-0.1] * 50, [i / 100 - 0.2 for i in range(50)]]
)
def test_thirty_different_examples_are_chosen_of_any_changes(changes):
    groups = chosen_examples(examples_of(changes))
    names = [example["row_id"] for group in groups.values() for example in group]
    assert len(names) == len(set(names)) == 30


def test_the_largest_gains_and_losses_are_chosen_and_few_examples_are_all_shown():
    groups = chosen_examples(examples_of([i / 100 for i in range(-20, 21)]))
    gained = [round(example["change"], 2) for example in groups["Where ROUGE-L gained most"]]
    lost = [round(example["change"], 2) for example in groups["Where ROUGE-L lost most"]]
    assert gained == [i / 100 for i in range(20, 10, -1)]
    assert lost == [-i / 100 for i in range(20, 10, -1)]
    few = chosen_examples(examples_of([0.1, 0.0, -0.1]))
    assert [len(group) for group in few.values()] == [1, 1, 1]
