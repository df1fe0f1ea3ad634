"""The made scene through the whole flow, once for all tests that look at it."""

import pytest

from flows.nearmiss import nearmiss
from tasks.nearmiss.config import NearMissConfig


@pytest.fixture(scope="session")
def made_scene_run(tmp_path_factory, prefect_server, onnx_file):
    """The folder of the default input's results, with the review page."""
    folder = tmp_path_factory.mktemp("scene")
    config = NearMissConfig(output_dir=folder, compare_filters=True)
    state = nearmiss(config, return_state=True)
    assert state.is_completed(), state.message
    return folder / "made_scene"
