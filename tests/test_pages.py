"""Text from outside is inert in pages, and left readable where it is harmless."""

import pytest
from html_page import Page
from markdown_it import MarkdownIt

from tasks.pages import html_environment, inert, markdown_environment

HOSTILE = '<script>alert("x")</script> | **bold** [link](http://example.org)'


@pytest.mark.parametrize("environment", [html_environment, markdown_environment])
def test_a_value_is_shown_and_is_no_markup(environment, tmp_path):
    (tmp_path / "page.j2").write_text("{{ value }} {{ share | percent }} {{ none | percent }}")
    text = environment(tmp_path).get_template("page.j2").render(value=HOSTILE, share=0.125)
    page = Page(
        MarkdownIt("commonmark").render(text) if environment is markdown_environment else text
    )
    assert page.text.strip() == f"{HOSTILE} 12.5 % -"
    assert set(page.tags) <= {"p"}


def test_pages_of_every_domain_share_one_look():
    assert "<style>" in html_environment().get_template("_style.html.j2").render()


@pytest.mark.parametrize(
    "text",
    [
        "GPL-2.0-only",
        "faq:00000000000003f9",
        "100.0 % of the rows are synthetic: plausible in form (3 of them), and so on.",
        "Vim (package-wide licence; its FAQ states none)",
    ],
)
def test_harmless_text_is_left_readable(text):
    assert inert(text) == text


@pytest.mark.parametrize(
    "text",
    [
        HOSTILE,
        "1. item",
        "12) item",
        "3.",
        "- item",
        "+ item",
        "# heading",
        "snake_case_name and _soft_",
        "*soft*",
        "a | b",
        "`code`",
        "~~gone~~",
        "see http://example.org",
        "http://example.org",
        "www.example.org",
        "a WWW.example.org",
        "mail me@example.org",
        "a &amp; b",
        "a\nb",
        "a\n- b",
        "a\n===",
        "a  \nb",
        ":smile: and a :+1:",
        "[x]: y",
        "    code",
        "a (b)[c]",
        "",
    ],
)
@pytest.mark.parametrize("lead", ["", "- ", "> ", "# ", "| "])
def test_text_with_signs_renders_as_itself(text, lead):
    renderer = MarkdownIt("commonmark").enable(["table", "strikethrough"])
    page = Page(renderer.render(f"{lead}{inert(text)}\n"))
    assert set(page.tags) <= {"p", "ul", "li", "blockquote", "h1"}
    assert page.text.lstrip("| ").split() == text.lstrip("| ").split()
    assert ":smile:" not in inert(text)
