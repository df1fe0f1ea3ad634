"""The task runner that the environment names: what runs mapped tasks, and where.

    TASK_RUNNER=threads                              threads of this process (the default)
    TASK_RUNNER=dask DASK_ADDRESS=tcp://host:8786    an existing Dask cluster
    TASK_RUNNER=ray RAY_ADDRESS=ray://host:10001     an existing Ray cluster

Dask and Ray workers need this checkout importable, the same packages, and the videos and the
output folder under the same paths.
"""

import os
from collections.abc import Mapping

from prefect.task_runners import TaskRunner, ThreadPoolTaskRunner

from tasks.errors import BadInput

VARIABLE = "TASK_RUNNER"
ADDRESSES = {"dask": "DASK_ADDRESS", "ray": "RAY_ADDRESS"}


def task_runner(at_once: int, environment: Mapping[str, str] = os.environ) -> TaskRunner:
    """The task runner of the environment.

    Args:
        at_once: how many tasks threads run at once; a cluster knows this by itself.
        environment: variables to read.

    Raises:
        BadInput: an unknown runner, one without an address, or whose package is not installed.
    """
    name = environment.get(VARIABLE, "threads")
    if name == "threads":
        return ThreadPoolTaskRunner(max_workers=at_once)
    if name not in ADDRESSES:
        raise BadInput(f"{VARIABLE}={name}: use threads, dask or ray.")
    address = environment.get(ADDRESSES[name])
    if not address:
        raise BadInput(f"{VARIABLE}={name} needs {ADDRESSES[name]}, the address of the cluster.")
    try:
        if name == "dask":
            from prefect_dask import DaskTaskRunner

            return DaskTaskRunner(address=address)
        from prefect_ray import RayTaskRunner

        return RayTaskRunner(address=address)
    except ImportError as error:
        raise BadInput(f"{VARIABLE}={name} needs: pip install prefect-{name}.") from error
