"""How long the student's layers take, beside plain numpy in the same run, and their memory."""

import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from ..binding import NotOffered
from ..building import build
from ..calling import forward
from ..discovery import NotFound, framework
from ..layouts import fitting
from ..models import NotBuilt, Predictor, built
from ..values import to_array

Arrays = dict[str, np.ndarray]
# The clock is taken before any of the student's code runs.
clock = time.perf_counter
# Seconds of a turn, many times what a program is left to run at a stretch.
TURN = 0.1


def convolution_speed(submission: Path, params: dict[str, Any], arrays: Arrays) -> dict[str, Any]:
    """Seconds of one convolution: the student's, one matrix product, and loops over pixels.

    Args:
        params: `repeats`, `seconds` after which no other is begun.
        arrays: `images` (n, c, h, w), `weight` (out, c, k, k), `bias` (out,).

    Returns:
        `student`, `product`, `loops`: seconds, of `in_turns`;
        `output` of the student's.
    """
    student = framework(submission)
    images, weight, bias = arrays["images"], arrays["weight"], arrays["bias"]
    out, channels, size, _ = weight.shape
    spec = {"role": "conv2d", "in": channels, "out": out, "kernel": size}
    spec |= {"weight": "weight", "bias": "bias"}
    try:
        made = build(student, spec, arrays)
        shape = (len(images), out, images.shape[2] - size + 1, images.shape[3] - size + 1)
        layout, output = fitting(images, shape, lambda x: forward(student, made.layer, x))
    except NotFound as missing:
        return missing.values
    except NotOffered as refusal:
        return {"found": True, "offered": False, "reason": str(refusal)[:200]}
    shaped = layout.to_layer(images)
    taken = in_turns(
        {
            "student": lambda: forward(student, made.layer, shaped),
            "product": lambda: _by_product(images, weight, bias),
            "loops": lambda: _by_loops(images[:1], weight, bias),
        },
        params["repeats"],
        params["seconds"],
    )
    taken["loops"] *= len(images)
    told = {"found": True, "offered": True, "name": made.found.name}
    return {**told, "was_set": made.was_set, "output": output, **taken}


def prediction_speed(submission: Path, params: dict[str, Any], arrays: Arrays) -> dict[str, Any]:
    """Seconds for images in one batch and one by one, and the memory that the batch takes.

    Args:
        params: `model`, `repeats`, `seconds`.
        arrays: `images`.

    Returns:
        `together`, `single`: seconds for all images; `peak_bytes` of new memory, and `input_bytes`.
    """
    student = framework(submission)
    images = arrays["images"]
    try:
        predictor = Predictor(student, built(student, submission, params["model"]), images)
    except NotBuilt as reason:
        return reason.values
    told = {"found": True, "loaded": True, "runs": True, "one_by_one": predictor.one_by_one}
    taken = in_turns(
        {
            "together": lambda: predictor.scores(images, len(images), params["seconds"]),
            "single": lambda: predictor.scores(images, 1, params["seconds"]),
        },
        params["repeats"],
        params["seconds"],
    )
    tracemalloc.start()
    predictor.scores(images, len(images), params["seconds"])
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return {**told, **taken, "peak_bytes": peak, "input_bytes": images.nbytes}


def matrix_speed(submission: Path, params: dict[str, Any], arrays: Arrays) -> dict[str, Any]:
    """Seconds of the student's dense layer, and of numpy's product of the same matrices.

    Args:
        params: `repeats`, `seconds`.
        arrays: `rows` (n, in), `weight` (in, out), `bias` (out,).
    """
    student = framework(submission)
    rows, weight, bias = arrays["rows"], arrays["weight"], arrays["bias"]
    spec = {"role": "dense", "in": weight.shape[0], "out": weight.shape[1]}
    try:
        made = build(student, spec | {"weight": "weight", "bias": "bias"}, arrays)
        output = forward(student, made.layer, rows)
    except NotFound as missing:
        return missing.values
    except NotOffered as refusal:
        return {"found": True, "offered": False, "reason": str(refusal)[:200]}
    taken = in_turns(
        {
            "student": lambda: to_array(forward(student, made.layer, rows)),
            "product": lambda: rows @ weight + bias,
        },
        params["repeats"],
        params["seconds"],
    )
    told = {"found": True, "offered": True, "name": made.found.name}
    return {**told, "was_set": made.was_set, "output": output, **taken}


def in_turns(ways: dict[str, Callable], repeats: int, seconds: float) -> dict[str, float]:
    """The least seconds of each way, in turns, so that a busy machine is busy for all of them.

    In a turn a quick way is done again and again for as long as a slow one takes, up to `TURN`:
    else it would fit between two interruptions by other programs, and the slow one never.

    Args:
        repeats: turns after a first one, which warms up and shows how long a way takes.
        seconds: after which no other turn is begun.
    """
    until = clock() + seconds
    taken = {name: [_seconds(way, 1)] for name, way in ways.items()}
    turn = min(max(held[0] for held in taken.values()), TURN)
    times = {name: max(1, round(turn / max(held[0], 1e-9))) for name, held in taken.items()}
    for _ in range(repeats):
        if clock() > until:
            break
        for name, way in ways.items():
            taken[name].append(_seconds(way, times[name]))
    return {name: min(held[1:] or held) for name, held in taken.items()}


def _seconds(way: Callable, times: int) -> float:
    """Of one time."""
    start = clock()
    for _ in range(times):
        way()
    return (clock() - start) / times


def _by_product(images: np.ndarray, weight: np.ndarray, bias: np.ndarray) -> np.ndarray:
    """All windows side by side, times the kernels."""
    windows = sliding_window_view(images, weight.shape[2:], axis=(2, 3))
    patches = np.ascontiguousarray(windows.transpose(0, 2, 3, 1, 4, 5))
    product = patches.reshape(*patches.shape[:3], -1) @ weight.reshape(len(weight), -1).T
    return (product + bias).transpose(0, 3, 1, 2)


def _by_loops(images: np.ndarray, weight: np.ndarray, bias: np.ndarray) -> np.ndarray:
    """One pixel of the output at a time."""
    out, _, height, width = weight.shape
    rows, columns = images.shape[2] - height + 1, images.shape[3] - width + 1
    output = np.empty((len(images), out, rows, columns), images.dtype)
    for n in range(len(images)):
        for o in range(out):
            for i in range(rows):
                for j in range(columns):
                    window = images[n, :, i : i + height, j : j + width]
                    output[n, o, i, j] = (window * weight[o]).sum() + bias[o]
    return output


OPERATIONS = {
    "convolution_speed": convolution_speed,
    "matrix_speed": matrix_speed,
    "prediction_speed": prediction_speed,
}
