"""The made scene through the whole flow, once for all tests that look at it."""

import os

import pytest
from filelock import FileLock

from flows.nearmiss import nearmiss
from tasks.nearmiss.config import NearMissConfig


@pytest.fixture(scope="session")
def made_scene_run(tmp_path_factory, prefect_server, onnx_file):
    """The folder of the default input's results, with the review page."""
    # One of the processes that tests run in makes it, and the others take it.
    shared = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        shared = shared.parent
    folder, done = shared / "scene", shared / "scene.done"
    with FileLock(shared / "scene.lock"):
        if not done.exists():
            config = NearMissConfig(output_dir=folder, compare_filters=True)
            state = nearmiss(config, return_state=True)
            assert state.is_completed(), state.message
            done.touch()
    return folder / "made_scene"
