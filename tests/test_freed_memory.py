"""Freed memory goes back to the system."""

import subprocess
import sys

import pytest

from tasks import memory

# Small pieces of which every hundredth stays: nothing between them goes back by itself.
HELD = """
import re
from pathlib import Path
from tasks.memory import give_back_memory

def resident_mb():
    return int(re.search(r"VmRSS:\\s*(\\d+)", Path("/proc/self/status").read_text())[1]) / 1024

pieces = [bytearray(2000) for _ in range(100_000)]
kept = pieces[::100]
del pieces
before = resident_mb()
give_back_memory()
print(before - resident_mb())
"""


def test_what_lies_between_pieces_in_use_is_given_back():
    if memory._malloc_trim() is None:
        pytest.skip("the C library of this machine is not glibc")
    done = subprocess.run([sys.executable, "-c", HELD], capture_output=True, text=True, check=True)
    assert float(done.stdout) > 100


def test_another_c_library_is_left_alone(monkeypatch):
    monkeypatch.setattr(memory.ctypes, "CDLL", lambda name: object())
    memory._malloc_trim.cache_clear()
    try:
        assert memory.give_back_memory() is None
        assert memory._malloc_trim() is None
    finally:
        memory._malloc_trim.cache_clear()
