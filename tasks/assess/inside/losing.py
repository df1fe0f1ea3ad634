"""A student's loss and its gradient, in whichever style it is written."""

import re
from collections.abc import Callable
from typing import Any

import numpy as np

from .calling import run_on
from .discovery import Found, Framework
from .values import to_array

TARGET_FORMS = ("plain", "one hot")
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

    def __call__(self, predictions: Any, targets: Any) -> Any:
        return run_on(self.made, predictions, targets)

    def gradient(self, predictions: Any, targets: Any) -> np.ndarray | None:
        """What a method or function of its own gives for the gradient; None without one."""
        for name in GRADIENT_METHODS:
            method = getattr(self.made, name, None)
            if self.found.is_class and callable(method):
                for given in ((), (predictions, targets)):
                    try:
                        answer = method(*given)
                    except TypeError:
                        continue
                    return None if answer is None else to_array(answer)
        beside = self._beside()
        return None if beside is None else to_array(beside(predictions, targets))

    def _beside(self) -> Callable | None:
        """A function such as mse_prime or d_mse in any file."""
        own = re.sub(r"(loss|_)", "", self.found.target.__name__.lower())
        pattern = re.compile(f"(d{own}|{own}(grad|gradient|prime|derivative|backward))")
        for definition in self.framework.sources.definitions:
            bare = re.sub(r"(loss|_)", "", definition.name.lower())
            if definition.kind == "function" and pattern.fullmatch(bare):
                return self.framework.sources.get(definition)
        return None


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


__all__ = ["TARGET_FORMS", "Loss", "of_scalar", "target_in"]
