"""Paths and small scenes that the tests share."""

from __future__ import annotations

from typing import Any

import pytest

from tasks.locate import PROJECT_ROOT
from tasks.nearmiss.scenes import load_catalogue, observe, parse_scene, truth

DATA = PROJECT_ROOT / "data" / "scenes"


@pytest.fixture(scope="session")
def data_folder():
    return DATA


@pytest.fixture(scope="session")
def catalogue():
    return load_catalogue(DATA)


@pytest.fixture(scope="session")
def truths(catalogue):
    return {scene.name: truth(scene) for scene in catalogue}


@pytest.fixture(scope="session")
def tables(catalogue):
    return {scene.name: observe(scene) for scene in catalogue}


@pytest.fixture
def make_scene():
    """A scene of the given users under a high camera that sees everything they do."""

    def make(*users: dict[str, Any], **changes: Any):
        data: dict[str, Any] = {
            "name": "test",
            "kind": "crossing",
            "seed": 1,
            "duration": 8,
            "camera": {"height": 60, "tilt": 90, "focal_px": 600, "picture": [1600, 1600]},
            "observation": {"fps": 10},
            "users": list(users),
        }
        return parse_scene({**data, **changes})

    return make
