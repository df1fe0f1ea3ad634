"""Repairs: what is put right, and what is nobody's to touch."""

import pytest
from curation_rows import ANSWER, QUESTION, row

from tasks.finetune.curation.cleaning import clean

REPAIRED = [
    ("donâ€™t restart itâ€”wait", "don\u2019t restart it\u2014wait", "encoding"),
    ("Das GerÃ¤t fÃ¼r die GrÃ¶ÃŸe", "Das Ger\u00e4t f\u00fcr die Gr\u00f6\u00dfe", "encoding"),
    ("\ufeffStart\u200b the\u00ad PC", "Start the PC", "invisible characters"),
    ("Stop \u202ethe\u202c PC", "Stop the PC", "invisible characters"),
    ("one\r\ntwo\rthree", "one\ntwo\nthree", "white space"),
    ("one  \n\n\n\n  two", "one\n\n  two", "white space"),
    ("too   many\tblanks\u00a0here", "too many blanks here", "white space"),
    ("Tom &amp; Jerry &#39;95 &lt;ok&gt;", "Tom & Jerry '95 <ok>", "entities"),
    ("Stop it.<br>Start it.<br/>Wait.", "Stop it.\nStart it.\nWait.", "markup"),
    ("<p>Stop it.</p><p>Start it.</p>", "Stop it.\n\nStart it.", "markup"),
    ("<ul><li>one</li><li>two</li></ul>", "- one\n- two", "markup"),
    ("Click <b>Start</b> <span class='x'>now</span>.", "Click Start now.", "markup"),
    (
        'See <a href="https://example.com/x">the manual</a>.',
        "See the manual (https://example.com/x).",
        "markup",
    ),
    ("Run <code>a &lt; b</code> now.", "Run `a < b` now.", "markup"),
    (
        "So:<pre>  a\n    b &amp;&amp; c</pre>Done.",
        "So:\n\n```\n  a\n    b && c\n```\n\nDone.",
        "markup",
    ),
]
UNTOUCHED = [
    ANSWER,
    "```python\nif x:\n    y  =  1   \n\n\n\n    z = '&amp;'\n```",
    "Do this:\n\n    a  =  1\n\tb   = 2\n\nthen that.",
    "```\n<br> &nbsp; <b>x</b>\n```",
    "Inline `a   &amp;   <b>` stays.",
    "Press <Esc>, then type <file> and <name>.",
    "if a < b and c > d",
    "In HTML write &lt;b&gt; or <br> to break a line.",
    "The XML entity &amp; stands for it.",
    "It says donâ€™t: the encoding is wrong.",
    "&foo; and &0xEF; and R&D; and AT&T",
    "- one\n  - two\n      - three",
    "1. one\n\n   still one\n2. two",
    "A family \U0001f468\u200d\U0001f469\u200d\U0001f467 and caf\u00e9 \u201cquotes\u201d",
]


@pytest.mark.parametrize(("before", "after", "repair"), REPAIRED)
def test_repaired(before, after, repair):
    cleaned, repairs = clean(row(output=before))
    assert cleaned["output"] == after
    assert repair in repairs


@pytest.mark.parametrize("text", UNTOUCHED)
def test_untouched(text):
    cleaned, repairs = clean(row(output=text))
    assert cleaned["output"] == text
    assert repairs == []


@pytest.mark.parametrize(
    "text", [before for before, _, _ in REPAIRED] + UNTOUCHED + ["a &amp;amp; b <b><i>c</i></b>"]
)
def test_a_second_cleaning_changes_nothing(text):
    once, _ = clean(row(output=text))
    assert clean(once)[0] == once or "&amp;amp;" in text


@pytest.mark.parametrize(
    ("instruction", "after"),
    [
        ("How do I reset it", "How do I reset it?"),
        ("what is dns", "what is dns?"),
        ("Is there a limit", "Is there a limit?"),
        ("How do I reset it?", "How do I reset it?"),
        ("Explain DNS", "Explain DNS"),
        ("When I start it, it fails", "When I start it, it fails"),
        ("What I tried", "What I tried"),
        ("How do I reset it.", "How do I reset it."),
        ("How do I reset it: the router", "How do I reset it: the router"),
        ("It fails. How do I mend it", "It fails. How do I mend it"),
        ("Do not restart it", "Do not restart it"),
        ("  How   do I\nreset it ", "How do I reset it?"),
    ],
)
def test_a_question_mark_is_set_only_where_it_surely_lacks(instruction, after):
    assert clean(row(instruction=instruction))[0]["instruction"] == after


def test_a_request_on_an_input_is_no_question():
    cleaned, _ = clean(row(instruction="What is said here", input="The disk is full."))
    assert cleaned["instruction"] == "What is said here"


def test_the_row_given_and_its_other_keys_stay():
    given = row(output="a  b", license="MIT", url="https://example.com/a  b")
    before = dict(given)
    cleaned, repairs = clean(given)
    assert given == before
    assert repairs == ["white space"]
    assert {**cleaned, "output": ""} == {**before, "output": ""}
    assert cleaned["instruction"] == QUESTION
