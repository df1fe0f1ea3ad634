"""One process of a submission: started, asked, listened to within bounds, ended."""

import os
import selectors
import signal
import subprocess
import time
from dataclasses import dataclass, field
from typing import Literal

from tasks.assess.sandbox.child.frames import LENGTHS
from tasks.assess.sandbox.limits import MEGABYTE

Stop = Literal["answered", "ended", "timeout", "too large", "printed too much"]
CHUNK = 256 * 1024
TAIL = 2000
MOST_HEADER = 4 * MEGABYTE
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
    """The descriptors that the process is given, by which it is asked and answers."""

    questions: int
    answers: int
    ask: int
    listen: int

    @classmethod
    def open(cls) -> "Pipes":
        questions, ask = os.pipe()
        listen, answers = os.pipe()
        os.set_blocking(ask, False)
        return cls(questions, answers, ask, listen)


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
    _silent: bool = field(default=False, init=False)

    @classmethod
    def start(
        cls, command: list[str], pipes: Pipes, answer_bytes: int, printed_bytes: int
    ) -> "Process":
        """Start a command that has the pipes' descriptors among its arguments."""
        given = (pipes.questions, pipes.answers)
        try:
            started = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                pass_fds=given,
                env={},
                start_new_session=True,
            )
        except OSError:
            os.close(pipes.ask)
            os.close(pipes.listen)
            raise
        finally:
            for descriptor in given:
                os.close(descriptor)
        return cls(started, pipes, answer_bytes, printed_bytes)

    @property
    def printed(self) -> str:
        """The last of what it has printed since the last question."""
        return self._printed[-TAIL:].decode(errors="replace")

    def ask(self, question: list[bytes], seconds: float) -> Heard:
        """Send a question, and wait for one answer at most so long."""
        begun = time.monotonic()
        self._printed = b""
        heard = self._exchange(question, begun + seconds)
        heard.seconds = time.monotonic() - begun
        return heard

    def end(self) -> int:
        """Kill it and all that it has started; its exit status, 128 + n for signal n."""
        # bwrap ends by itself when its child has; only then does its status tell how.
        if self._gone() is None:
            self._kill()
        status = self.started.wait()
        self._kill()  # what is left of its group, where there was no sandbox
        self.started.stdout.close()
        os.close(self.pipes.ask)
        os.close(self.pipes.listen)
        return status if status >= 0 else 128 - status

    def wait(self) -> None:
        """Give a process that has closed its pipe the time to end by itself."""
        try:
            self.started.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            return

    def _gone(self) -> int | None:
        return self.started.poll()

    def _kill(self) -> None:
        try:
            os.killpg(self.started.pid, signal.SIGKILL)
        except ProcessLookupError:
            return

    def _exchange(self, question: list[bytes], until: float) -> Heard:
        unsent = [memoryview(part) for part in question if part]
        answer = bytearray()
        printed_before = 0
        with selectors.DefaultSelector() as selector:
            selector.register(self.pipes.listen, selectors.EVENT_READ, "answer")
            if not self._silent:
                selector.register(self.started.stdout, selectors.EVENT_READ, "printed")
            if unsent:
                selector.register(self.pipes.ask, selectors.EVENT_WRITE, "ask")
            while True:
                left = until - time.monotonic()
                if left <= 0:
                    return Heard("timeout")
                for key, _ in selector.select(left):
                    if key.data == "ask":
                        if not self._send(unsent):
                            selector.unregister(key.fileobj)
                    elif key.data == "printed":
                        chunk = os.read(key.fd, CHUNK)
                        printed_before += len(chunk)
                        self._printed = (self._printed + chunk)[-4 * TAIL :]
                        if not chunk:
                            self._silent = True
                            selector.unregister(key.fileobj)
                        if printed_before > self.printed_bytes:
                            return Heard("printed too much")
                    else:
                        chunk = os.read(key.fd, CHUNK)
                        if not chunk:
                            self._drain()
                            return Heard("ended")
                        answer += chunk
                        heard = self._complete(answer)
                        if heard is not None:
                            self._drain()
                            return heard

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

    def _complete(self, answer: bytearray) -> Heard | None:
        if len(answer) < LENGTHS.size:
            return None
        header, body = LENGTHS.unpack_from(answer)
        if header > MOST_HEADER or body > self.answer_bytes:
            return Heard("too large")
        start, end = LENGTHS.size, LENGTHS.size + header + body
        if len(answer) < end:
            return None
        # What stands behind the answer is of no question; the next token would not fit it.
        view = memoryview(answer)
        return Heard("answered", bytes(view[start : start + header]), bytes(view[end - body : end]))

    def _drain(self) -> None:
        """What was printed before the answer, without waiting for more."""
        if self._silent:
            return
        os.set_blocking(self.started.stdout.fileno(), False)
        left = self.printed_bytes
        while left > 0:
            try:
                chunk = os.read(self.started.stdout.fileno(), CHUNK)
            except BlockingIOError:
                return
            if not chunk:
                self._silent = True
                return
            left -= len(chunk)
            self._printed = (self._printed + chunk)[-4 * TAIL :]
