"""From what probes found to criteria and milestones, with what is open kept apart."""

import itertools
from datetime import UTC, datetime

import numpy as np
import pytest
from grading_data import grade, probe, rubric, three
from pydantic import ValidationError

from tasks.assess.results import Outcome, ProbeResult
from tasks.assess.rubrics.reading import shipped_milestones
from tasks.assess.scoring.judgements import Judgement, check_judgement, judged
from tasks.assess.scoring.milestone import score_milestone
from tasks.errors import BadInput

OPEN = (Outcome.NOT_GRADABLE, Outcome.GRADER_ERROR, Outcome.PENDING)


def _judgement(score: float | None = 8.0, criterion: str = "quality", **changes) -> Judgement:
    given = {
        "student": "ada",
        "milestone": "m1",
        "criterion": criterion,
        "submission_hash": "w1",
        "score": score,
        "by": "Grace",
        "reason": "Clear names.",
        "time": datetime(2027, 3, 2, tzinfo=UTC),
    }
    return Judgement.model_validate(given | changes)


def test_points_are_the_shares_of_the_probes_by_their_worth():
    result = grade(three(layers=0.5, hidden=1.0, accuracy=0.8))
    layers, accuracy, _ = result.criteria
    assert (layers.score, layers.lowest, layers.highest) == (40, 40, 40)
    assert layers.outcome is Outcome.FAILED
    assert accuracy.score == 24
    assert [one.probe for one in layers.probes] == ["open_layers", "hidden_layers"]


def test_a_human_criterion_waits_and_is_neither_zero_nor_full():
    result = grade([*three(), probe("style", None, Outcome.PENDING)])
    quality = result.criteria[2]
    assert quality.score is None
    assert quality.human
    assert quality.outcome is Outcome.PENDING
    assert "Said of style." in quality.evidence
    assert (quality.lowest, quality.highest) == (0, 10)
    assert (result.score, result.lowest, result.highest) == (100, 90, 100)
    assert result.provisional
    assert result.outcome is Outcome.PASSED


def test_a_provisional_score_is_of_what_is_settled_and_shows_its_range():
    result = grade(three(layers=0.5, hidden=0.5, accuracy=1.0))
    assert result.score == pytest.approx(100 * 60 / 90)
    assert (result.lowest, result.highest) == (60, 70)
    assert result.level == "Beginning"


@pytest.mark.parametrize("outcome", OPEN)
def test_an_open_probe_never_becomes_zero_or_full_marks(outcome):
    found = [probe("open_layers", None, outcome), probe("hidden_layers", 0.5), probe("accuracy")]
    result = grade(found)
    layers = result.criteria[0]
    assert layers.score is None
    assert layers.outcome is outcome
    assert (layers.lowest, layers.highest) == (10, 50)
    assert (result.lowest, result.highest) == (40, 90)
    assert result.outcome is outcome
    assert result.provisional


def test_where_nothing_is_settled_there_is_no_score_and_no_level():
    found = [probe(one.probe, None, Outcome.NOT_GRADABLE) for one in three()]
    result = grade(found)
    assert result.score is None
    assert result.level == ""
    assert result.outcome is Outcome.NOT_GRADABLE
    assert (result.lowest, result.highest) == (0, 100)


def test_a_probe_without_a_result_and_a_verdict_without_a_share_are_errors_of_the_grader():
    assert grade(three()[1:]).criteria[0].outcome is Outcome.GRADER_ERROR
    shareless = [probe("open_layers", None, Outcome.PASSED), *three()[1:]]
    layers = grade(shareless).criteria[0]
    assert layers.outcome is Outcome.GRADER_ERROR
    assert layers.score is None


def test_trouble_that_cannot_change_the_verdict_leaves_it():
    lost = grade(
        [probe("open_layers", 0), probe("hidden_layers", None, OPEN[0]), *three(0, 0, 0)[2:]]
    )
    assert lost.highest == 30
    assert lost.outcome is Outcome.FAILED
    assert lost.provisional


def test_a_borderline_criterion_decides_nothing_by_chance():
    def outcome(layers: float, share: float) -> Outcome:
        found = [*three(layers, layers)[:2], probe("accuracy", share, Outcome.BORDERLINE)]
        return judged(grade(found), rubric(), [_judgement(0)]).outcome

    assert outcome(0.5, 0.99) is Outcome.BORDERLINE, "59.7 of 60 points, and 0.3 withheld"
    assert outcome(0.49, 0.99) is Outcome.FAILED, "even the withheld points would not do"
    assert outcome(0.55, 0.95) is Outcome.PASSED
    beside = [probe("open_layers", 0.99, Outcome.BORDERLINE), probe("hidden_layers", 0.5)]
    hidden_by_a_failure = grade([*beside, probe("accuracy", 0.34)])
    assert hidden_by_a_failure.criteria[0].outcome is Outcome.FAILED
    found = judged(hidden_by_a_failure, rubric(), [_judgement(0)])
    assert (found.highest, found.outcome) == (pytest.approx(59.8), Outcome.BORDERLINE)
    accuracy = grade([*three()[:2], probe("accuracy", 0.9, Outcome.BORDERLINE)]).criteria[1]
    assert (accuracy.outcome, accuracy.score) == (Outcome.BORDERLINE, 27)


