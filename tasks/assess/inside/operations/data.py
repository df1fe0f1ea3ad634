"""The student's data loader."""

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from ..binding import call_bound
from ..discovery import Framework, NotFound, framework
from ..values import to_array

Arrays = dict[str, np.ndarray]


class Pairs:
    """A plain data set, for a student who has none."""

    def __init__(self, x: Any, y: Any) -> None:
        self.x, self.y = x, y

    def __len__(self) -> int:
        return len(self.x)

    def __getitem__(self, index: int) -> tuple[Any, Any]:
        if not 0 <= index < len(self.x):
            raise IndexError(index)
        return self.x[index], self.y[index]


def data_loader(submission: Path, params: dict[str, Any], arrays: Arrays) -> dict[str, Any]:
    """Everything that a loader gives in some epochs.

    Args:
        params: `batch`, `shuffle` and `epochs`.
        arrays: `x` (n, features) and `y` (n,).

    Returns:
        `x_<epoch>` and `y_<epoch>`, all batches one after the other, and `sizes`: a list of
        batch sizes an epoch.
    """
    student = framework(submission)
    try:
        found = student.need("data_loader")
    except NotFound as missing:
        return missing.values
    first: Exception | None = None
    for loader in _loaders(student, found, params, arrays):
        try:
            epochs = [_epoch(loader(), len(arrays["x"])) for loader in [loader] * params["epochs"]]
        except Exception as error:  # noqa: BLE001  the student's code may raise anything
            first = first or error
            continue
        answer: dict[str, Any] = {"found": True, "name": found.name, "sizes": []}
        for number, (x, y, sizes) in enumerate(epochs):
            answer |= {f"x_{number}": x, f"y_{number}": y}
            answer["sizes"].append(sizes)
        return answer
    raise first


def _loaders(student: Framework, found: Any, params: dict[str, Any], arrays: Arrays) -> Iterator:
    """Makers that give the same loader each time, so that its second epoch is seen."""
    settings = {"batch": params["batch"], "shuffle": params["shuffle"]}
    for given in _sources(student, arrays):
        with contextlib.suppress(Exception):
            needed = tuple(key for key in given)
            made = call_bound(found.target, {**given, **settings}, (*needed, "batch"))
            if found.is_class:
                yield lambda made=made: made
            else:
                yield lambda given=given, needed=needed: call_bound(
                    found.target, {**given, **settings}, (*needed, "batch")
                )


def _sources(student: Framework, arrays: Arrays) -> Iterator[dict[str, Any]]:
    x, y = arrays["x"], arrays["y"]
    pairs = [(student.wrap(x, cls), student.wrap(y, cls)) for cls in student.tensor_classes()]
    dataset = student.find("dataset")
    for one in [*pairs, (x, y)]:
        if dataset is not None:
            with contextlib.suppress(Exception):
                made = dataset.target(*one)
                if len(made) == len(x):
                    yield {"dataset": made}
    yield {"dataset": Pairs(x, y)}
    for one in [(x, y), *pairs]:
        yield {"inputs": one[0], "targets": one[1]}


def _epoch(loader: Any, count: int) -> tuple[np.ndarray, np.ndarray, list[int]]:
    xs, ys, sizes = [], [], []
    for batch in loader:
        x, y = (to_array(part) for part in batch)
        xs.append(np.atleast_2d(x))
        ys.append(y.reshape(-1))
        sizes.append(len(xs[-1]))
        if sum(sizes) > 3 * count or len(sizes) > 3 * count:
            break  # a loader that never ends
    return np.concatenate(xs), np.concatenate(ys), sizes


OPERATIONS = {"data_loader": data_loader}
