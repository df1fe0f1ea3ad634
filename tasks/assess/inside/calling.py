"""Runs a student's layer forward and backward, in whichever style it is written.

Three styles are known: tensors that record what was done and have `backward()`; layers with a
`backward(gradient)` of their own; and layers whose `backward(gradient, rate)` steps at once.
"""

import contextlib
import inspect
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from .binding import ALIASES, USUAL, required_names
from .discovery import Framework
from .parameters import Parameter, learnt
from .values import to_array


@dataclass
class Gradients:
    """What a backward pass gave.

    Attributes:
        output: of the forward pass.
        parameters: by path; None where a parameter received none.
        to_input: None where the input received none.
        style: how it was asked for.
    """

    output: np.ndarray
    parameters: dict[str, np.ndarray | None]
    to_input: np.ndarray | None
    style: str
    problems: list[str] = field(default_factory=list)

    @property
    def received(self) -> int:
        held = [*self.parameters.values(), self.to_input]
        return sum(gradient is not None for gradient in held)


def run(thing: Any, value: Any) -> Any:
    """Call a layer, network or function: itself, else its forward, call or predict."""
    target = thing if callable(thing) else None
    for name in ("forward", "call", "predict"):
        target = target or getattr(thing, name, None)
    if target is None:
        raise TypeError(f"{type(thing).__name__} has neither __call__ nor forward")
    usual = {name: USUAL[name] for name in required_names(target)[1:] if name in USUAL}
    output = target(value, **usual)
    return getattr(thing, "output", None) if output is None else output


def run_on(thing: Any, *values: Any) -> Any:
    """Call a loss or function of several values: itself, else its forward, loss or compute."""
    return callee(thing)(*values)


def callee(thing: Any) -> Callable:
    """What of a loss or function is called.

    Raises:
        TypeError: there is nothing to call.
    """
    for name in ("calculate", "forward", "loss", "compute", "call", "direct"):
        method = getattr(thing, name, None)
        if callable(method) and not callable(thing):
            return method
    if callable(thing):
        return thing
    raise TypeError(f"{type(thing).__name__} has neither __call__ nor forward")


def forward(framework: Framework, thing: Any, array: np.ndarray) -> np.ndarray:
    """The output for an array, given as the student's tensor or plainly.

    Raises:
        Exception: what the student's code raised for the first of them.
    """
    first: BaseException | None = None
    for cls in tensor_choices(framework, thing, gradients=False):
        try:
            return to_array(run(thing, framework.wrap(array, cls)))
        except Exception as error:  # noqa: BLE001  the student's code may raise anything
            first = first or error
    raise first


def gradients(
    framework: Framework,
    make: Callable[[], Any],
    array: np.ndarray,
    upstream: Callable[[tuple[int, ...]], np.ndarray],
) -> Gradients:
    """The gradients of sum(output * upstream), by the student's own backward.

    Args:
        make: a fresh thing with the same parameters, since gradients may add up.
        upstream: the output's gradient, given the output's shape.

    Raises:
        Exception: what the forward pass raised.
    """
    # The student's output may be laid out otherwise, so its shape is asked first.
    shape = forward(framework, make(), array).shape
    seed = upstream(shape)
    best: Gradients | None = None
    problems: list[str] = []
    for style, attempt in _attempts(framework, make, array, seed):
        try:
            got = attempt()
        except Exception as error:  # noqa: BLE001  the student's code may raise anything
            problems.append(" ".join(f"{style}: {type(error).__name__}: {error}".split())[:200])
            continue
        if got is None:
            continue
        got.style = style
        if best is None or got.received > best.received:
            best = got
        if got.received == len(got.parameters) + 1:
            break
    if best is None:
        thing = make()
        output = forward(framework, thing, array)
        best = Gradients(output, {p.path: None for p in learnt(thing)}, None, "none")
    best.problems = problems[:3]
    return best


def _attempts(
    framework: Framework, make: Callable[[], Any], array: np.ndarray, seed: np.ndarray
) -> Iterator[tuple[str, Callable[[], Gradients | None]]]:
    for cls in tensor_choices(framework, make(), gradients=True):
        if cls is not None:
            for name, backward in _BACKWARDS:
                yield name, _autograd(framework, make, array, seed, cls, backward)
        yield "layer.backward", _explicit(framework, make, array, seed, cls)


