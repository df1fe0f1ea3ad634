"""Answers made to harm the one who reads them."""

import io
import json

import numpy as np
import pytest

from tasks.assess.sandbox.answers import Malformed, read_answer
from tasks.assess.sandbox.child.frames import LENGTHS, pack

TOKEN = "a" * 32


def answer(arrays: dict[str, np.ndarray] | None = None, **header: object) -> tuple[bytes, bytes]:
    """Header and body of a well-formed frame."""
    told = {"token": TOKEN, "status": "done", "values": {}, **header}
    frame = b"".join(pack(told, arrays or {}))
    length, _ = LENGTHS.unpack_from(frame)
    return frame[LENGTHS.size : LENGTHS.size + length], frame[LENGTHS.size + length :]


def with_array(body: bytes, length: int | None = None) -> tuple[bytes, bytes]:
    """A frame whose one array is the given bytes."""
    listed = [["x", len(body) if length is None else length]]
    return json.dumps({"token": TOKEN, "status": "done", "arrays": listed}).encode(), body


def npy(header: str, data: bytes = b"") -> bytes:
    """A .npy of version 1.0 with any header."""
    text = header.encode() + b"\n"
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text + data


@pytest.mark.parametrize("dtype", ["?", "i1", "i8", "u2", "f2", "f4", "f8"])
@pytest.mark.parametrize("shape", [(), (0,), (3,), (2, 0, 4), (2, 3, 4)])
def test_arrays_come_through_unchanged(dtype: str, shape: tuple[int, ...]) -> None:
    array = (np.arange(np.prod(shape, dtype=int)) % 2).reshape(shape).astype(dtype)
    got = read_answer(*answer({"x": array, "y": np.asfortranarray(array)}), TOKEN).arrays
    for name in ("x", "y"):
        assert got[name].dtype == array.dtype
        np.testing.assert_array_equal(got[name], array)


def test_text_cannot_break_a_report_or_a_terminal() -> None:
    header, body = answer(values={"a\x1b": ["\ud800 \x1b]0;title\x07 \x9b2J end\n"]}, error="\x00e")
    got = read_answer(header, body, TOKEN)
    assert got.values == {"a": ["? ]0;title 2J end\n"]}
    assert got.error == "e"


def test_error_is_bounded() -> None:
    assert len(read_answer(*answer(error="x" * 9999), TOKEN).error) == 500


@pytest.mark.parametrize(
    "header",
    [
        b"",
        b"\xff\xfe",
        b"[]",
        b"{}",
        b"[" * 200_000,
        json.dumps({"token": "b" * 32, "status": "done"}).encode(),
        json.dumps({"token": TOKEN, "status": "passed"}).encode(),
        json.dumps({"token": TOKEN, "status": ["done"]}).encode(),
        json.dumps({"token": TOKEN, "status": "done", "values": [1]}).encode(),
        json.dumps({"token": TOKEN, "status": "done", "values": {"x": 2**64}}).encode(),
        json.dumps({"token": TOKEN, "status": "done", "peak_kb": 10**400}).encode(),
        json.dumps({"token": TOKEN, "status": "done", "peak_kb": float("nan")}).encode(),
        json.dumps({"token": TOKEN, "status": "done", "error": [[1]]}).encode(),
        json.dumps({"token": TOKEN, "status": "done", "arrays": {"x": 1}}).encode(),
        json.dumps({"token": TOKEN, "status": "done", "arrays": [["x", -1]]}).encode(),
        json.dumps({"token": TOKEN, "status": "done", "arrays": [["x", 10**9]]}).encode(),
        b'{"token": "%s", "status": "done", "values": {"x": %s}}' % (TOKEN.encode(), b"9" * 5000),
        b'{"token": "%s", "status": "done", "values": {"x": %s}}'
        % (TOKEN.encode(), b"[" * 50 + b"]" * 50),
    ],
)
def test_headers_that_are_none(header: bytes) -> None:
    with pytest.raises(Malformed):
        read_answer(header, b"", TOKEN)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"not an array",
        npy("{'descr': '|O', 'fortran_order': False, 'shape': (1,)}", b"cos\nsystem\n"),
        npy("{'descr': '<f8', 'fortran_order': False, 'shape': (1000000000000,)}"),
        npy("{'descr': '<f8', 'fortran_order': False, 'shape': (-1, -1)}", bytes(8)),
        npy("{'descr': '<f8', 'fortran_order': False, 'shape': (0, 10000000000000000000)}"),
        npy("{'descr': '<f8', 'fortran_order': False, 'shape': (2,)}", bytes(8)),
        npy("{'descr': '<f8', 'fortran_order': False, 'shape': (1,)}", bytes(16)),
        npy("{'descr': '<U4', 'fortran_order': False, 'shape': (1,)}", bytes(16)),
        npy("{'descr': '<c16', 'fortran_order': False, 'shape': (1,)}", bytes(16)),
        npy("{'descr': [('a', '<f8')], 'fortran_order': False, 'shape': (1,)}", bytes(8)),
        npy("{'descr': '<f8', 'fortran_order': False, 'shape': (1,)" + "(" * 5000, bytes(8)),
        npy("__import__('os').system('false')"),
    ],
)
def test_arrays_that_are_none(body: bytes) -> None:
    with pytest.raises(Malformed):
        read_answer(*with_array(body), TOKEN)


def test_arrays_of_objects_do_not_leave() -> None:
    with pytest.raises(ValueError, match="allow_pickle=False"):
        pack({}, {"x": np.array([object()])})


def test_bytes_behind_the_arrays_are_refused() -> None:
    buffer = io.BytesIO()
    np.save(buffer, np.ones(2))
    with pytest.raises(Malformed, match="longer or shorter"):
        read_answer(*with_array(buffer.getvalue() + b"more", len(buffer.getvalue())), TOKEN)
