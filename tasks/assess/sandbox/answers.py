"""Turns the bytes of an answer into values and arrays; whatever they are made of is bounded."""

import io
import json
import math
from typing import Any

import numpy as np

from tasks.assess.jobs import JobResult

KINDS = "biuf"
WIDEST_ITEM = 8
LONGEST_SIDE = 2**40
DEEPEST = 20
LONGEST_ERROR = 500
LARGEST_INTEGER = 2**63
# What a terminal takes as a command.
CONTROLS = {code: None for code in (*range(32), 127, *range(128, 160)) if chr(code) not in "\n\t"}
STATUSES = ("done", "raised", "memory", "malformed")


class Malformed(Exception):
    """The answer is not laid out as an answer; the message says in what."""


def read_answer(header: bytes, body: bytes, token: str) -> JobResult:
    """The answer to the question that held the token, without times.

    Raises:
        Malformed: it is not that.
    """
    try:
        return _result(json.loads(header), body, token)
    except Malformed:
        raise
    except Exception as error:  # what raises depends on what the student's process has sent
        raise Malformed(f"{type(error).__name__} in reading the answer") from error


def _result(told: Any, body: bytes, token: str) -> JobResult:
    if not isinstance(told, dict) or told.get("token") != token:
        raise Malformed("the answer is not to this question")
    if told.get("status") not in STATUSES:
        raise Malformed("the answer has no status")
    values = _plain(told.get("values", {}), 0)
    if not isinstance(values, dict):
        raise Malformed("the answer's values have no names")
    error, peak = _plain(told.get("error", ""), 0), _plain(told.get("peak_kb", 0), 0)
    if not isinstance(error, str) or not isinstance(peak, int):
        raise Malformed("the answer's error or memory is of another type")
    return JobResult(
        told["status"],
        values,
        dict(_arrays(told.get("arrays", []), body)),
        error=error[:LONGEST_ERROR],
        peak_memory_mb=peak / 1024 if peak > 0 else None,
    )


def plain_text(text: str) -> str:
    """Text that can be encoded, without what a terminal would obey."""
    return text.encode("utf-8", "replace").decode().translate(CONTROLS)


def _plain(value: Any, depth: int) -> Any:
    if depth > DEEPEST:
        raise Malformed(f"values more than {DEEPEST} deep")
    if isinstance(value, str):
        return plain_text(value)
    if isinstance(value, int) and abs(value) > LARGEST_INTEGER:
        raise Malformed("a number of more than 64 bits")
    if isinstance(value, list):
        return [_plain(item, depth + 1) for item in value]
    if isinstance(value, dict):
        return {plain_text(key): _plain(item, depth + 1) for key, item in value.items()}
    return value


def _arrays(listed: Any, body: bytes) -> list[tuple[str, np.ndarray]]:
    found, start = [], 0
    for name, length in listed:
        if not isinstance(name, str) or not isinstance(length, int) or length < 0:
            raise Malformed("an array without name or length")
        found.append((plain_text(name), _array(body[start : start + length])))
        start += length
    if start != len(body):
        raise Malformed("arrays longer or shorter than was said")
    return found


def _array(chunk: bytes) -> np.ndarray:
    """A .npy of numbers whose header agrees with its length, looked at before it is read."""
    file = io.BytesIO(chunk)
    if np.lib.format.read_magic(file) != (1, 0):
        raise Malformed("an array of another .npy version")
    shape, _, dtype = np.lib.format.read_array_header_1_0(file)
    if dtype.kind not in KINDS or dtype.itemsize > WIDEST_ITEM:
        raise Malformed(f"an array of the type {dtype}")
    if any(not 0 <= side <= LONGEST_SIDE for side in shape):
        raise Malformed("an array with an impossible shape")
    if math.prod(shape) * dtype.itemsize != len(chunk) - file.tell():
        raise Malformed("an array whose shape does not fit its length")
    file.seek(0)
    return np.load(file, allow_pickle=False)
