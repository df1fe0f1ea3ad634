"""A submission's whole models: found by their builders' names, with the submitted weights."""

import inspect
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from .calling import run
from .discovery import Framework
from .loading import Definition
from .parameters import Parameter, all_arrays, learnt
from .values import to_array

VERBS = ("build", "make", "create")
TRIED_IMAGES = 2
CLASSES = 10


class NotBuilt(Exception):
    """A model cannot be had; `values` say why, for the answer."""

    def __init__(self, **values: Any) -> None:
        super().__init__(values.get("reason") or values.get("looked_for"))
        self.values = values


@dataclass
class Model:
    """A model as the submission builds it.

    Attributes:
        weights: how the submitted arrays came into it; "" where there were none.
        preprocess: the submission's own, or None.
        held: every float array in it before anything ran, since many layers keep their inputs.
        parameters: those of them that are learnt.
    """

    network: Any
    name: str
    file: Path
    weights: str
    preprocess: Callable | None
    held: list[Parameter]
    parameters: list[Parameter]


def functions(student: Framework, names: tuple[str, ...]) -> Iterator[tuple[Definition, Callable]]:
    """Top-level functions of these names that import, in the files' order."""
    for name in names:
        for definition in student.sources.definitions:
            if definition.kind == "function" and definition.name == name:
                target = student.sources.get(definition)
                if callable(target):
                    yield definition, target


def built(student: Framework, submission: Path, name: str, with_weights: bool = True) -> Model:
    """The model of this name, in evaluation mode.

    Args:
        name: for example "mnist_mlp".
        with_weights: whether weights/NAME.npz is put into it.

    Raises:
        NotBuilt: there is no builder, or the weights do not fit.
        Exception: what the builder raised.
    """
    names = tuple(f"{verb}_{name}" for verb in VERBS)
    definition, builder = next(functions(student, names), (None, None))
    if builder is None:
        raise NotBuilt(
            found=False,
            looked_for=_looked_for(student, names),
            seen=[d.name for d in student.sources.definitions if d.kind == "function"][:25],
            problems=student.sources.failures[:5],
        )
    arrays = _submitted(submission, name) if with_weights else {}
    if _wants_weights(builder):
        network, how = builder(arrays), "by the builder" if arrays else ""
    else:
        network = builder()
        how = _load(network, arrays) if arrays else ""
    set_mode(network, training=False)
    file, preprocess = definition.file.path, _preprocess(student, name)
    return Model(network, name, file, how, preprocess, all_arrays(network), learnt(network))


def _looked_for(student: Framework, names: tuple[str, ...]) -> str:
    """The builder; that it is there, where its file alone keeps it from being used."""
    if any(d.kind == "function" and d.name in names for d in student.sources.definitions):
        return f"a function {names[0]}() in a file that imports (it is there, its file does not)"
    return f"a function {names[0]}() in any file"


def set_mode(network: Any, training: bool) -> None:
    """Training or evaluation, where the network knows the difference."""
    method = getattr(network, "train" if training else "eval", None)
    if not callable(method):
        return
    try:
        required = [
            p
            for p in inspect.signature(method).parameters.values()
            if p.default is p.empty and p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)
        ]
    except (TypeError, ValueError):
        return
    if not required:  # a train(images, labels) is something else
        method()


class Predictor:
    """Runs images through a model in whichever form it takes them.

    Args:
        images: float32 (n, channels, height, width) from 0 to 1, of which the first are tried.

    Raises:
        NotBuilt: the model takes them in no form.
    """

    def __init__(self, student: Framework, model: Model, images: np.ndarray) -> None:
        self.student, self.model = student, model
        self.form, self.shape, self.cls = self._fitting(images[:TRIED_IMAGES])
        self.one_by_one = self.form.endswith("one by one")

    def output(self, images: np.ndarray) -> Any:
        """What the model gives, as the student's own value."""
        return run(self.model.network, self.wrapped(images))

    def wrapped(self, images: np.ndarray) -> Any:
        """The images as the model takes them."""
        shaped = self.shape(images)
        if self.model.preprocess is not None:
            shaped = self.model.preprocess(shaped)
        return self.student.wrap(shaped, self.cls) if isinstance(shaped, np.ndarray) else shaped

    def scores(self, images: np.ndarray, batch: int, seconds: float) -> np.ndarray:
        """(n or, where the time is over before, fewer; 10)."""
        until = time.monotonic() + seconds
        size = 1 if self.one_by_one else batch
        rows: list[np.ndarray] = []
        for first in range(0, len(images), size):
            if rows and time.monotonic() > until:
                break
            part = images[first : first + size]
            rows.append(to_array(self.output(part)).reshape(len(part), CLASSES))
        return np.concatenate(rows)

    def _fitting(self, images: np.ndarray) -> tuple[str, Callable, type | None]:
        problems: list[str] = []
        classes = [*self.student.tensor_classes(self.model.network), None]
        for form, shape, count in _forms(images):
            for cls in classes:
                self.shape, self.cls = shape, cls
                try:
                    given = to_array(self.output(images[:count]))
                except Exception as error:  # noqa: BLE001  the student's code may raise anything
                    problems.append(
                        " ".join(f"{form}: {type(error).__name__}: {error}".split())[:200]
                    )
                    continue
                if given.size == count * CLASSES and given.dtype.kind == "f":
                    return form, shape, cls
                problems.append(f"{form}: the output has shape {given.shape}")
        raise NotBuilt(
            found=True,
            loaded=True,
            runs=False,
            reason=f"{self.model.name} gives no (n, {CLASSES}) for images",
            problems=problems[:4],
        )


