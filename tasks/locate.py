"""Where models and data are looked for, in one order for every flow."""

import os
from pathlib import Path

PROJECT_ROOT = Path(__file__).resolve().parent.parent


def model_folders() -> list[Path]:
    """Folders that may hold weights: the project's, $MODEL_DIR, one shared between checkouts."""
    folders = [PROJECT_ROOT / "models"]
    if os.environ.get("MODEL_DIR"):
        folders.append(Path(os.environ["MODEL_DIR"]).expanduser())
    return [*folders, PROJECT_ROOT.parent / "shared" / "models"]


def find_model(name: str) -> Path | None:
    """The first file of this name in the model folders, or None."""
    candidates = (folder / name for folder in model_folders())
    return next((path for path in candidates if path.is_file()), None)


def data_folders() -> list[Path]:
    """Folders that may hold data: the project's, $DATA_DIR, one shared between checkouts."""
    folders = [PROJECT_ROOT / "data"]
    if os.environ.get("DATA_DIR"):
        folders.append(Path(os.environ["DATA_DIR"]).expanduser())
    return [*folders, PROJECT_ROOT.parent / "shared" / "data"]
