"""Random layers and inputs for the probes' jobs."""

from typing import Any

import numpy as np

Arrays = dict[str, np.ndarray]


def numbers(rng: np.random.Generator, *shape: int, scale: float = 1.0) -> np.ndarray:
    """Normal numbers that float32 holds exactly, so that a student's cast loses nothing."""
    return (scale * rng.normal(size=shape)).astype(np.float32).astype(np.float64)


def away_from_zero(rng: np.random.Generator, *shape: int) -> np.ndarray:
    """Numbers whose size is at least 0.2, where no ReLU has its kink."""
    x = numbers(rng, *shape)
    return x + np.where(x >= 0, 0.25, -0.25)


def all_different(rng: np.random.Generator, *shape: int) -> np.ndarray:
    """Numbers at least 0.125 apart, so that every maximum is unique."""
    count = int(np.prod(shape))
    return (rng.permutation(count).reshape(shape) - count // 2) / 8.0


def dense_spec(inputs: int, outputs: int, label: str = "") -> dict[str, Any]:
    """A dense layer whose weights are the arrays `weight<label>` and `bias<label>`."""
    return {
        **{"role": "dense", "in": inputs, "out": outputs},
        **{"weight": f"weight{label}", "bias": f"bias{label}"},
    }


def convolution_spec(
    channels: int, filters: int, kernel: int, label: str = "", **place: int
) -> dict[str, Any]:
    """A convolution; `place` is stride and padding where they are not 1 and 0."""
    return {
        **{"role": "conv2d", "in": channels, "out": filters, "kernel": kernel, **place},
        **{"weight": f"weight{label}", "bias": f"bias{label}"},
    }


def weights_for(
    rng: np.random.Generator, specs: list[dict[str, Any]], scale: float = 0.5
) -> Arrays:
    """Random arrays for every layer that has them."""
    arrays: Arrays = {}
    for spec in specs:
        if spec["role"] == "dense":
            shape: tuple[int, ...] = (spec["in"], spec["out"])
        elif spec["role"] == "conv2d":
            shape = (spec["out"], spec["in"], spec["kernel"], spec["kernel"])
        else:
            continue
        arrays[spec["weight"]] = numbers(rng, *shape, scale=scale)
        arrays[spec["bias"]] = numbers(rng, spec["out"], scale=scale)
    return arrays


def in_effect(job_arrays: Arrays, spec: dict[str, Any], values: dict, back: Arrays) -> Arrays:
    """The weights that a layer really had: those sent, or those it held where it took none.

    A layer without a bias has a bias of zeros.
    """
    if spec["role"] not in ("dense", "conv2d"):
        return job_arrays
    held = dict(job_arrays)
    roles = values.get("roles") or []
    for role in ("weight", "bias"):
        if role not in roles:
            if role == "bias":
                held[spec["bias"]] = np.zeros_like(job_arrays[spec["bias"]])
        elif not values.get("was_set"):
            mine, theirs = job_arrays[spec[role]], back.get(f"held_{role}")
            # Weights of zeros would make any answer right.
            if theirs is not None and theirs.size == mine.size and theirs.any():
                held[spec[role]] = theirs.reshape(mine.shape).astype(np.float64)
    return held
