"""The same work for many scenes on several cores."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import TypeVar

Scene = TypeVar("Scene")
Result = TypeVar("Result")


def over_scenes(
    work: Callable[[Scene], Result], scenes: Sequence[Scene], workers: int
) -> list[Result]:
    """Results of each scene, in their order.

    Args:
        work: a function of a module, or a `partial` of one, so that it can be sent.
        scenes: what it is called with.
        workers: processes; none is started for one.
    """
    if workers <= 1 or len(scenes) <= 1:
        return [work(scene) for scene in scenes]
    # Spawned, not forked: the caller may run threads, of which a fork would copy only one.
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        return list(pool.map(work, scenes))


def free_cores() -> int:
    """Processors that this process may run on."""
    return len(os.sched_getaffinity(0))
