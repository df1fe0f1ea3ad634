"""Whether arrays agree, and how to say where they do not."""

import numpy as np

# A student may compute in float32: 24 bits, and some hundred additions.
RELATIVE = 2e-4
# Of finite differences of a float32 forward pass.
NEARBY = 2e-2
MOST_SHOWN = 12


def close(actual: np.ndarray | None, expected: np.ndarray, relative: float = RELATIVE) -> bool:
    """Whether shapes are equal and all numbers agree, to `relative` of the largest expected."""
    if actual is None or actual.shape != expected.shape or actual.dtype.kind not in "biuf":
        return False
    scale = max(1e-3, float(np.max(np.abs(expected), initial=0.0)))
    return bool(np.all(np.abs(actual.astype(np.float64) - expected) <= relative * scale))


def close_numbers(actual: object, expected: float, relative: float = RELATIVE) -> bool:
    """The same for two numbers; anything that is no finite number is not close."""
    if isinstance(actual, bool) or not isinstance(actual, int | float) or not np.isfinite(actual):
        return False
    return abs(actual - expected) <= relative * max(1.0, abs(expected))


def wrongness(actual: np.ndarray | None, expected: np.ndarray) -> str:
    """What is wrong with an array, in a few words."""
    if actual is None:
        return "is None"
    if actual.shape != expected.shape:
        return f"has shape {_shape(actual)}, it should have {_shape(expected)}"
    if not np.all(np.isfinite(actual)):
        return "holds NaN or infinity"
    if not np.any(actual):
        return "is all zeros"
    factor = constant_factor(actual, expected)
    if factor is not None:
        return f"is {factor:.4g} times what it should be"
    return f"differs by up to {float(np.max(np.abs(actual - expected))):.3g}"


def constant_factor(actual: np.ndarray, expected: np.ndarray) -> float | None:
    """The one number by which all of `expected` is multiplied; None where there is none."""
    if actual.shape != expected.shape or not np.any(expected):
        return None
    factor = float(np.sum(actual * expected) / np.sum(expected * expected))
    if abs(factor) < 1e-3 or not np.isfinite(factor):
        return None
    return factor if close(actual, factor * expected) else None


def shown(array: np.ndarray | None) -> str:
    """A small array in full; of a larger one its shape and first numbers."""
    if array is None:
        return "None"
    first = array.reshape(-1)[:MOST_SHOWN] if array.size > MOST_SHOWN else array
    lines = np.array2string(first, precision=4, separator=", ").split("\n")
    text = " ".join(line.strip() for line in lines)
    return text if first is array else f"{_shape(array)} starting {text[:-1]}, …]"


def _shape(array: np.ndarray) -> str:
    return str(tuple(int(size) for size in array.shape))
