"""To and from the student's tensors, by trying."""

import numpy as np

DEEPEST = 4
INNER_NAMES = ("data", "_data", "value", "values", "array", "arr")


def is_tensor_like(value: object) -> bool:
    """Whether it is an object of the student's that holds an array of numbers."""
    if isinstance(value, np.ndarray | np.generic | list | tuple | dict | str | bytes | int | float):
        return False
    if value is None or isinstance(value, type) or not hasattr(value, "__dict__"):
        return False
    return storage(value) is not None


def storage(value: object) -> np.ndarray | None:
    """The very array that the value holds, not a copy; None where there is none."""
    for _ in range(DEEPEST):
        if isinstance(value, np.ndarray):
            return value if value.dtype.kind in "biuf" else None
        for name in INNER_NAMES:
            inner = getattr(value, name, None)
            if isinstance(inner, np.ndarray) or (
                inner is not None and hasattr(inner, "__dict__") and not callable(inner)
            ):
                value = inner
                break
        else:
            return None
    return None


def to_array(value: object) -> np.ndarray:
    """A plain array with the value's numbers.

    Raises:
        TypeError: the value holds none.
    """
    held = storage(value)
    if held is None and callable(getattr(value, "numpy", None)):
        held = storage(value.numpy())
    if held is None and hasattr(value, "data") and isinstance(value.data, int | float | np.generic):
        held = np.asarray(value.data)
    if held is None and isinstance(value, list | tuple):
        held = np.asarray([to_array(item) for item in value])
    if held is None and isinstance(value, int | float | np.generic):
        held = np.asarray(value)
    if held is None or held.dtype.kind not in "biuf":
        raise TypeError(f"{type(value).__name__} holds no array of numbers")
    # A plain ndarray: the student's own subclass stays inside.
    return np.array(held, dtype=held.dtype, copy=True, subok=False)


def overwrite(value: object, array: np.ndarray) -> bool:
    """Put numbers into a tensor or array in place; whether they can be read back."""
    held = storage(value)
    if held is None or held.shape != array.shape:
        return False
    if held.dtype.kind == "f" and held.flags.writeable:
        held[...] = array
    elif not isinstance(value, np.ndarray):
        value.data = array.astype(np.float32)
    after = storage(value)
    return after is not None and np.allclose(after, array, rtol=1e-6, atol=1e-6)
