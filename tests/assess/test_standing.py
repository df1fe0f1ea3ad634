"""Lateness, attempts and the course grade."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from grading_data import LEVELS, NOON, grade, probe, rubric, three
from pydantic import ValidationError

from tasks.assess.results import Outcome
from tasks.assess.rubrics.levels import Level
from tasks.assess.scoring.attempts import Attempt, AttemptPolicy, counting_attempt, refused
from tasks.assess.scoring.lateness import (
    Lateness,
    LatePolicy,
    after_penalty,
    days_late,
    lateness,
)
from tasks.assess.scoring.standing import State, course_grade, standings

RULES = LatePolicy(grace_days=3, grace_days_per_milestone=2, penalty_per_day=10, cap=50)
FREE = LatePolicy()
BEST = AttemptPolicy()
AUTOMATIC = [
    {"id": "all", "title": "All", "points": 100, "asks": "It works.", "probes": {"all": 100}}
]
ONE = rubric(criteria=AUTOMATIC)
TWO = rubric(id="m2", milestone=2, criteria=AUTOMATIC)


def _attempt(score: float | None, submitted: datetime = NOON, work: str = "w1", of=ONE) -> Attempt:
    outcome = Outcome.NOT_GRADABLE if score is None else None
    found = probe("all", None if score is None else score / 100, outcome)
    return Attempt(submitted=submitted, result=grade([found], work=work, of=of))


@pytest.mark.parametrize(
    ("after", "days"),
    [
        (timedelta(days=-3), 0),
        (timedelta(0), 0),
        (timedelta(seconds=1), 1),
        (timedelta(days=1), 1),
        (timedelta(days=1, seconds=1), 2),
    ],
)
def test_a_day_late_begins_a_second_after_the_due_time(after, days):
    assert days_late(NOON + after, NOON) == days


def test_days_are_counted_in_real_hours_across_zones_and_clock_changes():
    berlin = ZoneInfo("Europe/Berlin")
    assert days_late(datetime(2027, 3, 1, 13, 0, tzinfo=berlin), NOON) == 0
    due = datetime(2027, 10, 30, 12, tzinfo=berlin)  # the clock goes back an hour that night
    assert days_late(datetime(2027, 10, 31, 11, 30, tzinfo=berlin), due) == 2
    assert days_late(datetime(2027, 10, 31, 10, 30, tzinfo=berlin), due) == 1


def test_nothing_is_late_without_a_due_time():
    assert days_late(NOON, None) == 0


@pytest.mark.parametrize(
    ("days", "left", "expected"),
    [
        (0, 3, Lateness()),
        (1, 3, Lateness(days=1, grace=1, penalty=0)),
        (3, 3, Lateness(days=3, grace=2, penalty=10)),
        (3, 1, Lateness(days=3, grace=1, penalty=20)),
        (30, 0, Lateness(days=30, grace=0, penalty=50)),
    ],
)
def test_grace_days_go_first_then_the_penalty_up_to_its_cap(days, left, expected):
    assert lateness(days, left, RULES) == expected


def test_without_a_limit_a_milestone_may_use_all_grace_days():
    rules = LatePolicy(grace_days=5, penalty_per_day=10)
    assert lateness(5, 5, rules) == Lateness(days=5, grace=5, penalty=0)


def test_a_penalty_never_makes_a_score_negative_and_none_stays_none():
    assert after_penalty(30, 50) == 0
    assert after_penalty(90, 10) == 80
    assert after_penalty(None, 10) is None


@pytest.mark.parametrize("changes", [{"cap": 101}, {"penalty_per_day": -1}, {"grace": 1}])
def test_rules_that_cannot_be_meant_are_refused(changes):
    with pytest.raises(ValidationError):
        LatePolicy(**changes)


def test_best_and_last_choose_by_themselves_and_not_by_the_order_of_the_list():
    early, late = _attempt(80, NOON, "w1"), _attempt(70, NOON + timedelta(hours=1), "w2")
    for attempts in ([early, late], [late, early]):
        assert counting_attempt(attempts, BEST) is early
        assert counting_attempt(attempts, AttemptPolicy(counts="last")) is late
    assert counting_attempt([], BEST) is None


def test_what_could_not_be_graded_does_not_win_over_what_could():
    assert counting_attempt([_attempt(None, work="w2"), _attempt(20)], BEST).result.score == 20
    partly = Attempt(
        submitted=NOON,
        result=grade([probe("open_layers", None, Outcome.NOT_GRADABLE), *three()[1:]], work="w2"),
    )
    whole = Attempt(submitted=NOON, result=grade(three(0.9, 0.9, 0.9)))
    assert partly.result.score > whole.result.score
    assert counting_attempt([partly, whole], BEST) is whole


def test_of_equal_attempts_the_earliest_counts():
    first, second = _attempt(80, NOON, "w2"), _attempt(80, NOON + timedelta(1), "w1")
    assert counting_attempt([second, first], BEST) is first


def test_best_is_chosen_with_lateness_off():
    late_but_better = _attempt(88, NOON + timedelta(days=1), "w2")
    attempts = {"m1": [_attempt(80), late_but_better]}
    due = {"m1": NOON}

    def chosen(rules: LatePolicy) -> float:
        return standings("ada", [ONE], attempts, due, NOON, rules, BEST)[0].score

    assert chosen(LatePolicy(penalty_per_day=10)) == 80
    assert chosen(LatePolicy(penalty_per_day=5)) == 83
    assert chosen(RULES) == 88, "a grace day costs nothing"


def test_attempts_run_out_and_need_time_between_them():
    rules = AttemptPolicy(most=2, cooldown_hours=24)
    assert refused([], NOON, rules) == ""
    assert "2027-03-02 12:00" in refused([NOON], NOON + timedelta(hours=23), rules)
    assert refused([NOON], NOON + timedelta(hours=24), rules) == ""
    assert "All 2 attempts" in refused([NOON, NOON], NOON + timedelta(days=9), rules)
    assert refused([NOON] * 50, NOON, BEST) == ""


def test_the_milestone_that_was_due_first_uses_the_grace_days_first():
    attempts = {
        "m1": [_attempt(90, NOON + timedelta(days=9), of=ONE)],
        "m2": [_attempt(90, NOON + timedelta(days=2), of=TWO)],
    }
    due = {"m1": NOON + timedelta(days=7), "m2": NOON}
    for rubrics in ([ONE, TWO], [TWO, ONE]):
        found = standings("ada", rubrics, attempts, due, NOON + timedelta(30), RULES, BEST)
        by_id = {one.milestone: one for one in found}
        assert [one.milestone for one in found] == [rubric.id for rubric in rubrics]
        assert by_id["m2"].lateness == Lateness(days=2, grace=2, penalty=0)
        assert by_id["m1"].lateness == Lateness(days=2, grace=1, penalty=10)
        assert by_id["m1"].score == 80
        assert by_id["m1"].level == "Proficient"


def test_the_range_of_a_provisional_grade_is_late_too():
    result = grade(three())
    attempts = {"m1": [Attempt(submitted=NOON + timedelta(days=1), result=result)]}
    rules = LatePolicy(penalty_per_day=10)
    found = standings("ada", [rubric()], attempts, {"m1": NOON}, NOON, rules, BEST)[0]
    assert (found.lowest, found.score, found.highest) == (80, 90, 90)
    assert found.provisional


def test_what_is_missing_is_open_until_it_is_due_and_then_said_to_be_missing():
    def standing(now: datetime, due: datetime | None):
        return standings("ada", [ONE], {}, {"m1": due}, now, FREE, BEST)[0]

    before = standing(NOON, NOON + timedelta(1))
    assert (before.state, before.score, before.highest) == (State.NOT_DUE, None, 100)
    assert before.provisional
    after = standing(NOON + timedelta(2), NOON)
    assert (after.state, after.score, after.level) == (State.NOT_HANDED_IN, 0, "Insufficient")
    assert not after.provisional
    assert standing(NOON, NOON).state is State.NOT_DUE, "it may still come that second"
    assert standing(NOON, None).state is State.NOT_DUE


def test_the_course_grade_weighs_its_milestones_and_keeps_open_ones_apart():
    levels = [Level.model_validate(level) for level in LEVELS]
    attempts = {"m1": [_attempt(80, of=ONE)]}
    due = {"m1": NOON, "m2": NOON + timedelta(1)}
    found = standings("ada", [ONE, TWO], attempts, due, NOON, FREE, BEST)
    grade_now = course_grade("ada", found, {"m1": 15, "m2": 45}, levels)
    assert (grade_now.score, grade_now.level) == (80, "Proficient")
    assert (grade_now.lowest, grade_now.highest) == (20, 95)
    assert grade_now.provisional

    attempts["m2"] = [_attempt(60, of=TWO)]
    found = standings("ada", [ONE, TWO], attempts, due, NOON, FREE, BEST)
    final = course_grade("ada", found, {"m1": 15, "m2": 45}, levels)
    assert (final.score, final.lowest, final.highest) == (65, 65, 65)
    assert not final.provisional


def test_a_course_in_which_nothing_is_graded_has_no_grade():
    found = standings("ada", [ONE], {}, {"m1": None}, datetime.now(UTC), FREE, BEST)
    nothing = course_grade("ada", found, {"m1": 15}, ONE.levels)
    assert (nothing.score, nothing.level, nothing.lowest, nothing.highest) == (None, "", 0, 100)
