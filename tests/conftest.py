"""What several tests need: shared data, weights, and one Prefect server a session."""

import tasks.environment  # noqa: F401  isort: skip — before Prefect

from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from tasks.locate import PROJECT_ROOT, find_model

SHARED = PROJECT_ROOT.parent / "shared"


@pytest.fixture(scope="session")
def prefect_server():
    """A real Prefect server with an empty database, for every test that runs a flow.

    Without the heartbeat, which makes every flow run a second longer.
    """
    from prefect.settings import PREFECT_FLOWS_HEARTBEAT_FREQUENCY, temporary_settings
    from prefect.testing.utilities import prefect_test_harness

    quiet = {PREFECT_FLOWS_HEARTBEAT_FREQUENCY: None}
    with prefect_test_harness(server_startup_timeout=120), temporary_settings(updates=quiet):
        yield


@pytest.fixture(scope="session")
def artifacts_of_run(prefect_server) -> Callable[[UUID], dict[str, Any]]:
    """A function that gives the artifacts of one flow run by their keys."""
    from prefect.client.orchestration import get_client
    from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterId

    def read(flow_run_id: UUID) -> dict[str, Any]:
        of_run = FlowRunFilter(id=FlowRunFilterId(any_=[flow_run_id]))
        with get_client(sync_client=True) as client:
            found = client.read_artifacts(flow_run_filter=of_run)
        return {artifact.key: artifact for artifact in found if artifact.key}

    return read


@pytest.fixture(scope="session")
def weights_file() -> Path:
    """YOLOv8n weights, or a skip that says where they were looked for."""
    path = find_model("yolov8n.pt")
    if path is None:
        pytest.skip("yolov8n.pt is in none of models/, $MODEL_DIR, ../shared/models")
    return path


@pytest.fixture(scope="session")
def onnx_file(weights_file: Path) -> Path:
    """The weights' ONNX export."""
    from tasks.nearmiss.weights import export_onnx

    return export_onnx(weights_file)


@pytest.fixture(scope="session")
def videos() -> Path:
    """The folder of real test videos, or a skip."""
    folder = SHARED / "data" / "videos"
    if not folder.is_dir():
        pytest.skip("the test videos (../shared/data/videos) are not on this machine")
    return folder


@pytest.fixture(scope="session")
def made_scene_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The made scene as a video."""
    from tasks.nearmiss.sources import made_scene

    path = tmp_path_factory.mktemp("scene") / "made_scene.mp4"
    made_scene.make(path)
    return path


@pytest.fixture(scope="session")
def faq_file() -> Path:
    """The shared questions and answers, or a skip."""
    path = SHARED / "data" / "qa" / "faq_pairs.jsonl"
    if not path.is_file():
        pytest.skip("the questions and answers (../shared/data/qa) are not on this machine")
    return path
