"""One process of a submission: started, asked, listened to within bounds, ended."""

import os
import re
import selectors
import signal
import subprocess
import time
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Literal

from tasks.assess.sandbox.child.frames import LENGTHS
from tasks.assess.sandbox.limits import MEGABYTE

Stop = Literal["answered", "ended", "timeout", "too large", "printed too much"]
CHUNK = 256 * 1024
TAIL = 2000
KEPT = 4 * TAIL  # bytes, of which a letter may take four
MOST_HEADER_MB = 1
END_SECONDS = 5.0


@dataclass
class Heard:
    """What came back of a question.

    Attributes:
        header, body: of the answer, where one was answered.
        seconds: until then, by the clock on the wall.
    """

    stop: Stop
    header: bytes = b""
    body: bytes = b""
    seconds: float = 0.0


@dataclass
class Pipes:
    """Descriptors of three pipes.

    Attributes:
        questions, answers, about: the process is given; in the last a sandbox tells of itself.
        ask, listen, learn: their other ends.
    """

    questions: int
    answers: int
    about: int
    ask: int
    listen: int
    learn: int

    @classmethod
    def open(cls) -> "Pipes":
        questions, ask = os.pipe()
        listen, answers = os.pipe()
        learn, about = os.pipe()
        for descriptor in (ask, learn):
            os.set_blocking(descriptor, False)
        return cls(questions, answers, about, ask, listen, learn)

    @property
    def given(self) -> tuple[int, int, int]:
        return self.questions, self.answers, self.about

    def close(self) -> None:
        """Close the ends that were not given."""
        for descriptor in (self.ask, self.listen, self.learn):
            os.close(descriptor)


@dataclass
class Process:
    """A started process.

    Attributes:
        answer_bytes, printed_bytes: the most of an answer and of what it prints meanwhile.
    """

    started: subprocess.Popen
    pipes: Pipes
    answer_bytes: int
    printed_bytes: int
    _printed: bytes = field(default=b"", init=False)
    _printed_bytes: int = field(default=0, init=False)
    _silent: bool = field(default=False, init=False)

    @classmethod
    def start(
        cls,
        command: list[str],
        environment: dict[str, str],
        pipes: Pipes,
        answer_bytes: int,
        printed_bytes: int,
    ) -> "Process":
        """Start a command that has the pipes' descriptors among its arguments."""
        try:
            started = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                pass_fds=pipes.given,
                env=environment,
                start_new_session=True,
            )
        except OSError:
            pipes.close()
            raise
        finally:
            for descriptor in pipes.given:
                os.close(descriptor)
        return cls(started, pipes, answer_bytes, printed_bytes)

    @property
    def printed(self) -> str:
        """The last of what it has printed since the last question."""
        return self._printed.decode(errors="replace")[-TAIL:]

    @property
    def status(self) -> int | None:
        """Its exit status, 128 + n where signal n ended it; None while it runs."""
        status = self.started.poll()
        return status if status is None or status >= 0 else 128 - status

    def ask(self, question: list[bytes], seconds: float) -> Heard:
        """Send a question, and wait for one answer at most so long."""
        begun = time.monotonic()
        heard = self._exchange(question, begun + seconds)
        heard.seconds = time.monotonic() - begun
        return heard

    def end(self) -> None:
        """Kill it and all that it has started."""
        first = self._first_inside()
        if first is not None and self.started.poll() is None:
            # Its end is that of all in its namespace, and bwrap waits for it.
            with suppress(ProcessLookupError):
                os.kill(first, signal.SIGKILL)
            self.wait()
        # Where there is no sandbox, others may be left when the process itself is gone.
        if first is None or self.started.poll() is None:
            with suppress(ProcessLookupError):
                os.killpg(self.started.pid, signal.SIGKILL)
        self.started.wait()
        self.started.stdout.close()
        self.pipes.close()

    def wait(self) -> None:
        """Give a process that is about to end the time for it."""
        with suppress(subprocess.TimeoutExpired):
            self.started.wait(END_SECONDS)

    def _first_inside(self) -> int | None:
        """The process that is number 1 in the sandbox, by its number outside."""
        try:
            told = os.read(self.pipes.learn, CHUNK)
        except BlockingIOError:
            return None
        found = re.search(rb'"child-pid":\s*(\d+)', told)
        return int(found.group(1)) if found else None

    def _exchange(self, question: list[bytes], until: float) -> Heard:
        unsent = [memoryview(part) for part in question if part]
        answer = bytearray()
        self._printed, self._printed_bytes = b"", 0
        with selectors.DefaultSelector() as selector:
            selector.register(self.pipes.listen, selectors.EVENT_READ, "answer")
            if not self._silent:
                selector.register(self.started.stdout, selectors.EVENT_READ, "printed")
            if unsent:
                selector.register(self.pipes.ask, selectors.EVENT_WRITE, "ask")
            while (left := until - time.monotonic()) > 0:
                for key, _ in selector.select(left):
                    if key.data == "ask":
                        if not self._send(unsent):
                            selector.unregister(key.fileobj)
                    elif key.data == "printed":
                        if not self._hear_printed():
                            selector.unregister(key.fileobj)
                        if self._printed_bytes > self.printed_bytes:
                            return Heard("printed too much")
                    elif heard := self._hear_answer(answer):
                        self._drain()
                        return heard
        return Heard("timeout")

    def _send(self, unsent: list[memoryview]) -> bool:
        """Write what the pipe takes; whether something is left."""
        try:
            sent = os.write(self.pipes.ask, unsent[0][:CHUNK])
        except BlockingIOError:
            return True
        except BrokenPipeError:
            return False
        unsent[0] = unsent[0][sent:]
        if not unsent[0]:
            unsent.pop(0)
        return bool(unsent)

    def _hear_answer(self, answer: bytearray) -> Heard | None:
        """Add what has come to the answer; None while it is not whole."""
        chunk = os.read(self.pipes.listen, CHUNK)
        if not chunk:
            return Heard("ended")
        answer += chunk
        if len(answer) < LENGTHS.size:
            return None
        header, body = LENGTHS.unpack_from(answer)
        if header > MOST_HEADER_MB * MEGABYTE or body > self.answer_bytes:
            return Heard("too large")
        start, end = LENGTHS.size, LENGTHS.size + header + body
        if len(answer) < end:
            return None
        # What stands behind the answer is of no question; the next token would not fit it.
        view = memoryview(answer)
        return Heard("answered", bytes(view[start : start + header]), bytes(view[end - body : end]))

    def _hear_printed(self) -> bool:
        """Keep the end of what has been printed; whether there may be more."""
        chunk = os.read(self.started.stdout.fileno(), CHUNK)
        self._printed = (self._printed + chunk)[-KEPT:]
        self._printed_bytes += len(chunk)
        self._silent = not chunk
        return bool(chunk)

    def _drain(self) -> None:
        """Hear what was printed before the answer, without waiting for more."""
        os.set_blocking(self.started.stdout.fileno(), False)
        with suppress(BlockingIOError):
            while not self._silent and self._printed_bytes <= self.printed_bytes:
                self._hear_printed()
