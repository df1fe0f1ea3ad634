"""A short training of the student's model by the student's own loss, optimizer and gradients."""

import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from .discovery import Framework
from .losing import TARGET_FORMS, Loss, of_scalar, target_in
from .models import NotBuilt
from .parameters import Parameter
from .stepping import Optimizer

RATES = {"adam": 1e-3, "sgd": 0.01}


class Fitting:
    """Steps on batches.

    Args:
        parameters: what the network learns.
        output: the network's output for a batch of inputs, as the student's value.

    Raises:
        NotFound: there is no cross-entropy, or no optimizer.
    """

    def __init__(
        self,
        student: Framework,
        network: Any,
        parameters: list[Parameter],
        output: Callable[[np.ndarray], Any],
        classes: int,
    ) -> None:
        self.student, self.network, self.output, self.classes = student, network, output, classes
        self.loss = Loss(student, student.need("cross_entropy"))
        self.parameters = parameters
        name = "adam" if student.find("adam") else "sgd"
        self.optimizer = Optimizer(
            student, student.need(name), network, self.parameters, {"rate": RATES[name]}
        )
        self._way: Callable | None = None

    def step(self, inputs: np.ndarray, targets: np.ndarray) -> float:
        """One batch; its loss before the step.

        Raises:
            NotBuilt: no way of asking for gradients gives any.
        """
        if self._way is not None:
            value = self._way(inputs, targets)
            self.optimizer.step()
            return value
        problems = []
        for name, way in self._ways(targets.ndim):
            try:
                self.optimizer.zero()
                value = way(inputs, targets)
                if any(p.gradient() is not None for p in self.parameters) and self.optimizer.step():
                    self._way = way
                    return value
                problems.append(f"{name}: nothing moved")
            except Exception as error:  # noqa: BLE001  the student's code may raise anything
                problems.append(" ".join(f"{name}: {type(error).__name__}: {error}".split())[:200])
        raise NotBuilt(
            found=True,
            trains=False,
            reason="no step of training is possible",
            problems=problems[:4],
        )

    def _ways(self, dimensions: int) -> Iterator[tuple[str, Callable]]:
        shapes = ("as they are", "flat") if dimensions > 1 else ("as they are",)
        for shape in shapes:
            for form in TARGET_FORMS:
                for cls in [*self.student.tensor_classes(self.network), None]:
                    name = f"{form} targets {shape} as {cls.__name__ if cls else 'arrays'}"
                    yield f"{name}, backward()", self._way_of(shape, form, cls, explicit=False)
                    yield f"{name}, layers' backward", self._way_of(shape, form, cls, explicit=True)

    def _way_of(self, shape: str, form: str, cls: type | None, explicit: bool) -> Callable:
        def way(inputs: np.ndarray, targets: np.ndarray) -> float:
            self.optimizer.zero()
            logits = self.output(inputs)
            if shape == "flat":
                logits, targets = logits.reshape(targets.size, self.classes), targets.reshape(-1)
            wrapped = self.student.wrap(target_in(form, targets, self.classes), cls)
            value = self.loss(logits, wrapped)
            if explicit:
                gradient = self.loss.gradient(logits, wrapped)
                self.network.backward(self.student.wrap(gradient, cls))
            else:
                value.backward()
            return of_scalar(value)

        return way


def fit(
    fitting: Fitting,
    inputs: np.ndarray,
    targets: np.ndarray,
    batch: int,
    steps: int,
    seconds: float,
    rng: np.random.Generator,
) -> list[float]:
    """Train on random batches until the steps or the seconds are over; the loss of each step."""
    until = time.monotonic() + seconds
    losses: list[float] = []
    order = np.empty(0, int)
    while len(losses) < steps and (not losses or time.monotonic() < until):
        if len(order) < batch:
            order = np.concatenate([order, rng.permutation(len(targets))])
        chosen, order = order[:batch], order[batch:]
        losses.append(fitting.step(inputs[chosen], targets[chosen]))
    return losses
