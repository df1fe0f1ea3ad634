"""Run a step of a pipeline in a thread of its own, behind a bounded queue.

Memory stays flat because a full queue makes the faster side wait. An error in a thread comes
out on the other side, and no thread outlives the block that started it.
"""

import queue
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

Item = TypeVar("Item")

_END = object()
_POLL_SECONDS = 0.1


def ahead(items: Iterable[Item], size: int = 8) -> Iterator[Item]:
    """Iterate over `items` while a thread produces up to `size` of them ahead.

    Closing the generator, also by an error at the consumer, stops the thread.
    """
    ready: queue.Queue[Any] = queue.Queue(size)
    stop = threading.Event()
    failure: list[BaseException] = []

    def produce() -> None:
        try:
            for item in items:
                if not _put(ready, item, stop):
                    return
        except BaseException as error:  # noqa: BLE001 — raised again where it can be handled
            failure.append(error)
        _put(ready, _END, stop)

    thread = threading.Thread(target=produce, name="ahead", daemon=True)
    thread.start()
    try:
        while (item := ready.get()) is not _END:
            yield item
        if failure:
            raise failure[0]
    finally:
        stop.set()
        thread.join()


@contextmanager
def behind(consume: Callable[[Item], None], size: int = 8) -> Iterator[Callable[[Item], None]]:
    """Give a function that hands items to `consume` in a thread; wait for it at the block's end.

    An error of the consumer is raised by the next call, or at the end.
    """
    waiting: queue.Queue[Any] = queue.Queue(size)
    stop = threading.Event()
    failure: list[BaseException] = []

    def work() -> None:
        try:
            while (item := waiting.get()) is not _END:
                consume(item)
        except BaseException as error:  # noqa: BLE001 — raised again where it can be handled
            failure.append(error)
            stop.set()

    thread = threading.Thread(target=work, name="behind", daemon=True)
    thread.start()

    def hand_over(item: Item) -> None:
        if not _put(waiting, item, stop):
            raise failure[0]

    try:
        yield hand_over
    finally:
        _put(waiting, _END, stop)
        thread.join()
    if failure:
        raise failure[0]


def _put(target: queue.Queue[Any], item: Any, stop: threading.Event) -> bool:
    """Put an item, unless the other side has stopped."""
    while not stop.is_set():
        try:
            target.put(item, timeout=_POLL_SECONDS)
        except queue.Full:
            continue
        return True
    return False
