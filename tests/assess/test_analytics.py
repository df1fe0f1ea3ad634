"""What is said of a class stands on its results, and says what is open."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from class_data import LEVELS, MILESTONES, milestone, some_class

from tasks.assess.analytics.advice import advice
from tasks.assess.analytics.class_results import ClassResults, Milestone, State
from tasks.assess.analytics.forecast import duration, forecast
from tasks.assess.analytics.hardest import hardest_criteria
from tasks.assess.analytics.intervals import mean_interval, share_interval
from tasks.assess.analytics.milestones import milestone_figures
from tasks.assess.analytics.outstanding import outstanding
from tasks.assess.analytics.progress import progress
from tasks.assess.analytics.struggling import early_warnings, struggling
from tasks.assess.analytics.waiting import waiting
from tasks.assess.results import Outcome

FIRST, SECOND, THIRD = MILESTONES


def class_of(*results, students=None, milestones=(FIRST,)) -> ClassResults:
    students = students or list(dict.fromkeys(one.student for one in results))
    due = [(student, one.id) for student in students for one in milestones]
    return ClassResults.gather("c", students, milestones, results, missing=due)


def advice_on(results: ClassResults) -> list[str]:
    return advice(milestone_figures(results), hardest_criteria(results), waiting(results))


def test_open_work_is_neither_completed_nor_failed():
    results = some_class()
    states = [results.state(student, FIRST) for student in results.students]
    assert states == [
        *[State.COMPLETED] * 6,  # the last of them whatever a person gives
        State.OPEN,
        State.FAILED,
        State.MISSING,
        State.FAILED,
    ]
    assert results.state("s08", THIRD) is State.NOT_DUE


def test_borderline_work_below_the_mark_is_for_a_person_to_decide():
    result = milestone("a", "milestone1", 0.5, 0.6, outcome=Outcome.BORDERLINE)
    assert class_of(result).state("a", FIRST) is State.OPEN


def test_completion_and_average_come_with_their_numbers():
    first, second, third = milestone_figures(some_class())
    assert (first.expected, first.submitted, first.completion) == (10, 9, 0.6)
    assert first.completion_interval == pytest.approx((0.3127, 0.8318), abs=1e-4)
    assert first.possible_completion == 0.7
    assert first.provisional == 2
    # 5 x 94, 82 / 0.9, 28 / 0.5, 38 and 48 points
    assert first.average == pytest.approx((470 + 820 / 9 + 56 + 38 + 48) / 9)
    assert first.levels == dict(zip(LEVELS, (6, 0, 0, 0, 3), strict=True))
    assert second.average == pytest.approx((2 * 98 + 6 * 38) / 9)
    assert (third.expected, third.completion) == (1, 1.0)


def test_intervals_agree_with_published_ones():
    # Newcombe 1998, table I: 81 of 263 and 15 of 148 by Wilson's score method.
    assert share_interval(81, 263) == pytest.approx((0.2553, 0.3662), abs=1e-4)
    assert share_interval(15, 148) == pytest.approx((0.0624, 0.1605), abs=1e-4)
    assert share_interval(0, 0) is None
    # t(0.975, 2) = 4.30265, standard error 1/sqrt(3)
    assert mean_interval([1, 2, 3], -9, 9) == pytest.approx((-0.48414, 4.48414), abs=1e-5)
    assert mean_interval([1, 2, 3], 0, 4) == (0, 4)
    assert mean_interval([2, 2, 2], 0, 4) is None


def test_the_hardest_criterion_is_first_and_names_what_stood_in_the_way():
    hardest = hardest_criteria(some_class())
    assert [one.share for one in hardest] == sorted(one.share for one in hardest)
    first = hardest[0]
    assert (first.milestone, first.title, first.n) == (SECOND, "Convolution", 9)
    assert first.share == pytest.approx((2 + 6 * 0.2) / 9)
    assert (first.obstacle, first.obstructed) == ("convolution_hidden", 7)
    mathematics = next(one for one in hardest if one.title == "Mathematical correctness")
    assert (mathematics.n, mathematics.open, mathematics.full) == (8, 1, 6)


def test_those_who_failed_get_the_help_that_fits():
    warned = early_warnings(some_class())
    assert next(one.student for one in warned if one.milestone is FIRST) == "s07"
    assert len([one for one in warned if one.milestone is SECOND]) == 7
    failed = [milestone("a", one.id, 0.0, 0.0) for one in MILESTONES]
    help_with = [one.help for one in early_warnings(class_of(*failed, milestones=MILESTONES))]
    for words, text in zip(("fundamentals", "convolution", "pipeline"), help_with, strict=True):
        assert words in text
    fourth = Milestone("milestone3", "Advanced Vision", 4, 60.0, LEVELS)
    assert not early_warnings(class_of(failed[2], milestones=[fourth]))


def test_struggling_says_why_the_lowest_first():
    found = {one.student: one for one in struggling(some_class(), 70)}
    averages = [one.average for one in found.values() if one.average is not None]
    assert averages == sorted(averages)
    assert "s00" not in found
    assert found["s08"].why == (
        "Basic Inference: nothing handed in.",
        "Computer Vision: nothing handed in.",
    )
    assert (
        found["s07"]
        .why[0]
        .startswith("Basic Inference, Mathematical correctness: 10 of 50 points.")
    )
    assert found["s05"].falling
    assert not found["s07"].falling


@pytest.mark.parametrize(("threshold", "listed"), [(70.0, False), (70.1, True)])
def test_a_score_at_the_threshold_is_not_below_it(threshold, listed):
    result = milestone("a", "milestone1", 0.6, 0.8)
    assert result.score == 70
    assert bool(struggling(class_of(result), threshold)) is listed


def test_a_score_that_open_work_may_lift_is_not_certain():
    result = milestone("a", "milestone1", 0.6, 0.8, judged=None, outcome=Outcome.PASSED)
    (found,) = struggling(class_of(result), 70)
    assert not found.certain
    (found,) = struggling(class_of(result), 73)
    assert found.certain  # 62 points, and at most 10 more


def test_what_waits_is_listed_by_urgency():
    found = waiting(some_class())
    assert [one.outcome for one in found] == [Outcome.NOT_GRADABLE, Outcome.PENDING]
    assert found[0].students == {"s06": ("Mathematical correctness",)}
    assert found[1].students == {"s05": ("Code quality",)}


def test_the_course_is_told_to_change_below_seventy_percent():
    told = advice_on(some_class())
    assert any("Computer Vision: 2 of 10" in text and "convolution" in text for text in told)
    assert any("Basic Inference: 6 of 10" in text and "settle that first" in text for text in told)


@pytest.mark.parametrize(("completing", "told"), [(7, 0), (6, 1)])
def test_seventy_percent_is_enough(completing, told):
    results = class_of(
        *(milestone(f"a{place}", "milestone2", 1.0, 1.0) for place in range(completing)),
        *(milestone(f"b{place}", "milestone2", 0.5, 0.5) for place in range(10 - completing)),
        milestones=[SECOND],
    )
    assert len(advice_on(results)) == told


def test_nothing_is_said_of_the_course_from_a_few_students():
    results = class_of(*(milestone(f"a{place}", "milestone1", 0.0, 0.0) for place in range(4)))
    assert advice_on(results) == []


def test_a_due_milestone_without_work_is_no_matter_of_teaching():
    results = class_of(students=list("abcdef"))
    (told,) = advice_on(results)
    assert told.startswith("Basic Inference: it is due and nothing of it is graded.")


def test_a_criterion_that_nobody_met_is_named():
    results = class_of(*(milestone(f"a{place}", "milestone1", 1.0, 0.0, 10) for place in range(6)))
    (told,) = advice_on(results)
    assert told.startswith("Basic Inference, Architecture: on average 0 % of its points")
    assert "architecture hidden (6 students)" in told


def test_checks_that_often_do_not_end_are_the_graders_matter():
    stuck = [
        milestone(f"a{place}", "milestone1", None, 1.0, 10, Outcome.NOT_GRADABLE)
        for place in range(2)
    ]
    fine = [milestone(f"b{place}", "milestone1", 1.0, 1.0) for place in range(8)]
    told = advice_on(class_of(*stuck, *fine))
    assert any("checks of 2 of 10 submissions" in text for text in told)
    assert advice_on(class_of(stuck[0], *fine)) == []


def test_progress_counts_attempts_and_what_they_gained():
    first, second, third = progress(some_class())
    assert (first.attempts, first.students, first.again) == (5, 2, 2)
    assert first.gain == pytest.approx((54 + 14) / 2)
    assert first.reached == (
        datetime(2026, 10, 3, 10, tzinfo=UTC),
        datetime(2026, 10, 4, 10, tzinfo=UTC),
    )
    assert second.reached == ()
    assert third.attempts == 0


def test_work_that_is_judged_or_graded_again_is_one_attempt():
    entries = [("a", 40.0, "01"), ("b", 50.0, "02"), ("a", 45.0, "03"), ("b", 61.0, "04")]
    history = [
        {"student": "x", "milestone": "milestone1", "score": score, "time": f"2026-10-{day}",
         "submission_hash": work}
        for work, score, day in entries
    ]  # fmt: skip
    (found,) = progress(ClassResults.gather("c", ["x"], [FIRST], [], history))
    assert (found.attempts, found.again, found.gain) == (2, 1, 16.0)
    assert found.reached == (datetime(2026, 10, 2, tzinfo=UTC),)


def test_only_those_who_agreed_are_listed():
    results = some_class()
    listed, unnamed = outstanding(results, {"s00"})
    assert {one.student for one in listed} == {"s00"}
    assert (len(listed), unnamed) == (3, 5)  # s05 is below 90 until a person has scored
    assert outstanding(results, ()) == ([], 8)


def test_the_forecast_is_in_the_words_of_the_course():
    assert forecast(30, 2, [], 40).sentence() == (
        "30 students x 40 s on 2 cores = 10 minutes (assumed; nothing was graded before)"
    )
    measured = forecast(3, 2, [10, 50, 30], 40)
    assert measured.seconds == 60  # the third has to wait for a core
    assert measured.sentence().endswith("(the median of 3 earlier gradings, 10 to 50 s)")
    with pytest.raises(ValueError, match="0 cores"):
        forecast(1, 0, [], 40)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, "0 seconds"), (1, "1 second"), (600, "10 minutes"), (5400, "1 hour 30 minutes"),
     (7200, "2 hours")],
)  # fmt: skip
def test_durations_read_as_people_say_them(seconds, words):
    assert duration(seconds) == words


def test_two_results_of_one_student_are_refused():
    twice = [milestone("a", "milestone1", 1.0, 1.0)] * 2
    with pytest.raises(ValueError, match="two results of 'a'"):
        class_of(*twice)


def test_results_of_those_who_left_are_counted_and_not_used():
    assert some_class().left_out == 1
    assert {one.student for one in some_class().history} == {"s00", "s01", "s07"}


def test_the_order_of_results_changes_nothing():
    results = some_class()
    turned = replace(results, results=dict(reversed(results.results.items())))
    assert milestone_figures(turned) == milestone_figures(results)
    assert hardest_criteria(turned) == hardest_criteria(results)
    assert struggling(turned, 70) == struggling(results, 70)


def test_a_class_without_names_has_the_same_figures_and_another_order():
    named = some_class()
    count = len(named.students)
    pseudonyms = {name: f"P{count - place:02d}" for place, name in enumerate(named.students)}
    hidden = named.without_names(pseudonyms)
    assert hidden.students[-1] == pseudonyms[named.students[0]]
    assert [one.states for one in milestone_figures(hidden)] == [
        one.states for one in milestone_figures(named)
    ]
    assert {one.student for one in struggling(hidden, 70)} == {
        pseudonyms[one.student] for one in struggling(named, 70)
    }
    assert progress(hidden) == progress(named)
    assert not any(name in repr(hidden) for name in ("'s00'", "'s07'", "alert"))
