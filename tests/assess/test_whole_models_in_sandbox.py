"""Whole models in the real sandbox, which has numpy and nothing else of this environment."""

from pathlib import Path

import numpy as np
import pytest

from tasks.assess.datasets import DATASETS
from tasks.assess.probes.registry import PROBES
from tasks.assess.results import Outcome
from tasks.assess.sandbox import bubblewrap
from tasks.assess.sandbox.session import Sandbox

REFERENCE = Path(__file__).parent / "reference_framework"
NAMES = ("mnist_cnn_trains_every_parameter", "save_load_model", "component_reuse", "text_valid")

pytestmark = pytest.mark.skipif(
    bool(bubblewrap.missing()), reason=f"no sandbox here: {bubblewrap.missing()}"
)


def test_reference_passes_in_the_sandbox() -> None:
    """All jobs in one process, in which one probe must not disturb the next."""
    jobs = {name: PROBES[name].jobs(np.random.default_rng(5)) for name in NAMES}
    with Sandbox(REFERENCE) as sandbox:
        results = iter(sandbox.run([job for held in jobs.values() for job in held]))
    for name, held in jobs.items():
        result = PROBES[name].judge(held, [next(results) for _ in held])
        assert result.outcome is Outcome.PASSED, result.evidence


@pytest.mark.slow
def test_accuracy_does_not_depend_on_what_ran_before() -> None:
    if DATASETS["mnist"].find() is None:
        pytest.skip("MNIST is not on this machine")
    probe = PROBES["mnist_cnn_accuracy"]
    jobs = probe.jobs(np.random.default_rng(5))
    other = PROBES["gpt_loss_falls"].jobs(np.random.default_rng(5))
    with Sandbox(REFERENCE) as sandbox:
        alone = probe.judge(jobs, sandbox.run(jobs))
        after = probe.judge(jobs, sandbox.run([*other, *jobs])[1:])
    assert alone == after
