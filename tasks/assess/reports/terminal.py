"""A student's report and self-check as lines for a terminal."""

import textwrap
from collections.abc import Iterator, Sequence

from tasks.assess.reports.grade import Section
from tasks.assess.reports.visible import VisibleCheck, visible
from tasks.assess.reports.wording import MEANING, percent
from tasks.assess.results import MilestoneResult, Outcome
from tasks.text import printable

WIDTH = 96
NO_GRADE = "This is no grade: when the work is graded, further checks are made."
UNDECIDED = (Outcome.NOT_GRADABLE, Outcome.GRADER_ERROR)


def report_lines(student: str, sections: Sequence[Section]) -> list[str]:
    """The report: a block a milestone; of each criterion its points, evidence and next steps."""
    lines = [f"Report of {printable(student)}"]
    for section in sections:
        lines += ["", *_section(section)]
    return lines


def self_check_lines(result: MilestoneResult, title: str) -> list[str]:
    """What public probes say about work that is not handed in yet.

    Args:
        result: of the public probes; others in it are left out.
        title: of the milestone.
    """
    criteria = [visible(criterion) for criterion in result.criteria]
    checks = {check.name: check for criterion in criteria for check in criterion.checks}
    lines = [f"Self-check: {printable(title)}"]
    for criterion in criteria:
        lines += ["", criterion.title]
        for check in criterion.checks:
            lines += _check(check)
        if not criterion.checks:
            why = "a person scores this" if criterion.human else "checked when it is graded"
            lines.append(f"  [not checked here] {why}")
    return [*lines, "", _sum(list(checks.values())), NO_GRADE]


def _sum(checks: Sequence[VisibleCheck]) -> str:
    passed = sum(check.outcome is Outcome.PASSED for check in checks)
    undecided = sum(check.outcome in UNDECIDED for check in checks)
    # What waits for a person is neither here nor there in a self-check.
    total = sum(check.outcome is not Outcome.PENDING for check in checks)
    told = f"{passed} of {total} public checks passed"
    if undecided:
        told += f"; {undecided} could not be brought to an end"
    return f"{told}."


def _section(section: Section) -> Iterator[str]:
    title, grade = printable(section.title), section.counts
    if grade is None:
        yield f"{title}: nothing graded"
    else:
        level = f", {printable(grade.level)}" if grade.level else ""
        yield f"{title}: {percent(grade.score)} of 100{level} ({grade.kind})"
        if grade.possible:
            yield f"  Something is still open: {grade.possible}."
    for note in section.notes:
        yield from _wrapped(printable(note), "  ")
    for criterion in map(visible, section.result.criteria if section.result else ()):
        yield ""
        yield f"  {criterion.title}: {criterion.earned} [{criterion.outcome}]"
        for check in criterion.checks:
            yield from (f"  {line}" for line in _check(check))
        for text in criterion.evidence:
            yield from _wrapped(text, "    ")
        for step in criterion.next_steps:
            yield from _wrapped(f"Next: {step}", "    ")


def _check(check: VisibleCheck) -> Iterator[str]:
    yield f"  [{check.outcome}] {check.name}"
    yield from _wrapped(check.evidence or MEANING[check.outcome], "      ")
    if check.example:
        yield "      Example:"
        yield from (f"        {line}" for line in check.example.splitlines())
    if check.next_step:
        yield from _wrapped(f"Next: {check.next_step}", "      ")


def _wrapped(text: str, indent: str) -> list[str]:
    return textwrap.wrap(
        text,
        WIDTH,
        initial_indent=indent,
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
    )
