"""The data card says what the run's figures say, and outside text in it is inert."""

import copy
import hashlib

import pytest
from audit_data import HOSTILE, kept_rows, write_run
from markdown_it import MarkdownIt

from tasks.finetune.audit.figures import measure
from tasks.finetune.data_card import limits, write_data_card
from tasks.finetune.writing import write_splits

SOURCES = [
    {
        "name": "manual",
        "kind": "manual",
        "description": "Written by hand.",
        "license": "CC0-1.0",
        "review": "Read twice by the author.",
        "limit": None,
    },
    {
        "name": "faq",
        "kind": "synthetic",
        "description": HOSTILE,
        "license": "from column",
        "url": "http://example.org/<b>",
        "prompt": f"Write a question.\n# And {HOSTILE}\n> an answer.",
    },
    {"name": "web", "kind": "jsonl", "license": None},
    {"name": "never-read", "kind": "hub"},
]
CONTAMINATION = {"train_rows": 4, "held_out_rows": 2, "worst": []}


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("card")
    files = write_run(folder)
    figures = measure(**files._asdict(), find_pii=lambda text: [], language_of=lambda text: "en")
    splits = write_splits(files.splits, kept_rows())
    write_data_card(
        folder / "DATA_CARD.md",
        title="support questions",
        task="Answer questions of IT support.",
        figures=figures.figures,
        contamination=CONTAMINATION,
        sources=SOURCES,
        splits=splits,
        seed=42,
        shares=(0.8, 0.1, 0.1),
        command="python flows/finetune.py --until validate",
    )
    return figures.figures, files, (folder / "DATA_CARD.md").read_text()


@pytest.fixture(scope="module")
def html(run):
    return MarkdownIt("commonmark").enable("table").render(run[2])


def test_the_sections_are_there(html):
    for title in (
        "Task and use",
        "Sources",
        "Statistics of the splits",
        "How it was made",
        "Known biases and limits",
        "Personal and sensitive data",
        "Versions",
    ):
        assert f"<h2>{title}</h2>" in html


def test_numbers_are_those_of_the_run(html):
    for row in (
        "<td>manual</td>\n<td>manual</td>\n<td>CC0-1.0</td>",
        "<td>output too short</td>",
        '<td style="text-align:right">13.8 %</td>',
    ):
        assert row in html
    assert "70 rows: 56 to train, 7 to choose by, 7 to test" in html
    assert "near-duplicates, are blocked: 4." in html
    assert "python flows/finetune.py --until validate" in html


def test_versions_are_the_hashes_of_the_files(run, html):
    for split in ("train", "val", "test"):
        content = (run[1].splits / f"{split}.jsonl").read_bytes()
        assert hashlib.sha256(content).hexdigest() in html


def test_prompt_and_review_are_quoted_and_inert(html):
    assert "<script" not in html
    assert "<a href" not in html
    assert "Read twice by the author." in html
    quote = html[html.index("<blockquote>") : html.index("</blockquote>")]
    assert "Write a question." in quote
    assert "# And &lt;script&gt;" in quote
    assert "&gt; an answer." in quote
    assert html.count("<h1>") == 1


def test_limits_follow_from_the_figures(run):
    found = " ".join(limits(run[0], SOURCES))
    assert "71.4 % of the rows are synthetic" in found
    assert "The test split has 7 rows" in found
    assert "by up to 37 points" in found
    assert "71.4 % of the rows are under licences that ask for the same licence" in found
    assert "100.0 % of the rows are in one language (en)" in found
    assert "32.9 % of the rows are of the domain linux" in found


def test_limits_that_do_not_hold_are_not_named(run):
    figures = copy.deepcopy(run[0])
    figures["licenses"] = [{"name": "CC0-1.0", "kept": 70}]
    figures["domains"] = [{"name": str(number), "kept": 10} for number in range(7)]
    found = " ".join(limits(figures, SOURCES[:1]))
    for words in ("synthetic", "same licence", "domain", "tokens"):
        assert words not in found
    figures["rows"]["kept"] = 0
    assert limits(figures, SOURCES) == ["No row was kept."]
