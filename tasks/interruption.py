"""Ctrl-C and its like end a command soon, with one sentence, and leave no process behind.

The first signal unwinds the flow as an error would: temporary files go, and Prefect's history
gets the run's last state. What is not done by GRACE_SECONDS later, or at a second Ctrl-C, is cut
off.
"""

import atexit
import os
import select
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType, TracebackType
from typing import Any, ClassVar

GRACE_SECONDS = 2.0
SENTENCE = "Interrupted; finished stages are cached."
EXIT_INTERRUPTED = 130
ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Interruption:
    """Turns the first ending signal into KeyboardInterrupt, and sees to the end after it.

    A thread reads the signals as they come in, since Python's own handler waits for native code
    to return. Use it in the main thread, as a context; after a signal it stays in force until the
    process has ended.

    Attributes:
        child: a process that must not outlive this one.
        spares_next: whether somebody else deals with the next Ctrl-C.
        in_force: the one that is, if any.
    """

    in_force: ClassVar["Interruption | None"] = None

    def __init__(self) -> None:
        self.child: subprocess.Popen[Any] | None = None
        self.spares_next = False
        self._came = threading.Event()
        self._unwinding = False
        self._is_over = False
        self._said = threading.Lock()
        self._reading = threading.Lock()
        self._handlers: dict[signal.Signals, Any] = {}

    def __enter__(self) -> "Interruption":
        for number in ENDING:
            # A signal that the caller has switched off, as nohup does, stays off.
            if signal.getsignal(number) != signal.SIG_IGN:
                self._handlers[number] = signal.signal(number, self._unwind)
        self._incoming, self._outgoing = os.pipe()
        os.set_blocking(self._outgoing, False)
        self._wakeup_before = signal.set_wakeup_fd(self._outgoing, warn_on_full_buffer=False)
        self._thread = threading.Thread(target=self._watch, name="interruption", daemon=True)
        self._thread.start()
        # Runs after Prefect has sent its logs and stopped its server: what came later goes first.
        atexit.register(self._leave)
        Interruption.in_force = self
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        if self._came.is_set():
            return
        Interruption.in_force = None
        for number, handler in self._handlers.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(self._wakeup_before)
        os.close(self._outgoing)
        self._thread.join()
        with self._reading:
            os.close(self._incoming)
            self._is_over = True
        atexit.unregister(self._leave)

    @property
    def is_under_way(self) -> bool:
        """Whether a signal has come."""
        with self._reading:
            if self._is_over or self._came.is_set():
                return self._came.is_set()
            return bool(select.select([self._incoming], [], [], 0)[0])

    def say(self) -> None:
        """Print the sentence, unless it has been printed."""
        if self._said.acquire(blocking=False):
            print(SENTENCE, file=sys.stderr, flush=True)

    def _unwind(self, _number: int, _frame: FrameType | None) -> None:
        if not self._unwinding:
            self._unwinding = True
            raise KeyboardInterrupt

    def _watch(self) -> None:
        """Wait for the first signal, then for a second one or the end of the grace."""
        if not self._next(ENDING):
            return
        cut_off = threading.Timer(GRACE_SECONDS, self._end_at_once)
        cut_off.daemon = True
        cut_off.start()
        # Not SIGTERM: Prefect sends that to this process again when it has dealt with it.
        self._next((signal.SIGINT,))
        self._end_at_once()

    def _next(self, numbers: tuple[int, ...]) -> bool:
        """Wait for one of these signals; False where the pipe is closed first."""
        while True:
            select.select([self._incoming], [], [])
            with self._reading:
                number = os.read(self._incoming, 1)
                if number and number[0] == signal.SIGINT and self.spares_next:
                    self.spares_next = False
                elif number and number[0] in numbers:
                    self._came.set()
                    return True
            if not number:
                return False

    def _leave(self) -> None:
        """Spare the seconds that taking down large libraries needs."""
        self.say()
        sys.stdout.flush()
        os._exit(EXIT_INTERRUPTED)

    def _end_at_once(self) -> None:
        self.say()
        if self.child:
            self.child.kill()
            with suppress(subprocess.TimeoutExpired):
                self.child.wait(timeout=0.5)
        os._exit(EXIT_INTERRUPTED)


@contextmanager
def first_interrupt_calls(finish: Callable[[], None]) -> Iterator[None]:
    """Let the first Ctrl-C in this block call `finish` and end nothing else; a second one is as
    usual. Only a program's main thread can do this; elsewhere nothing changes.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    usual = signal.getsignal(signal.SIGINT)
    in_force = Interruption.in_force

    def first(*_signal: object) -> None:
        signal.signal(signal.SIGINT, usual)
        finish()

    if in_force:
        in_force.spares_next = True
    signal.signal(signal.SIGINT, first)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, usual)
        if in_force:
            in_force.spares_next = False
