"""Right frameworks, whatever their style, pass every probe."""

import numpy as np
import pytest
from in_process import probed, submission

from tasks.assess.jobs import JobResult
from tasks.assess.probes.registry import FRAMEWORK_PROBES, judged
from tasks.assess.probes.training_dynamics import FASTER
from tasks.assess.references.network import descend, squared_error_gradients
from tasks.assess.results import Outcome


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("student", ["autograd", "explicit"])
def test_right_framework_passes(tmp_path, student):
    submitted = submission(tmp_path, student)
    results = [probed(submitted, name) for name in FRAMEWORK_PROBES]
    wrong = {one.probe: one.evidence for one in results if one.outcome is not Outcome.PASSED}
    assert wrong == {}
    assert {one.share for one in results} == {1.0}


def test_a_probe_asks_the_same_for_the_same_seed_and_something_else_for_another():
    for probe in FRAMEWORK_PROBES.values():
        first, again, other = (probe.jobs(np.random.default_rng(seed)) for seed in (1, 1, 2))
        same = [_same(one, two) for one, two in zip(first, again, strict=True)]
        assert all(same)
        assert not all(_same(one, two) for one, two in zip(first, other, strict=True))


def _same(one, two):
    return one.params == two.params and all(
        np.array_equal(array, two.arrays[name]) for name, array in one.arrays.items()
    )


@pytest.mark.parametrize("name", list(FRAMEWORK_PROBES))
@pytest.mark.parametrize("status", ["timeout", "memory", "killed", "no result", "malformed"])
def test_trouble_in_the_sandbox_is_not_gradable(name, status):
    probe = FRAMEWORK_PROBES[name]
    jobs = probe.jobs(np.random.default_rng(1))
    results = [JobResult("done", {"found": False}) for _ in jobs[1:]]
    result = judged(probe, jobs, [JobResult(status, error="it took too long"), *results])
    assert result.outcome is Outcome.NOT_GRADABLE
    assert result.share is None
    assert status in result.evidence


@pytest.mark.parametrize("name", list(FRAMEWORK_PROBES))
@pytest.mark.parametrize(
    ("values", "arrays"),
    [
        ({}, {}),
        ({"found": True, "offered": True, "ran": True, "moved": True, "was_set": True}, {}),
        (
            {"found": True, "was_set": False, "roles": "weight", "sizes": 3, "names": [None]},
            {"output": np.full((2, 2), np.nan), "losses": np.zeros(0), "after": np.zeros(1)},
        ),
        ({"found": 7, "problems": {"a": 1}, "value plain": "0"}, {"x_0": np.zeros((0, 3))}),
    ],
)
def test_made_up_answers_earn_nothing(name, values, arrays):
    probe = FRAMEWORK_PROBES[name]
    jobs = probe.jobs(np.random.default_rng(1))
    result = judged(probe, jobs, [JobResult("done", values, arrays) for _ in jobs])
    assert result.outcome in (Outcome.FAILED, Outcome.GRADER_ERROR)
    assert not result.share or result.share < 0.5


def test_too_few_answers_are_the_graders_error():
    probe = FRAMEWORK_PROBES["dense_forward"]
    result = probe.judge(probe.jobs(np.random.default_rng(1)), [])
    assert result.outcome is Outcome.GRADER_ERROR


def test_what_is_drawn_for_training_can_be_learnt():
    fallen = []
    for seed in range(100):
        slow, fast, _ = FRAMEWORK_PROBES["training_dynamics"].jobs(np.random.default_rng(seed))
        falls = []
        for job in (slow, fast):
            case = job.params["layers"], job.arrays, job.arrays["input"], job.arrays["targets"]
            errors = descend(*case, job.params["settings"]["rate"], job.params["steps"])
            falls.append(errors[0] - errors[-1])
        fallen.append(falls[1] / falls[0])
        job = FRAMEWORK_PROBES["every_parameter_learns"].jobs(np.random.default_rng(seed))[0]
        case = job.params["layers"], job.arrays, job.arrays["input"], job.arrays["targets"]
        _, gradients = squared_error_gradients(*case)
        assert all(gradient.any() for gradient in gradients.values())
    assert min(fallen) > FASTER
