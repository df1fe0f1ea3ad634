"""The audit's pages hold its figures, and outside text is inert in both."""

import cv2
import numpy as np
import pytest
from audit_data import HOSTILE, write_run
from html_page import Page
from markdown_it import MarkdownIt

from tasks.finetune.audit import plots
from tasks.finetune.audit.figures import measure
from tasks.finetune.audit.page import draw, write_html, write_markdown

CONTAMINATION = {
    "train_rows": 2,
    "held_out_rows": 1,
    "worst": [
        {
            "row_id": "faq:1",
            "train_row_id": "faq:2",
            "kind": "13-gram",
            "score": 0.125,
            "evidence": HOSTILE,
        }
    ],
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("audit")
    measured = measure(**write_run(folder)._asdict(), clusters={})
    facts = {
        "title": HOSTILE,
        "figures": measured.figures,
        "contamination": CONTAMINATION,
        "moved": {"train to test": 3},
        "warnings": [f"drift of {HOSTILE}"],
        "pictures": draw(folder / "pictures", measured),
    }
    write_html(folder / "audit.html", **facts)
    write_markdown(folder / "audit.md", **facts)
    return folder


@pytest.fixture(scope="module")
def pages(folder):
    markdown = MarkdownIt("commonmark").enable("table").render((folder / "audit.md").read_text())
    return {"html": Page((folder / "audit.html").read_text()), "markdown": Page(markdown)}


@pytest.mark.parametrize("kind", ["html", "markdown"])
def test_outside_text_is_shown_and_is_no_markup(pages, kind):
    page = pages[kind]
    assert page.text.count(HOSTILE) >= 5  # title, warning, domain, example, evidence
    assert not {"script", "a"} & set(page.tags)
    assert page.tags.count("strong") == (kind == "markdown")  # "Warning:"
    assert not any("example.org" in link for link in page.links)


@pytest.mark.parametrize("kind", ["html", "markdown"])
def test_a_page_says_what_was_blocked_and_what_leaked(pages, kind):
    text = " ".join(pages[kind].text.split())
    for words in (
        "output too short",
        "13.8 %",
        "licence not allowed",
        "CC-BY-NC-4.0",
        "faq:1",
        "0.12",
        "GPL-2.0-only",
        "2 rows of training share",
        "From train to test since the run before: 3 rows.",
        "no tokenizer was at hand",
    ):
        assert words in text


def test_the_html_page_needs_no_other_file(pages):
    links = pages["html"].links
    assert len(links) == 3
    assert all(link.startswith("data:image/png;base64,") for link in links)


def test_the_markdown_page_links_pictures_that_lie_beside_it(pages, folder):
    assert len(pages["markdown"].links) == 3
    for link in pages["markdown"].links:
        assert cv2.imread(str(folder / link)) is not None


def test_markdown_has_a_table_for_each_part(pages):
    assert pages["markdown"].tags.count("table") == 7


@pytest.mark.slow
def test_pictures_of_rows_differ_from_pictures_of_none(tmp_path, folder):
    measured = measure(
        taken=folder / "taken.parquet",
        quarantine=folder / "quarantine.jsonl",
        splits=folder / "splits",
    )
    nothing = measured.rows.iloc[:0]
    plots.output_lengths(tmp_path / "none.png", np.array([], int), nothing)
    plots.rows_by_source(tmp_path / "no_sources.png", nothing)
    plots.blocked_rows(tmp_path / "no_reasons.png", [])
    plots.token_lengths(tmp_path / "no_tokens.png", nothing, 512)
    plots.token_lengths(tmp_path / "tokens.png", measured.rows.assign(tokens=400.0), 512)
    ink = {
        path.stem: float((cv2.imread(str(path)) < 250).mean())
        for path in [*tmp_path.iterdir(), *(folder / "pictures").iterdir()]
    }
    assert ink["lengths"] > ink["none"]
    assert ink["sources"] > ink["no_sources"]
    assert ink["reasons"] > ink["no_reasons"]
    assert ink["tokens"] > ink["no_tokens"]


def test_a_run_that_kept_nothing_has_its_pages(tmp_path):
    files = write_run(tmp_path)
    for path in files.splits.iterdir():
        path.write_text("")
    measured = measure(**files._asdict(), clusters={}, find_pii=lambda text: [])
    facts = {
        "title": "nothing",
        "figures": measured.figures,
        "contamination": {"train_rows": 0, "held_out_rows": 0, "worst": []},
        "moved": {},
        "warnings": [],
        "pictures": draw(tmp_path / "pictures", measured),
    }
    write_html(tmp_path / "audit.html", **facts)
    write_markdown(tmp_path / "audit.md", **facts)
    assert "87 were taken" in Page((tmp_path / "audit.html").read_text()).text
    assert "87 were taken" in (tmp_path / "audit.md").read_text()


def test_a_name_with_dollar_signs_is_no_formula(tmp_path):
    reasons = [{"reason": r"broken $\frac{$ text", "rows": 3}]
    plots.blocked_rows(tmp_path / "reasons.png", reasons)
    assert (tmp_path / "reasons.png").stat().st_size > 1000
