"""The task runner comes from the environment."""

import pytest
from prefect.task_runners import ThreadPoolTaskRunner

from tasks.errors import BadInput
from tasks.runners import task_runner


def test_threads_are_the_default():
    runner = task_runner(3, {})
    assert isinstance(runner, ThreadPoolTaskRunner)
    assert runner._max_workers == 3


def test_dask_takes_its_address_from_the_environment():
    runner = task_runner(1, {"TASK_RUNNER": "dask", "DASK_ADDRESS": "tcp://127.0.0.1:8786"})
    assert type(runner).__name__ == "DaskTaskRunner"
    assert runner.address == "tcp://127.0.0.1:8786"


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({"TASK_RUNNER": "spark"}, "use threads, dask or ray"),
        ({"TASK_RUNNER": "dask"}, "needs DASK_ADDRESS"),
        ({"TASK_RUNNER": "ray"}, "needs RAY_ADDRESS"),
    ],
)
def test_a_runner_that_cannot_be_had_is_bad_input(environment, expected):
    with pytest.raises(BadInput, match=expected):
        task_runner(1, environment)
