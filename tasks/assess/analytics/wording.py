"""The figures of a class in words."""

from tasks.assess.analytics.analysis import Analysis
from tasks.assess.analytics.class_results import State
from tasks.assess.analytics.intervals import Interval
from tasks.assess.reports.wording import percent
from tasks.text import printable


def verdict(analysis: Analysis) -> str:
    """One sentence: how much is graded, who needs help, what a person has to do."""
    graded = len(analysis.results.results)
    students = len(analysis.results.students)
    criteria = sum(one.criteria for one in analysis.waiting)
    return (
        f"{counted(graded, 'submission')} of {counted(students, 'student')} graded; "
        f"{counted(len({one.student for one in analysis.warned}), 'student')} with an early "
        f"warning; {len(analysis.struggling)} below {analysis.threshold:g} or with work missing; "
        f"{counted(criteria, 'criterion', 'criteria')} waiting for a person."
    )


def counted(count: int, one: str, many: str | None = None) -> str:
    """A number of things: "1 student", "3 students"."""
    return f"{count} {one if count == 1 else many or one + 's'}"


def with_interval(
    value: float | None, interval: Interval | None, scale: float = 1.0, unit: str = ""
) -> str:
    """ "73 % (56 to 86)", or without an interval where there is none, or a dash."""
    if value is None:
        return "-"
    told = f"{scale * value:.1f}{unit}"
    if interval is None:
        return told
    return f"{told} ({scale * interval[0]:.1f} to {scale * interval[1]:.1f})"


def analysis_lines(analysis: Analysis) -> list[str]:
    """For the terminal: each milestone's completion and average, then advice."""
    lines = [f"Class {analysis.results.name}: {verdict(analysis)}"]
    for one in analysis.milestones:
        completed = f"{one.states[State.COMPLETED]} of {one.expected} completed it"
        average = with_interval(one.average, one.average_interval)
        lines.append(
            f"  {one.milestone.title}: {completed}, average {average} (n = {len(one.scores)})"
        )
    if analysis.criteria:
        hard = analysis.criteria[0]
        lines.append(
            f"  Hardest: {hard.milestone.title}, {hard.title}: {100 * hard.share:.0f} % of its "
            f"points on average (n = {hard.n})"
        )
    lines += [f"  To change: {text}" for text in analysis.advice]
    return _safe(lines)


def progress_lines(analysis: Analysis) -> list[str]:
    """For the terminal: a line a student with where they stand, then the class over time."""
    results = analysis.results
    lines = [f"Class {results.name}"]
    widest = max(map(len, results.students), default=0)
    for student in results.students:
        cells = []
        for milestone in results.milestones:
            result = results.results.get((student, milestone.id))
            score = "" if result is None or result.score is None else f" {percent(result.score)}"
            cells.append(f"{milestone.title}: {results.state(student, milestone)}{score}")
        lines.append(f"  {student:<{widest}}  {'; '.join(cells)}")
    for one in analysis.progress:
        told = (
            f"  {one.milestone.title}: {counted(one.attempts, 'graded submission')} of "
            f"{counted(one.students, 'student')}; {len(one.reached)} reached the pass mark"
        )
        if one.gain is not None:
            gain = with_interval(one.gain, one.gain_interval)
            told += f"; {one.again} tried again, gaining {gain} points on average"
        lines.append(told)
    return _safe(lines)


def struggling_lines(analysis: Analysis) -> list[str]:
    """For the terminal: who is below the threshold, why, and what helps."""
    found = analysis.struggling
    lines = [
        f"{counted(len(found), 'student')} of {len(analysis.results.students)} below "
        f"{analysis.threshold:g} or with work missing"
    ]
    for one in found:
        average = "no score" if one.average is None else f"average {percent(one.average)}"
        marks = [] if one.certain else ["not certain: something is still open"]
        marks += ["falling"] if one.falling else []
        lines.append(f"  {one.student}: {', '.join([average, *marks])}")
        lines += [f"    {text}" for text in one.why]
        lines += [f"    Offer {text}." for text in one.help]
    return _safe(lines)


def _safe(lines: list[str]) -> list[str]:
    """Lines that stay lines: names and evidence come from outside."""
    return [printable(line).replace("\n", " ") for line in lines]
