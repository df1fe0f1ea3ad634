"""Ctrl-C and its like end a command soon, with one sentence, and leave no process behind.

The first signal unwinds the flow as an error would: temporary files go, and Prefect's history
gets the run's last state. What is not done by GRACE_SECONDS later, or at a second signal, is cut
off.
"""

import atexit
import contextvars
import os
import signal
import sys
import threading
import time
from contextlib import suppress
from types import FrameType, TracebackType
from typing import Any

from prefect.client.base import ServerType, determine_server_type
from prefect.server.api.server import SubprocessASGIServer

GRACE_SECONDS = 2.0
SENTENCE = "Interrupted; finished stages are cached."
EXIT_INTERRUPTED = 130
ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
# Sent by a terminal to every process in it: those are for the flow alone to deal with.
KEPT_FROM_SERVER = (signal.SIGINT, signal.SIGHUP)


class Interruption:
    """Turns the first ending signal into KeyboardInterrupt, and sees to the end after it.

    A thread reads the signals as they come in, since Python's own handler waits for native code
    to return. Use it in the main thread, as a context; after a signal it stays in force until the
    process has ended.

    Attributes:
        server: Prefect's own server, which must not outlive this process.
    """

    def __init__(self) -> None:
        self.server: SubprocessASGIServer | None = None
        self._signals = 0
        self._said = threading.Lock()
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
        # Runs after Prefect has sent its logs and stopped its server, which came later.
        atexit.register(self._leave)
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        if self._signals:
            return
        for number, handler in self._handlers.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(self._wakeup_before)
        os.close(self._outgoing)
        self._thread.join()
        atexit.unregister(self._leave)

    @property
    def is_under_way(self) -> bool:
        """Whether a signal has come."""
        return self._signals > 0

    def say(self) -> None:
        """Print the sentence, unless it has been printed."""
        if self._said.acquire(blocking=False):
            print(SENTENCE, file=sys.stderr, flush=True)

    def _unwind(self, _number: int, _frame: FrameType | None) -> None:
        if self._signals == 0:
            self._signals = 1
            raise KeyboardInterrupt

    def _watch(self) -> None:
        """Wait for the first signal, then for a second one or the end of the grace."""
        with open(self._incoming, "rb", buffering=0) as incoming:
            if not _next_ending(incoming):
                return
            cut_off = threading.Timer(GRACE_SECONDS, self._end_at_once)
            cut_off.daemon = True
            cut_off.start()
            _next_ending(incoming)
            self._end_at_once()

    def _leave(self) -> None:
        """Spare the seconds that taking down large libraries needs."""
        sys.stdout.flush()
        os._exit(EXIT_INTERRUPTED)

    def _end_at_once(self) -> None:
        self.say()
        process = self.server and self.server.server_process
        if process:
            with suppress(ProcessLookupError):
                process.kill()
        os._exit(EXIT_INTERRUPTED)


def _next_ending(incoming: Any) -> bool:
    """Wait for an ending signal; False where the pipe is closed first."""
    while number := incoming.read(1):
        if number[0] in ENDING:
            return True
    return False


def start_own_server(interruption: Interruption) -> None:
    """Start Prefect's own server, where no other one is configured.

    It is started here and not by Prefect at its first need, with the terminal's signals blocked:
    it has to live to hear how an interrupted run ended. Prefect stops it when this process exits.

    Raises:
        RuntimeError: it does not start.
    """
    if determine_server_type() != ServerType.EPHEMERAL:
        return
    server = SubprocessASGIServer()
    interruption.server = server
    failure: list[Exception] = []

    def start() -> None:
        signal.pthread_sigmask(signal.SIG_BLOCK, KEPT_FROM_SERVER)  # the new process inherits it
        try:
            server.start()
        except Exception as error:  # noqa: BLE001 — raised again where it can be handled
            failure.append(error)

    context = contextvars.copy_context()  # holds Prefect's settings
    thread = threading.Thread(target=context.run, args=(start,), name="server", daemon=True)
    thread.start()
    try:
        thread.join()
    except KeyboardInterrupt:
        while thread.is_alive() and server.server_process is None:
            time.sleep(0.01)
        if server.server_process:
            server.server_process.kill()
        raise
    if failure:
        raise failure[0]
