"""Reads questions from a pipe, asks the operations, and writes what they give to another."""

import io
import json
import math
import os
import resource
import sys
import time
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from .frames import LENGTHS, pack

KINDS = "biuf"
LONGEST_ERROR = 500
WIDEST = 8


class NotPlain(Exception):
    """An answer holds what may not cross: the message says where."""


class Answering:
    """The loop of questions and answers.

    Args:
        settings: as `main` is given them.
    """

    def __init__(self, submission: Path, settings: dict[str, Any]) -> None:
        self.submission = submission
        self.questions = os.fdopen(settings["questions"], "rb", buffering=1024**2)
        self.answers = os.fdopen(settings["answers"], "wb", buffering=0)
        self.operations = import_module("inside.operations").OPERATIONS

    def run(self) -> None:
        """Say what may be asked, then answer each question in turn."""
        self._write({"operations": list(self.operations)}, {})
        while question := self._read():
            header, arrays = question
            self._allow(header["cpu_seconds"])
            answer, given = self._answer(header, arrays)
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
            told = {"token": header["token"], "peak_kb": peak}
            _flush()
            try:
                self._write({**answer, **told}, given)
            except MemoryError as error:  # the arrays are copied before the first byte is written
                self._write({"status": "memory", "error": _one_line(error), **told}, {})

    def _answer(
        self, question: dict[str, Any], arrays: dict[str, np.ndarray]
    ) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        operation = self.operations[question["operation"]]
        try:
            told = operation(self.submission, question["params"], arrays)
            values, given = _apart(told)
            return {"status": "done", "values": values}, given
        except MemoryError as error:
            return {"status": "memory", "error": _one_line(error)}, {}
        except NotPlain as error:
            return {"status": "malformed", "error": str(error)}, {}
        except BaseException as error:  # noqa: BLE001  also exits and interrupts of the student's
            return {"status": "raised", "error": _one_line(error)}, {}

    def _allow(self, seconds: float) -> None:
        """So much more CPU time, after which the kernel ends this process."""
        _, hard = resource.getrlimit(resource.RLIMIT_CPU)
        soft = math.ceil(time.process_time() + seconds)
        resource.setrlimit(resource.RLIMIT_CPU, (min(soft, hard), hard))

    def _read(self) -> tuple[dict[str, Any], dict[str, np.ndarray]] | None:
        start = self.questions.read(LENGTHS.size)
        if len(start) < LENGTHS.size:
            return None
        header = json.loads(self.questions.read(LENGTHS.unpack(start)[0]))
        return header, {name: self._array(length) for name, length in header["arrays"]}

    def _array(self, length: int) -> np.ndarray:
        return np.load(io.BytesIO(self.questions.read(length)), allow_pickle=False)

    def _write(self, header: dict[str, Any], arrays: dict[str, np.ndarray]) -> None:
        for part in pack(header, arrays):
            left = memoryview(part)
            while left:
                left = left[self.answers.write(left) :]


def _apart(told: Any) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """The plain values and the arrays of an operation's answer."""
    if not isinstance(told, dict):
        raise NotPlain(f"the answer is a {type(told).__name__}")
    arrays = {str(k): _sent(str(k), v) for k, v in told.items() if isinstance(v, np.ndarray)}
    values = {str(k): _plain(str(k), v) for k, v in told.items() if str(k) not in arrays}
    return values, arrays


def _sent(name: str, array: np.ndarray) -> np.ndarray:
    """A plain native array; wider floats lose what no judge looks at."""
    array = np.array(array, subok=False, copy=None)
    if array.dtype.kind not in KINDS:
        raise NotPlain(f"the array {name} is of the type {array.dtype}")
    if array.dtype.itemsize > WIDEST:
        return array.astype(np.float64)
    return array.astype(array.dtype.newbyteorder("="), copy=False)


def _plain(name: str, value: Any) -> Any:
    """The value as exactly the types that JSON has."""
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, dict):
        return {str(key): _plain(f"{name}.{key}", inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(name, inner) for inner in value]
    for kind in (bool, int, float, str):
        if isinstance(value, kind):
            return kind(value)
    if value is None:
        return None
    raise NotPlain(f"the value {name} is a {type(value).__name__}")


def _one_line(error: BaseException) -> str:
    name = type(error).__name__
    try:
        text = str(error)
    except BaseException:  # noqa: BLE001  the student's own exception may fail to be told
        text = "(it cannot be turned into text)"
    return " ".join(f"{name}: {text}".split())[:LONGEST_ERROR]


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except Exception:  # noqa: BLE001, S112  the student may have replaced or closed it
            continue
