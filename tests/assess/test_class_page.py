"""The class page, its Markdown and its lines say the same, and outside text is inert in them."""

import pytest
from class_data import HOSTILE, MILESTONES, some_class
from html_page import Page
from markdown_it import MarkdownIt

from tasks.assess.analytics import wording
from tasks.assess.analytics.analysis import analyse
from tasks.assess.analytics.class_results import ClassResults
from tasks.assess.analytics.forecast import forecast
from tasks.assess.analytics.page import draw, markdown, write_html

NAME = HOSTILE.replace("\x1b", "�")


@pytest.fixture(scope="module")
def analysis():
    batch = forecast(30, 2, [], 40)
    return analyse(some_class(), threshold=70, consenting={"s00"}, forecast=batch)


@pytest.fixture(scope="module")
def pages(analysis, tmp_path_factory):
    folder = tmp_path_factory.mktemp("class")
    write_html(folder / "class.html", analysis, draw(folder, analysis), "ML systems")
    rendered = MarkdownIt("commonmark").enable("table").render(markdown(analysis))
    return {"html": Page((folder / "class.html").read_text()), "markdown": Page(rendered)}


@pytest.mark.parametrize("kind", ["html", "markdown"])
def test_a_page_says_how_the_class_is_doing(pages, kind):
    text = " ".join(pages[kind].text.split())
    for words in (
        "19 submissions of 10 students graded",
        "30 students x 40 s on 2 cores = 10 minutes",
        "60.0 (31.3 to 83.2)",
        "2 of 10 students have completed it",
        "offer a review of fundamentals" if kind == "markdown" else "a review of fundamentals",
        "not gradable",
        "Basic Inference: nothing handed in.",
        "convolution hidden (7)",
        "5 more are as good",
    ):
        assert words in text


@pytest.mark.parametrize("kind", ["html", "markdown"])
def test_a_name_is_shown_and_is_no_markup(pages, kind):
    page = pages[kind]
    assert page.text.count(NAME) >= 3  # warnings, struggling, every student
    assert not {"script", "a"} & set(page.tags)
    assert not any("example.org" in link for link in page.links)


def test_the_page_needs_no_other_file(pages):
    links = pages["html"].links
    assert len(links) == 4
    assert all(link.startswith("data:image/png;base64,") for link in links)


def test_the_run_page_can_hold_the_markdown(analysis):
    assert len(markdown(analysis).encode()) < 300_000


def test_lines_for_the_terminal_stay_lines(analysis):
    lines = [
        *wording.analysis_lines(analysis),
        *wording.progress_lines(analysis),
        *wording.struggling_lines(analysis),
    ]
    assert "  Basic Inference: 6 of 10 completed it, average 78.1 (60.0 to 96.2) (n = 9)" in lines
    assert "8 students of 10 below 70 or with work missing" in lines
    assert not any("\x1b" in line or "\n" in line for line in lines)
    assert sum(NAME in line for line in lines) == 2


def test_a_class_before_its_first_submission_has_its_page(tmp_path):
    empty = analyse(ClassResults.gather("new", ["a"], MILESTONES[2:], []), threshold=70)
    write_html(tmp_path / "class.html", empty, draw(tmp_path, empty))
    text = Page((tmp_path / "class.html").read_text()).text
    assert "0 submissions of 1 student graded" in " ".join(text.split())
    assert "not due yet" in text
    assert "0 of 0 completed it, average -" in "\n".join(wording.analysis_lines(empty))
    nobody = analyse(ClassResults.gather("none", [], [], []), threshold=70)
    write_html(tmp_path / "nobody.html", nobody, draw(tmp_path, nobody))
    assert markdown(nobody).startswith("# Class: none")
