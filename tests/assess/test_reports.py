"""What a student is told, and what they must not see."""

import re

import pytest
from class_data import HOSTILE, UNTOLD, criterion, human, milestone, probe
from html_page import Page

from tasks.assess.pseudonyms import pseudonymous
from tasks.assess.reports.grade import Grade, Section
from tasks.assess.reports.page import write_report
from tasks.assess.reports.terminal import report_lines, self_check_lines
from tasks.assess.results import MilestoneResult, Outcome


@pytest.fixture
def report(tmp_path):
    def write(*sections: Section, student: str = "ada", **facts) -> Page:
        path = tmp_path / "report.html"
        write_report(path, student=student, course="ML systems", sections=sections, **facts)
        return Page(path.read_text())

    return write


def with_texts(text: str) -> MilestoneResult:
    """A result in which everything that a student may write says this."""
    shown = probe("convolution_forward", Outcome.FAILED, 0.5, evidence=text, example=text)
    one = criterion("Convolution", 50.0, 0.5).model_copy(
        update={"probes": [shown.model_copy(update={"next_step": text})], "evidence": [text + "!"]}
    )
    result = milestone("ada", "milestone2", 0.5, 1.0)
    return result.model_copy(update={"criteria": [one, *result.criteria[1:]]})


def squeezed(text: str) -> str:
    return " ".join(text.split())


@pytest.mark.parametrize("judged", [8.0, None])
def test_the_page_has_every_criterion_with_evidence_and_what_to_do(report, judged):
    result = milestone("ada", "milestone2", 0.2, 1.0, judged=judged)
    text = squeezed(report(Section("Computer Vision", result)).text)
    for words in (
        "10 of 50 points",
        "40 of 40 points",
        "Convolution: forward exact; kernel gradient is None.",
        "[[1 2] [3 4]]",
        "Work convolution out by hand.",
    ):
        assert words in text
    if judged is None:
        assert "provisional" in text
        assert "between 50.0 and 60.0" in text
        assert "open: 0 to 10 of 10 points" in text
    else:
        assert "58.0 of 100" in text
        assert "nothing is open" in text
        assert "between" not in text


def test_nothing_of_hidden_probes_or_the_seed_is_told(report):
    result = milestone("ada", "milestone2", 0.2, None, outcome=Outcome.NOT_GRADABLE)
    section = Section("Computer Vision", result)
    told = [
        report(section).text,
        "\n".join(report_lines("ada", [section])),
        "\n".join(self_check_lines(result, "Computer Vision")),
    ]
    for text in told:
        assert "convolution shown" in text
        assert "hidden" not in text
        assert UNTOLD not in text
        assert "4711" not in text


def test_text_of_a_submission_is_shown_and_is_no_markup(report):
    page = report(Section(HOSTILE, with_texts(HOSTILE), notes=(HOSTILE,)), student=HOSTILE)
    assert page.text.count("<script>alert(1)</script>") >= 6
    assert "script" not in page.tags
    assert page.links == []
    assert "\x1b" not in page.text


def test_a_terminal_is_not_steered_by_a_submission():
    result = with_texts("a\x1b]0;gone\x07b\u202ec\r\nd")
    lines = [
        *report_lines("ada\x1b[2J", [Section("t\x9b", result, notes=("n\x08",))]),
        *self_check_lines(result, "t\x1b"),
    ]
    assert not re.search(r"[\x00-\x1f\x7f-\x9f\u202e]", "".join(lines))
    assert any("a�]0;gone�b�c" in line for line in lines)


def test_what_counts_after_lateness_is_what_is_shown(report):
    late = Section(
        "Computer Vision",
        milestone("ada", "milestone2", 1.0, 1.0),
        Grade(78.0, "Developing", provisional=False),
        ("2 days late: 20 points off.",),
    )
    missing = Section("Full Training", None, notes=("Not handed in.",))
    page = report(late, missing, grade=Grade(70.0, "Developing", True, 40.0, 90.0))
    text = squeezed(page.text)
    assert "78.0 of 100" in text
    assert "98.0" not in text
    assert "2 days late: 20 points off." in text
    assert "Not handed in." in text
    assert "between 40.0 and 90.0" in text
    assert page.links == ["#milestone-1", "#milestone-2"]
    lines = report_lines("ada", [late, missing])
    assert "Computer Vision: 78.0 of 100, Developing (final)" in lines
    assert "Full Training: nothing graded" in lines


def test_a_shown_score_is_never_that_of_a_higher_level(report):
    result = milestone("ada", "milestone2", 1.0, 1.0)
    section = Section("Computer Vision", result, Grade(89.96, "Proficient", False))
    assert "89.9 of 100" in squeezed(report(section).text)
    assert "Computer Vision: 89.9 of 100, Proficient (final)" in report_lines("ada", [section])


def test_a_pseudonymous_report_leads_back_to_nobody(report):
    result = with_texts("File /home/Ada-Lovelace/x.py by ADA, adaptive lovelace@x.org")
    hidden = pseudonymous(result, "P-17", ["Ada Lovelace", "lovelace@x.org"])
    page = report(Section("Computer Vision", hidden), student=hidden.student)
    assert "File /home/P-17/x.py by P-17, adaptive P-17" in page.text
    assert not re.search(r"lovelace|\bada\b|abab", page.text, re.IGNORECASE)
    assert hidden.score == result.score
    # A name of signs alone names nobody and takes nothing away.
    assert pseudonymous(result, "P-17", ["-"]).criteria[0].evidence == [
        "File /home/P-17-Lovelace/x.py by P-17, adaptive lovelace@x.org!"
    ]


def test_a_self_check_counts_public_checks_and_is_no_grade():
    lines = self_check_lines(milestone("ada", "milestone2", 0.2, 1.0), "Computer Vision")
    assert "  [failed] convolution shown" in lines
    assert "  [passed] spatial processing shown" in lines
    assert "      Next: Work convolution out by hand." in lines
    assert "  [not checked here] a person scores this" in lines
    assert lines[-2] == "1 of 2 public checks passed."
    assert lines[-1].startswith("This is no grade")


def test_a_check_that_did_not_end_is_neither_passed_nor_failed():
    result = milestone("ada", "milestone2", None, 1.0, outcome=Outcome.NOT_GRADABLE)
    lines = self_check_lines(result, "Computer Vision")
    assert "1 of 2 public checks passed; 1 could not be brought to an end." in lines


def test_a_check_named_in_two_criteria_is_counted_once():
    result = milestone("ada", "milestone2", 1.0, 1.0)
    doubled = [*result.criteria, result.criteria[0]]
    lines = self_check_lines(result.model_copy(update={"criteria": doubled}), "t")
    assert "2 of 2 public checks passed." in lines


def test_a_persons_reason_is_shown(report):
    judged = human(3.0).model_copy(update={"evidence": ["Dr Hopper gave 3 of 10 points: tangled."]})
    result = milestone("ada", "milestone2", 1.0, 1.0).model_copy(update={"criteria": [judged]})
    assert "Dr Hopper gave 3 of 10 points: tangled." in report(Section("t", result)).text
