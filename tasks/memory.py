"""What a stage has freed goes back to the system."""

import ctypes
from functools import cache


def give_back_memory() -> None:
    """Let the C library return freed memory.

    It keeps what lies between pieces that are still in use, so that a process grew from stage to
    stage with the length of a video, though each freed all that it had taken. Does nothing where
    the C library is not glibc.
    """
    trim = _malloc_trim()
    if trim is not None:
        trim(0)


@cache
def _malloc_trim() -> "ctypes._NamedFuncPointer | None":
    try:
        return ctypes.CDLL(None).malloc_trim
    except (AttributeError, OSError, TypeError):  # another C library; Windows has no CDLL(None)
        return None
