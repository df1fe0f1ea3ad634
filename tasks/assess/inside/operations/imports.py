"""Which modules the submission brings in when everything in it is imported and built."""

import sys
from importlib.abc import MetaPathFinder
from pathlib import Path
from typing import Any

import numpy as np

from ..discovery import framework
from ..models import built

MODELS = ("mnist_mlp", "mnist_cnn", "cifar_cnn", "gpt")


class _Watch(MetaPathFinder):
    """Notes what is asked for and lets the others find it."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> None:
        self.asked.append(name.partition(".")[0])


def imported_modules(submission: Path, params: dict[str, Any], arrays: dict) -> dict[str, Any]:
    """Top-level names of modules that are neither the submission's nor standard.

    Params:
        `forbidden`: names that are watched for.

    Returns:
        `asked`: the forbidden names that something tried to import; `imported`: how many files
        could be imported.
    """
    watch = _Watch()
    sys.meta_path.insert(0, watch)
    student = framework(submission)
    try:
        imported = [student.sources.load(file) for file in student.sources.files]
        for name in MODELS:
            try:
                built(student, submission, name)
            except (Exception, SystemExit):  # noqa: BLE001, S112  only what was asked for counts
                continue
    finally:
        sys.meta_path.remove(watch)
    # The same names may be the student's own files, torch.py for example.
    own = {path.stem for path in submission.rglob("*.py")} | {
        path.name for path in submission.rglob("*") if path.is_dir()
    }
    asked = (set(watch.asked) & set(params["forbidden"])) - own
    loaded = sum(module is not None for module in imported)
    return {"asked": sorted(asked), "imported": loaded, "numpy": np.__version__}


OPERATIONS = {"imported_modules": imported_modules}
