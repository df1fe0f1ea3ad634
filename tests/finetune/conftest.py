"""What several tests of fine-tuning need."""

from pathlib import Path

import pytest
from tiny_model import make_tiny_model


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of a language model of two layers with a chat template; do not write to it."""
    return make_tiny_model(tmp_path_factory.mktemp("language_model") / "tiny")