def _forms(images: np.ndarray) -> list[tuple[str, Callable, int]]:
    """(name, from (n, channels, height, width), images at a time), the contract's own first."""
    n, channels = images.shape[:2]
    flat = ("(n, pixels)", lambda x: x.reshape(len(x), -1), n)
    planes = ("(n, channels, height, width)", lambda x: x, n)
    last = ("(n, height, width, channels)", lambda x: x.transpose(0, 2, 3, 1), n)
    if channels > 1:
        return [planes, last, flat, ("(channels, height, width) one by one", lambda x: x[0], 1)]
    grey = ("(n, height, width)", lambda x: x[:, 0], n)
    one = ("(height, width) one by one", lambda x: x[0, 0], 1)
    column = ("(pixels, 1) one by one", lambda x: x.reshape(-1, 1), 1)
    return [planes, flat, grey, last, one, column]


def _wants_weights(builder: Callable) -> bool:
    try:
        parameters = inspect.signature(builder).parameters.values()
    except (TypeError, ValueError):
        return False
    return sum(p.default is p.empty and p.kind is p.POSITIONAL_OR_KEYWORD for p in parameters) == 1


def _submitted(submission: Path, name: str) -> dict[str, np.ndarray]:
    """The arrays of NAME.npz, wherever it lies, as 32-bit floats; {} where there is none."""
    files = [path for path in submission.rglob(f"{name}.npz") if not path.is_symlink()]
    for path in sorted(files, key=lambda path: (len(path.parts), str(path))):
        with np.load(path, allow_pickle=False) as arrays:
            return {
                key: value.astype(np.float32) if value.dtype.kind == "f" else value
                for key, value in arrays.items()
            }
    return {}


def _load(network: Any, arrays: dict[str, np.ndarray]) -> str:
    """Put the arrays into the network; how it was done.

    Raises:
        NotBuilt: they do not fit.
    """
    own = getattr(network, "load_state_dict", None)
    refusal: Exception | None = None
    if callable(own):
        try:
            own({name: array.copy() for name, array in arrays.items()})
            return "load_state_dict"
        except Exception as error:  # noqa: BLE001  the student's code may raise anything
            refusal = error
    if _by_name(network, arrays):
        return "by name"
    try:
        return _by_position(network, arrays)
    except NotBuilt:
        if refusal is not None:
            raise refusal from None
        raise


def _by_name(network: Any, arrays: dict[str, np.ndarray]) -> bool:
    held = {parameter.path: parameter for parameter in all_arrays(network)}
    if not arrays.keys() <= held.keys():
        return False
    return all(held[name].write(array) for name, array in arrays.items())


def _by_position(network: Any, arrays: dict[str, np.ndarray]) -> str:
    # learnt() has the order of the attributes, as parameters() usually does.
    targets = learnt(network)
    if len(targets) != len(arrays):
        targets = all_arrays(network)
    given = sorted(arrays.items(), key=_natural)
    shapes = [parameter.read().shape for parameter in targets]
    if len(targets) != len(given) or any(
        array.size != np.prod(shape) or array.squeeze().shape != tuple(s for s in shape if s != 1)
        for (_, array), shape in zip(given, shapes, strict=True)
    ):
        raise NotBuilt(
            found=True,
            loaded=False,
            reason=f"the file holds {[list(a.shape) for _, a in given]}, the model "
            f"{[list(shape) for shape in shapes]}"[:400],
        )
    for parameter, (_, array), shape in zip(targets, given, shapes, strict=True):
        if not parameter.write(array.reshape(shape)):
            raise NotBuilt(found=True, loaded=False, reason=f"{parameter.path} cannot be set")
    return "by position"


def _natural(item: tuple[str, Any]) -> tuple[int, str]:
    """arr_2 before arr_10; other names keep the file's order."""
    digits = item[0].removeprefix("arr_")
    return (int(digits), "") if digits.isdigit() else (0, "")


def _preprocess(student: Framework, name: str) -> Callable | None:
    names = (f"preprocess_{name}", f"preprocess_{name.split('_')[0]}", "preprocess")
    return next((target for _, target in functions(student, names)), None)
