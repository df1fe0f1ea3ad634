"""What to change in the course, said only where the figures bear it."""

from collections.abc import Sequence

from tasks.assess.analytics.hardest import CriterionFigures
from tasks.assess.analytics.milestones import MilestoneFigures
from tasks.assess.analytics.waiting import Waiting
from tasks.assess.reports.wording import check_name
from tasks.assess.results import Outcome

ENOUGH_COMPLETE = 0.7
HARD = 0.5
# Of fewer students nothing is said about the course.
ENOUGH_STUDENTS = 5
TOO_MUCH_TROUBLE = 0.1  # and more than one submission
CHANGES = {
    1: "Add a review of fundamentals before it: shapes, dense layers and activations by hand.",
    2: "Add a worked example of convolution and of its gradient, and a self-check of both.",
    3: "Hand out a small training loop that works, and let losses and gradients be checked alone.",
    4: "Give more time to train, and show how to find the slowest lines of a network.",
    5: "Show first how attention is put together from the parts that students already have.",
}
ANY_MILESTONE = "Look at its hardest criteria below, and give more time or a smaller first step."


def advice(
    figures: Sequence[MilestoneFigures],
    criteria: Sequence[CriterionFigures],
    waiting: Sequence[Waiting],
) -> list[str]:
    """Sentences for the teacher, milestones first, each with the figures that it stands on."""
    return [
        *[text for one in figures if (text := _on_completion(one))],
        *[text for one in criteria if (text := _on_criterion(one))],
        *_on_trouble(figures, waiting),
    ]


def _on_completion(one: MilestoneFigures) -> str:
    if one.completion is None or one.expected < ENOUGH_STUDENTS:
        return ""
    if one.completion >= ENOUGH_COMPLETE:
        return ""
    if not one.submitted:
        return (
            f"{one.milestone.title}: it is due and nothing of it is graded. Grade it, or look "
            "whether its due date is right."
        )
    assert one.completion_interval is not None
    low, high = (round(100 * bound) for bound in one.completion_interval)
    completed = round(one.completion * one.expected)
    told = (
        f"{one.milestone.title}: {completed} of {one.expected} students have completed it "
        f"({100 * one.completion:.0f} %, 95 % interval {low} to {high} %), which is below "
        f"{100 * ENOUGH_COMPLETE:.0f} %."
    )
    possible = one.possible_completion or 0.0
    if possible >= ENOUGH_COMPLETE:
        return f"{told} Open work could still lift it to {100 * possible:.0f} %: settle that first."
    change = CHANGES.get(one.milestone.number or 0, ANY_MILESTONE)
    return f"{told} {change}"


def _on_criterion(one: CriterionFigures) -> str:
    low, high = one.interval or (one.share, one.share)
    if one.n < ENOUGH_STUDENTS or high >= HARD:
        return ""
    measured = "the same for all"
    if one.interval:
        measured = f"95 % interval {100 * low:.0f} to {100 * high:.0f} %"
    told = (
        f"{one.milestone.title}, {one.title}: on average {100 * one.share:.0f} % of its points "
        f"({measured}, n = {one.n})."
    )
    if one.obstacle:
        told += f" Most often in the way: {check_name(one.obstacle)} ({one.obstructed} students)."
    return f"{told} Teach it again, or ask whether the task says what is wanted."


def _on_trouble(figures: Sequence[MilestoneFigures], waiting: Sequence[Waiting]) -> list[str]:
    """Where the grader, not the class, may be what is wrong."""
    found = []
    for one in figures:
        troubled = {
            student
            for entry in waiting
            if entry.milestone == one.milestone
            and entry.outcome in (Outcome.NOT_GRADABLE, Outcome.GRADER_ERROR)
            for student in entry.students
        }
        if len(troubled) > max(1, TOO_MUCH_TROUBLE * one.submitted):
            found.append(
                f"{one.milestone.title}: checks of {len(troubled)} of {one.submitted} submissions "
                "could not be brought to an end. Look at the limits and at the task before the "
                "grades."
            )
    return found
