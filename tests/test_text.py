"""Text from outside becomes neither Markdown markup nor HTML."""

from html.parser import HTMLParser

import mistune
import pytest
from markdown_it import MarkdownIt

from tasks.text import plain, printable

RENDERERS = {
    "markdown-it": MarkdownIt("commonmark").enable(["table", "strikethrough"]).render,
    "mistune": mistune.create_markdown(
        escape=False, plugins=["table", "strikethrough", "url", "task_lists", "footnotes"]
    ),
}

HOSTILE = [
    "plain words",
    "crossing_north_2.mp4",
    "a & b &lt; c",
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<!-- gone -->",
    "**bold** *soft* __bold__ _soft_",
    "`code` ``more``",
    "~~gone~~",
    "# heading",
    "[link](http://example.org)",
    "![picture](http://example.org/x.png)",
    "[link]: http://example.org",
    "<http://example.org>",
    "a | b | c",
    "back\\slash \\*",
    "> quote",
    "* item",
    "+ item",
    "{.class #id}",
    "footnote[^1]",
]
AT_THE_START_OF_A_LINE = ["- item", "- [ ] task", "1. item", "2) item", "---", "===", "~~~", "=|="]
LINE_BREAKS = ["a\nb", "a\n\nb", "a\n# b", "a\r# b", "a\r\r- b", "a\n---", "a\n===", "a  \nb"]
INDENTED = ["    code", "\tcode"]
BARE_ADDRESSES = ["https://example.org/x", "see http://example.org"]


class Content(HTMLParser):
    """The tags and the text of HTML."""

    def __init__(self, html: str):
        super().__init__()
        self.tags: set[str] = set()
        self.text = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)

    def handle_comment(self, data):
        self.tags.add("comment")

    def handle_data(self, data):
        self.text += data


@pytest.mark.parametrize("renderer", RENDERERS)
@pytest.mark.parametrize(
    "text", [*HOSTILE, *AT_THE_START_OF_A_LINE, *LINE_BREAKS, *INDENTED, *BARE_ADDRESSES]
)
def test_text_alone_renders_as_one_paragraph_of_itself(text, renderer):
    content = Content(RENDERERS[renderer](plain(text)))
    assert content.tags == {"p"}
    assert content.text.split() == text.split()


@pytest.mark.parametrize("renderer", RENDERERS)
@pytest.mark.parametrize("text", [*HOSTILE, *AT_THE_START_OF_A_LINE, *LINE_BREAKS])
def test_text_inside_a_sentence_renders_as_itself(text, renderer):
    content = Content(RENDERERS[renderer](f"# The video {plain(text)} here"))
    assert content.tags == {"h1"}
    assert content.text.split() == ["The", "video", *text.split(), "here"]


@pytest.mark.parametrize("text", HOSTILE)
def test_text_as_a_pictures_caption_stays_inside_it(text):
    html = MarkdownIt("commonmark").render(f"![{plain(text)}](data:image/png;base64,AAAA)")
    content = Content(html)
    assert content.tags == {"p", "img"}
    assert html.count("<img") == 1
    assert 'src="data:image/png;base64,AAAA"' in html


@pytest.mark.parametrize(("value", "expected"), [(3, "3"), (None, "None"), ("", "")])
def test_other_values_become_text(value, expected):
    assert plain(value) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain\nlines", "plain\nlines"),
        ("a\tb", "a b"),
        ("\x1b[31mred\x1b[0m", "�[31mred�[0m"),
        ("\x1b]0;title\x07", "�]0;title�"),
        ("a\rb", "a\nb"),
        ("a\x08b\x9bc\x7f", "a�b�c�"),
        ("evil\u202etxt.exe", "evil�txt.exe"),
        ("half \ud800", "half �"),
        ("Zoë 学生 🙂", "Zoë 学生 🙂"),
        (None, "None"),
    ],
)
def test_text_steers_no_terminal(text, expected):
    assert printable(text) == expected