def test_the_order_of_the_results_does_not_matter():
    milestone = shipped_milestones()[1]
    shares = np.random.default_rng(4).random(len(milestone.probes()))
    found = [probe(name, share) for name, share in zip(milestone.probes(), shares, strict=True)]
    first = grade(found, of=milestone)
    for seed in range(20):
        order = np.random.default_rng(seed).permutation(len(found))
        assert grade([found[place] for place in order], of=milestone) == first


def test_full_shares_are_exemplary_and_none_are_insufficient_in_every_milestone():
    for milestone in shipped_milestones():
        best = grade([probe(name) for name in milestone.probes()], of=milestone)
        worst = grade([probe(name, 0.0) for name in milestone.probes()], of=milestone)
        assert (best.score, best.level, best.outcome) == (100, "Exemplary", Outcome.PASSED)
        assert (worst.score, worst.level) == (0, "Insufficient")
        assert worst.outcome is Outcome.FAILED
        assert best.provisional is (milestone.milestone == 1), "only the first has a human part"


def test_more_never_earns_less():
    for low, high in itertools.pairwise([0.0, 0.3, 0.6, 0.9, 1.0]):
        for place in range(3):
            less, more = [0.5] * 3, [0.5] * 3
            less[place], more[place] = low, high
            assert grade(three(*less)).score < grade(three(*more)).score


def test_two_results_of_one_probe_are_refused():
    with pytest.raises(ValueError, match="two results of probe 'accuracy'"):
        grade([*three(), probe("accuracy", 0.0)])


def test_evidence_and_advice_say_nothing_of_hidden_probes():
    shown = grade(three(0.5, 0.5, 1.0)).criteria[0]
    told = " ".join([*shown.evidence, *shown.next_steps])
    assert "Said of open_layers." in told
    assert "Example of open_layers." in told
    assert "Mend open_layers." in told
    assert "hidden_layers" not in told
    assert "Layers are exact." in told
    assert "0.123" not in told
    for outcome in OPEN:
        found = [*three()[::2], probe("hidden_layers", None, outcome)]
        shown = grade(found).criteria[0]
        assert "hidden_layers" not in " ".join([*shown.evidence, *shown.next_steps])


def test_a_students_own_check_is_scored_by_public_probes_alone():
    found = [one for one in three(layers=0.5, accuracy=1.0) if one.public]
    result = score_milestone(
        rubric(),
        found,
        student="ada",
        submission_hash="w1",
        grader_version="v1",
        data_seed=1,
        seconds=0.0,
        public_only=True,
    )
    assert [one.score for one in result.criteria] == [30, 30, None]
    hidden = rubric(
        criteria=[
            {"id": "all", "title": "All", "points": 100, "asks": "x", "probes": {"hidden_a": 100}}
        ]
    )
    only_hidden = score_milestone(
        hidden,
        [],
        student="ada",
        submission_hash="w1",
        grader_version="v1",
        data_seed=1,
        seconds=0.0,
        public_only=True,
    )
    assert only_hidden.criteria[0].outcome is Outcome.PENDING
    assert only_hidden.score is None


def test_a_judgement_makes_the_grade_final_and_says_who_gave_it():
    result = judged(grade(three()), rubric(), [_judgement(8)])
    assert (result.score, result.lowest, result.highest) == (98, 98, 98)
    assert not result.provisional
    assert "Grace gave 8 of 10 points on 2027-03-02: Clear names." in result.criteria[2].evidence


def test_an_override_replaces_points_and_keeps_what_the_probes_said():
    result = judged(grade(three(0, 0)), rubric(), [_judgement(60, "layers", reason="Typo only.")])
    layers = result.criteria[0]
    assert (layers.score, layers.outcome) == (60, Outcome.PASSED)
    assert [one.share for one in layers.probes] == [0, 0]
    assert "Said of open_layers." in layers.evidence


def test_of_judgements_the_last_counts_and_one_may_be_taken_back():
    result = grade(three())
    assert judged(result, rubric(), [_judgement(3), _judgement(9)]).score == 99
    assert judged(result, rubric(), [_judgement(3), _judgement(None)]) == result


@pytest.mark.parametrize(
    "other", [{"student": "bob"}, {"milestone": "m2"}, {"submission_hash": "w2"}]
)
def test_a_judgement_about_something_else_changes_nothing(other):
    result = grade(three())
    assert judged(result, rubric(), [_judgement(8, **other)]) == result
    whatever = judged(result, rubric(), [_judgement(8, submission_hash=None)])
    assert whatever.score == 98


@pytest.mark.parametrize(
    ("score", "by", "reason", "says"),
    [
        (11, "Grace", "why", "give 0 to 10 points"),
        (-1, "Grace", "why", "give 0 to 10 points"),
        (float("nan"), "Grace", "why", "give 0 to 10 points"),
        (5, "Grace", "  ", "--reason must not be empty"),
        (5, "", "why", "--by must not be empty"),
    ],
)
def test_a_judgement_that_cannot_stand_is_refused(score, by, reason, says):
    with pytest.raises(BadInput, match=says):
        check_judgement(rubric().criteria[2], score, by, reason)


def test_a_judgement_needs_a_person_a_reason_and_a_time_that_is_one_moment():
    for changes in ({"by": " "}, {"reason": ""}, {"time": datetime(2027, 3, 2)}):
        with pytest.raises(ValidationError):
            _judgement(5, **changes)


def test_a_share_outside_0_to_1_is_no_result():
    with pytest.raises(ValidationError):
        ProbeResult(probe="x", outcome=Outcome.PASSED, share=1.01, evidence="")