def _autograd(
    framework: Framework,
    make: Callable[[], Any],
    array: np.ndarray,
    seed: np.ndarray,
    cls: type,
    backward: Callable[..., bool],
) -> Callable[[], Gradients | None]:
    def attempt() -> Gradients | None:
        thing = make()
        parameters = learnt(thing)
        tensor = framework.wrap(array, cls, requires_grad=True)
        output = run(thing, tensor)
        values = to_array(output)
        if not hasattr(output, "backward") or not backward(framework, output, seed, cls):
            return None
        return Gradients(values, _of(parameters), gradient_of(tensor), "")

    return attempt


def _explicit(
    framework: Framework, make: Callable[[], Any], array: np.ndarray, seed: np.ndarray, cls: Any
) -> Callable[[], Gradients | None]:
    def attempt() -> Gradients | None:
        thing = make()
        if not callable(getattr(thing, "backward", None)):
            return None
        parameters = learnt(thing)
        before = {parameter.path: parameter.read() for parameter in parameters}
        output = to_array(run(thing, framework.wrap(array, cls)))
        upstream = framework.wrap(seed, cls)
        if steps_at_once(thing.backward):
            to_input = thing.backward(upstream, 1.0)
            held = {p.path: before[p.path] - p.read() for p in parameters}
        else:
            to_input = thing.backward(upstream)
            held = _of(parameters)
        if to_input is None:
            to_input = getattr(thing, "dinputs", None)
        return Gradients(output, held, None if to_input is None else to_array(to_input), "")

    return attempt


def _seeded_tensor(framework: Framework, output: Any, seed: np.ndarray, cls: type) -> bool:
    if not _takes_gradient(output.backward):
        return False
    output.backward(framework.wrap(seed, cls))
    return True


def _seeded_array(framework: Framework, output: Any, seed: np.ndarray, cls: type) -> bool:
    if not _takes_gradient(output.backward):
        return False
    output.backward(seed)
    return True


def _summed(framework: Framework, output: Any, seed: np.ndarray, cls: type) -> bool:
    (output * framework.wrap(seed, cls)).sum().backward()
    return True


def _averaged(framework: Framework, output: Any, seed: np.ndarray, cls: type) -> bool:
    (output * framework.wrap(seed * seed.size, cls)).mean().backward()
    return True


def _by_squared_error(framework: Framework, output: Any, seed: np.ndarray, cls: type) -> bool:
    """A target whose mean squared error has just this gradient in the output."""
    found = framework.find("mse")
    if found is None:
        return False
    target = to_array(output) - seed * seed.size / 2.0
    run_on(found.make(), output, framework.wrap(target, cls)).backward()
    return True


_BACKWARDS: tuple[tuple[str, Callable[..., bool]], ...] = (
    ("output.backward(tensor)", _seeded_tensor),
    ("output.backward(array)", _seeded_array),
    ("(output * tensor).sum().backward()", _summed),
    ("(output * tensor).mean().backward()", _averaged),
    ("mse(output, target).backward()", _by_squared_error),
)


def _takes_gradient(backward: Callable) -> bool:
    try:
        names = list(inspect.signature(backward).parameters)
    except (TypeError, ValueError):
        return True
    return bool(names) and names[0] in ALIASES["gradient"]


def steps_at_once(backward: Callable) -> bool:
    """Whether a layer's backward wants the learning rate beside the gradient."""
    names = required_names(backward)
    return len(names) == 2 and names[1] in ALIASES["rate"]


def _of(parameters: list[Parameter]) -> dict[str, np.ndarray | None]:
    return {parameter.path: parameter.gradient() for parameter in parameters}


def gradient_of(tensor: Any) -> np.ndarray | None:
    held = getattr(tensor, "grad", None)
    with contextlib.suppress(TypeError):
        return None if held is None else to_array(held)
    return None


def tensor_choices(framework: Framework, thing: Any, gradients: bool) -> list[type | None]:
    """Tensors first where the student has them; the one with gradients first where they matter."""
    classes: list[type | None] = list(framework.tensor_classes(thing))
    variable = framework.find("variable")
    if variable is not None and variable.target in classes:
        classes.remove(variable.target)
        classes.insert(0 if gradients else len(classes), variable.target)
    return [*classes, None]
