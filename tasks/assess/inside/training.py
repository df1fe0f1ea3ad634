"""Forward, loss, backward and step over a student's network, in the style that works for it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from .binding import NotOffered
from .building import Built, build, contain
from .calling import run, steps_at_once, tensor_choices
from .discovery import Framework, NotFound
from .layouts import PLAIN, Layout, layouts_for
from .losing import TARGET_FORMS, Loss, of_scalar, target_in
from .parameters import Parameter, all_arrays
from .stepping import Optimizer

Arrays = dict[str, np.ndarray]


@dataclass
class Style:
    """How this student's framework wants its input and targets."""

    cls: type | None
    form: str
    targets_wrapped: bool
    layout: Layout


@dataclass
class Learner:
    """A network, its loss and, for training, its optimizer."""

    framework: Framework
    network: Any
    container: str
    built: list[Built]
    loss: Loss
    optimizer: Optimizer | None
    rate: float
    style: Style
    parameters: list[Parameter]
    classes: int

    def output(self, inputs: np.ndarray) -> Any:
        return run(self.network, self._wrapped(inputs))

    def value(self, inputs: np.ndarray, targets: np.ndarray) -> float:
        return of_scalar(self.loss(self.output(inputs), self._targets(targets)))

    def backward(self, inputs: np.ndarray, targets: np.ndarray) -> float:
        """The loss; the gradients are then where the student puts them."""
        if self.optimizer is not None:
            self.optimizer.zero()
        output = self.output(inputs)
        shaped = self._targets(targets)
        loss = self.loss(output, shaped)
        if self.style.cls is not None and hasattr(loss, "backward"):
            loss.backward()
            return of_scalar(loss)
        gradient = self.loss.gradient(output, shaped)
        if gradient is None:
            raise TypeError("the loss gives no gradient")
        upstream = self.framework.wrap(gradient, self.style.cls)
        if steps_at_once(self.network.backward) or any(
            steps_at_once(one.layer.backward)
            for one in self.built
            if hasattr(one.layer, "backward")
        ):
            self.network.backward(upstream, self.rate)
            self.optimizer = None
        else:
            self.network.backward(upstream)
        return of_scalar(loss)

    def train_step(self, inputs: np.ndarray, targets: np.ndarray) -> float:
        """The loss before the step."""
        value = self.backward(inputs, targets)
        if self.optimizer is not None:
            self.optimizer.step()
        return value

    def _wrapped(self, inputs: np.ndarray) -> Any:
        return self.framework.wrap(self.style.layout.to_layer(inputs), self.style.cls)

    def _targets(self, targets: np.ndarray) -> Any:
        shaped = target_in(self.style.form, targets, self.classes)
        return self.framework.wrap(shaped, self.style.cls) if self.style.targets_wrapped else shaped


def learners(
    framework: Framework, params: dict[str, Any], arrays: Arrays
) -> Iterator[Callable[[], Learner]]:
    """Makers of fresh learners, one for each style that could be the student's.

    Args:
        params: `layers`, `loss`, `classes`; `optimizer` and `settings` for training.
        arrays: `input`, `targets` and the layers' weights.
    """
    first = framework.need(params["layers"][0]["role"])
    inputs, targets = arrays["input"], arrays["targets"]
    layouts = layouts_for(inputs) if inputs.ndim == 4 else [PLAIN]
    forms = TARGET_FORMS if targets.dtype.kind == "i" else TARGET_FORMS[:1]
    for cls in tensor_choices(framework, first.target, gradients=True):
        for form in forms:
            for wrapped in (True, False) if cls is not None else (False,):
                for layout in layouts:
                    style = Style(cls, form, wrapped, layout)

                    def make(style: Style = style) -> Learner:
                        return learner_in(framework, params, arrays, style)

                    yield make


def learner_in(
    framework: Framework, params: dict[str, Any], arrays: Arrays, style: Style
) -> Learner:
    """A fresh network with the given weights, its loss and optimizer, used in this style."""
    found_loss = framework.need(params["loss"])
    built = [build(framework, spec, arrays) for spec in params["layers"]]
    if params["loss"] == "cross_entropy" and _wants_probabilities(framework, found_loss, style):
        built.append(build(framework, {"role": "softmax"}, arrays))
    network, container = contain(framework, [one.layer for one in built])
    parameters = all_arrays(network)
    optimizer = None
    settings = params.get("settings", {})
    if "optimizer" in params:
        found = framework.need(params["optimizer"])
        optimizer = Optimizer(framework, found, network, parameters, settings)
    return Learner(
        framework,
        network,
        container,
        built,
        Loss(framework, found_loss),
        optimizer,
        settings.get("rate", 1.0),
        style,
        parameters,
        params["classes"],
    )


def _wants_probabilities(framework: Framework, found_loss: Any, style: Style) -> bool:
    """Of two equal logits a cross-entropy makes log 2; one of probabilities does not."""
    made = Loss(framework, found_loss)
    targets = target_in(style.form, np.array([0, 1, 0]), 2)
    shaped = framework.wrap(targets, style.cls) if style.targets_wrapped else targets
    try:
        with np.errstate(all="ignore"):
            value = of_scalar(made(framework.wrap(np.full((3, 2), -1.0), style.cls), shaped))
    except Exception:  # noqa: BLE001  it is said where the loss itself is called
        return False
    return not abs(value - np.log(2.0)) < 0.1


def first_that_learns(
    framework: Framework, params: dict[str, Any], arrays: Arrays
) -> tuple[Callable[[], Learner] | None, list[str]]:
    """The maker whose backward gives the most parameters a gradient, and what the others raised."""
    best: tuple[int, Callable[[], Learner] | None] = (-1, None)
    problems: list[str] = []
    for make in learners(framework, params, arrays):
        try:
            learner = make()
            before = [parameter.read() for parameter in learner.parameters]
            if not np.isfinite(learner.backward(arrays["input"], arrays["targets"])):
                raise FloatingPointError("the loss is not finite")
        except (NotFound, NotOffered):
            raise  # no other style would help
        except Exception as error:  # noqa: BLE001  the student's code may raise anything
            problems.append(" ".join(f"{type(error).__name__}: {error}".split())[:200])
            continue
        received = sum(
            parameter.gradient() is not None or not np.array_equal(parameter.read(), held)
            for parameter, held in zip(learner.parameters, before, strict=True)
        )
        if received > best[0]:
            best = (received, make)
        if received == len(learner.parameters):
            break
    return best[1], list(dict.fromkeys(problems))[:3]
