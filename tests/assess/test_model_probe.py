"""Answers that are no answers: each ends in its own outcome, never in full marks."""

import numpy as np
import pytest

from tasks.assess.jobs import Job, JobResult
from tasks.assess.probes.accuracy import LabelledJob, right_answers
from tasks.assess.probes.model_probe import between
from tasks.assess.probes.registry import PROBES
from tasks.assess.probes.whole_models import MODEL_PROBES
from tasks.assess.results import Outcome

DATA = ("mnist_mlp_accuracy", "mnist_cnn_accuracy", "cifar10_accuracy", "cifar10_short_training")
WITHOUT_DATA = [name for name in MODEL_PROBES if name not in DATA]


def _jobs(name: str) -> list[Job]:
    return PROBES[name].jobs(np.random.default_rng(0))


@pytest.mark.parametrize("name", WITHOUT_DATA)
@pytest.mark.parametrize("status", ["timeout", "memory", "killed", "no result", "malformed"])
def test_trouble_in_the_sandbox_is_not_gradable(name: str, status: str) -> None:
    jobs = _jobs(name)
    result = PROBES[name].judge(jobs, [JobResult(status)] * len(jobs))
    assert (result.outcome, result.share) == (Outcome.NOT_GRADABLE, None)


@pytest.mark.parametrize("name", WITHOUT_DATA)
def test_empty_answer_is_never_full_marks(name: str) -> None:
    jobs = _jobs(name)
    result = PROBES[name].judge(jobs, [JobResult("done")] * len(jobs))
    assert result.outcome in (Outcome.NOT_GRADABLE, Outcome.FAILED)
    assert not result.share


@pytest.mark.parametrize("name", WITHOUT_DATA)
@pytest.mark.parametrize("junk", ["1e9", float("nan"), True, None, [], {"a": 1}, [[]]])
def test_junk_is_never_full_marks(name: str, junk: object) -> None:
    keys = (
        *("shapes", "paths", "gradients", "effects", "components", "models", "tensors", "written"),
        *("image_tensors", "new_ids", "vocabulary", "decoded", "cases", "student", "product"),
        *("loops", "together", "single", "peak_bytes", "how", "problems", "changed_at", "asked"),
    )
    answer = JobResult("done", dict.fromkeys(keys, junk))
    jobs = _jobs(name)
    result = PROBES[name].judge(jobs, [answer] * len(jobs))
    if name == "no_forbidden_modules" and junk in ([], [[]]):
        return  # an empty list is its honest answer
    assert result.outcome in (Outcome.NOT_GRADABLE, Outcome.FAILED)
    assert not result.share


def test_exception_of_the_students_is_told() -> None:
    jobs = _jobs("gpt_shapes")
    result = PROBES["gpt_shapes"].judge(
        jobs, [JobResult("raised", error="ValueError: no such axis")]
    )
    assert (result.outcome, result.share) == (Outcome.FAILED, 0.0)
    assert "no such axis" in result.evidence


def _accuracy(scores: np.ndarray, labels: np.ndarray):
    probe = PROBES["cifar10_accuracy"]
    job = LabelledJob("model_predict", {}, {}, labels)
    return probe.judge([job], [JobResult("done", {"found": True}, {"scores": scores})])


@pytest.mark.parametrize(
    ("share", "outcome"),
    [(0.80, Outcome.PASSED), (0.755, Outcome.BORDERLINE), (0.60, Outcome.FAILED)],
)
def test_accuracy_is_judged_by_its_interval(share: float, outcome: Outcome) -> None:
    n = 2000
    labels = np.arange(n) % 10
    answers = np.where(np.arange(n) < share * n, labels, (labels + 1) % 10)
    result = _accuracy(np.eye(10)[answers], labels)
    assert result.outcome is outcome
    assert result.figures["n"] == n
    assert result.share == pytest.approx(min(1.0, (share - 0.1) / 0.65))


def test_few_images_are_not_gradable() -> None:
    labels = np.arange(500) % 10
    assert _accuracy(np.eye(10)[labels[:50]], labels).outcome is Outcome.NOT_GRADABLE


def test_more_rows_than_images_are_not_gradable() -> None:
    labels = np.arange(500) % 10
    assert _accuracy(np.eye(10)[np.arange(600) % 10], labels).outcome is Outcome.NOT_GRADABLE


def test_equal_and_infinite_scores_are_wrong() -> None:
    scores = np.array([[1.0, 1.0], [np.nan, 1.0], [np.inf, 0.0], [0.0, 1.0]])
    assert right_answers(scores, np.array([0, 1, 0, 1])) == 1


def test_labels_and_chances_stay_outside() -> None:
    for name in WITHOUT_DATA:
        for job in _jobs(name):
            assert not {"labels", "threshold", "nats"} & (job.params.keys() | job.arrays.keys())


def test_same_seed_asks_the_same() -> None:
    for name in WITHOUT_DATA:
        for one, other in zip(_jobs(name), _jobs(name), strict=True):
            assert one.params == other.params
            assert all(np.array_equal(a, other.arrays[key]) for key, a in one.arrays.items())


def test_shares_fall_with_the_logarithm() -> None:
    assert between(2, 3, 300) == 1
    assert between(30, 3, 300) == pytest.approx(0.5)
    assert between(1000, 3, 300) == 0
