"""How a question and an answer are laid out in a pipe, for both ends.

A frame is two lengths, a JSON header of the first length, and arrays of the second in .npy format.
The header's `arrays` lists their names and lengths in order. Nothing is ever pickled.
"""

import io
import json
import struct
from typing import Any

import numpy as np

LENGTHS = struct.Struct("<QQ")


def pack(header: dict[str, Any], arrays: dict[str, np.ndarray]) -> list[bytes]:
    """The parts of a frame, in order.

    Raises:
        TypeError, ValueError: the header is no JSON, or an array holds objects.
    """
    bodies = [_as_npy(array) for array in arrays.values()]
    listed = [[name, len(body)] for name, body in zip(arrays, bodies, strict=True)]
    text = json.dumps({**header, "arrays": listed}).encode()
    return [LENGTHS.pack(len(text), sum(map(len, bodies))), text, *bodies]


def _as_npy(array: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    np.lib.format.write_array(buffer, np.asarray(array), allow_pickle=False)
    return buffer.getvalue()
