"""Small edits of a submission's files; an edit that changes nothing is an error."""

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np

REFERENCE = Path(__file__).parents[1] / "reference_framework"


def copy_reference(folder: Path) -> None:
    """The reference submission as it is, in a new folder."""
    shutil.copytree(REFERENCE, folder, ignore=shutil.ignore_patterns("__pycache__"))


def replace(folder: Path, name: str, old: str, new: str) -> None:
    """Put one text in place of another, wherever it stands in the file of that name."""
    path = next(folder.rglob(name))
    text = path.read_text()
    if old not in text:
        raise ValueError(f"{old!r} is not in {name}")
    path.write_text(text.replace(old, new))


def begin_with(folder: Path, name: str, text: str) -> None:
    """Put lines before everything else in the file of that name."""
    path = next(folder.rglob(name))
    path.write_text(text + path.read_text())


def rename_words(folder: Path, words: dict[str, str]) -> None:
    """Give names of variables, functions and classes another spelling in every Python file."""
    pattern = re.compile(rf"\b({'|'.join(map(re.escape, words))})\b")
    seen: set[str] = set()
    for path in folder.rglob("*.py"):
        text = path.read_text()
        seen |= set(pattern.findall(text))
        path.write_text(pattern.sub(lambda match: words[match[0]], text))
    if missing := words.keys() - seen:
        raise ValueError(f"{sorted(missing)} stand nowhere")


def blur_weights(folder: Path, name: str, by: float) -> None:
    """Add noise to saved weights, `by` times the deviation of each array."""
    rng = np.random.default_rng(0)
    _change_weights(
        folder, name, lambda array: array + by * array.std() * rng.standard_normal(array.shape)
    )


def spoil_weights(folder: Path, name: str) -> None:
    """Save nothing but NaN in the same shapes."""
    _change_weights(folder, name, lambda array: np.full_like(array, np.nan))


def add_weights(folder: Path, name: str, arrays: dict[str, np.ndarray]) -> None:
    """Save some arrays more."""
    _save(folder, name, _saved(folder, name) | arrays)


def _change_weights(folder: Path, name: str, change: Callable[[np.ndarray], np.ndarray]) -> None:
    changed = {key: change(array) for key, array in _saved(folder, name).items()}
    _save(folder, name, changed)


def _saved(folder: Path, name: str) -> dict[str, np.ndarray]:
    with np.load(folder / "weights" / f"{name}.npz", allow_pickle=False) as held:
        return {key: array.astype(np.float32) for key, array in held.items()}


def _save(folder: Path, name: str, arrays: dict[str, np.ndarray]) -> None:
    small = {key: array.astype(np.float16) for key, array in arrays.items()}
    np.savez(folder / "weights" / f"{name}.npz", **small)
