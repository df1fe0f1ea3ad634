"""A student's loss and its gradient, in whichever style it is written."""

import re
from collections.abc import Callable
from typing import Any

import numpy as np

from .binding import required_names
from .calling import callee, run_on
from .discovery import Found, Framework
from .values import to_array

TARGET_FORMS = ("plain", "one hot")
TRUE = re.compile(r"true|target|label|actual|^y$|expected|ground")
GRADIENT_METHODS = ("backward", "gradient", "grad", "derivative", "prime")


class Loss:
    """One of the student's losses.

    Args:
        found: a class (its object is called, or has forward or loss), or a function.
    """

    def __init__(self, framework: Framework, found: Found) -> None:
        self.framework = framework
        self.found = found
        self.made = found.make()
        self.targets_first = _targets_first(callee(self.made))

    def __call__(self, predictions: Any, targets: Any) -> Any:
        return run_on(self.made, *self._ordered(predictions, targets))

    def _ordered(self, predictions: Any, targets: Any) -> tuple[Any, Any]:
        return (targets, predictions) if self.targets_first else (predictions, targets)

    def gradient(self, predictions: Any, targets: Any) -> np.ndarray | None:
        """What a method or function of its own gives for the gradient; None without one."""
        for name in GRADIENT_METHODS:
            method = getattr(self.made, name, None)
            if self.found.is_class and callable(method):
                for given in ((), self._ordered(predictions, targets)):
                    try:
                        answer = method(*given)
                    except TypeError:
                        continue
                    if answer is None:
                        answer = getattr(self.made, "dinputs", None)
                    return None if answer is None else to_array(answer)
        beside = self._beside()
        if beside is None:
            return None
        swapped = _targets_first(beside)
        return to_array(beside(*((targets, predictions) if swapped else (predictions, targets))))

    def _beside(self) -> Callable | None:
        """A function such as mse_prime or d_mse in any file."""
        own = re.sub(r"(loss|_)", "", self.found.target.__name__.lower())
        pattern = re.compile(f"(d{own}|{own}(grad|gradient|prime|derivative|backward))")
        for definition in self.framework.sources.definitions:
            bare = re.sub(r"(loss|_)", "", definition.name.lower())
            if definition.kind == "function" and pattern.fullmatch(bare):
                return self.framework.sources.get(definition)
        return None


def _targets_first(target: Callable) -> bool:
    """Whether the signature has the targets before the predictions."""
    names = [re.sub(r"_", "", name.lower()) for name in required_names(target)]
    return len(names) >= 2 and TRUE.search(names[0]) is not None and not TRUE.search(names[1])


def target_in(form: str, targets: np.ndarray, classes: int) -> np.ndarray:
    """Class numbers, or one row a target with a 1.0 at its class."""
    return np.eye(classes)[targets] if form == "one hot" else targets


def of_scalar(value: Any) -> float:
    """A loss as a number.

    Raises:
        TypeError: it is not one number.
    """
    array = to_array(value)
    if array.size != 1:
        raise TypeError(f"the loss has shape {array.shape}, it should be one number")
    return float(array.reshape(-1)[0])


def plain(value: float) -> float | str:
    """The number; as text where it is none, since JSON has no NaN and no infinity."""
    return value if np.isfinite(value) else str(value)
