"""JSON values from untrusted text."""

import json
from typing import Any


def json_problem(error: Exception) -> str:
    """Why a JSON text could not be read, in a few words."""
    if isinstance(error, json.JSONDecodeError):
        return f"{error.msg.lower()} at character {error.pos + 1}"
    if isinstance(error, RecursionError):
        return "nested too deeply"
    return " ".join(str(error).split())


def parse_json(text: str) -> Any:
    """The value, with repeated keys refused: which of them would be meant?

    Raises:
        ValueError: no JSON, a repeated key, or a number of thousands of digits.
        RecursionError: nested too deeply.
    """
    return DECODER.decode(text)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    values = dict(pairs)
    if len(values) < len(pairs):
        keys = [key for key, _ in pairs]
        repeated = next(key for key in keys if keys.count(key) > 1)
        raise ValueError(f"the key '{repeated}' is there twice")
    return values


DECODER = json.JSONDecoder(object_pairs_hook=_object)
