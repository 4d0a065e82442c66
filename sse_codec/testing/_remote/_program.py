"""A program as a remote: it reads each request from its standard input, and answers on its standard output.

A run always ends: a program that exits, hangs or writes endlessly is killed and reported. The next request starts it
again.
"""

from __future__ import annotations

import contextlib
import os
import queue
import signal
import subprocess
import threading
import time
from collections.abc import Sequence
from typing import IO, Any

from sse_codec._event import ServerSentEvent
from sse_codec._text import printable
from sse_codec.testing._report import event_members

from ._messages import (
    VERSION,
    CannotGoOn,
    Reading,
    RemoteError,
    in_base64,
    parse_answer,
    parse_hello,
    parse_reading,
    parse_wire,
    request,
)

#: The longest answer, in bytes. A program that writes a longer line counts as writing endlessly.
_LONGEST = 64 * 1024 * 1024

#: How many bytes of standard error are kept: the end, where the cause usually is.
_KEPT = 2000

#: How long to wait for a program to exit, and for its output to be read, in seconds.
_GRACE = 2.0

#: How often to check that the program still runs, in seconds. This does not delay an answer.
_GLANCE = 0.1

#: The timeout after an answer has failed to come: this many seconds, or this many times the slowest answer if longer.
_SHORT, _SLOWER = 0.5, 20

#: A request of up to this many bytes fits into the pipe even if the program is not reading.
_AT_ONCE = 4096


class ProgramEnded(RemoteError):
    """The program ended instead of answering."""


class NoAnswer(RemoteError):
    """The program did not answer in time, and was killed."""


class _Process:
    """One run of the program."""

    def __init__(self, command: Sequence[str]) -> None:
        try:
            self._process = subprocess.Popen(  # noqa: S603  # the command is the caller's
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                start_new_session=True,  # so that its children can be killed with it
            )
        except OSError as error:
            raise CannotGoOn(f"{command[0]}: {error.strerror or error}") from None
        self._input, self._output = _pipe(self._process.stdin), _pipe(self._process.stdout)
        self._errors = b""
        self._lines: queue.SimpleQueue[bytes] = queue.SimpleQueue()
        self._reader = threading.Thread(target=self._read_output, daemon=True)
        self._listener = threading.Thread(target=self._read_errors, args=[_pipe(self._process.stderr)], daemon=True)
        self._reader.start()
        self._listener.start()

    def ask(self, line: bytes, timeout: float) -> bytes:
        """Write a line, and return the next line of the output, or b"" if the program ended.

        Raises:
            TimeoutError: no line came in time.
        """
        if len(line) <= _AT_ONCE:
            self._write(line)
        else:
            threading.Thread(target=self._write, args=[line], daemon=True).start()
        end = time.monotonic() + timeout
        while True:
            has_ended = self._process.poll() is not None
            left = end - time.monotonic()
            try:
                return self._lines.get(timeout=min(max(left, 0), _GLANCE))
            except queue.Empty:
                if has_ended:  # without an end of its output, because a child holds that open
                    return b""
                if left <= 0:
                    raise TimeoutError from None

    def end(self) -> str:
        """Make sure that it has ended, and return how it ended and what it wrote to standard error."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(_GRACE)
        return f"{_how(self._process.poll())}{self.kill()}"

    def kill(self) -> str:
        """Kill it and its children; return what it wrote to standard error."""
        with contextlib.suppress(ProcessLookupError, PermissionError, AttributeError):  # Windows has no process groups
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.kill()
        self._process.wait()
        # A child in another process group may hold the pipes open.
        self._reader.join(_GRACE)
        self._listener.join(_GRACE)
        if not self._reader.is_alive():
            self._output.close()
        with contextlib.suppress(OSError):
            self._input.close()
        text = self._errors.decode("utf-8", "backslashreplace").strip()
        lines = "".join(f"\n      {printable(line)}" for line in text.splitlines())
        return f"; on standard error:{lines}" if text else "; it wrote nothing to standard error"

    def stop(self) -> None:
        """Close its standard input, which should end it; kill it if it does not end."""
        with contextlib.suppress(OSError):
            self._input.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(_GRACE)
        self.kill()

    def _write(self, line: bytes) -> None:
        with contextlib.suppress(OSError, ValueError):  # it has ended, which shows when its answer is read
            self._input.write(line)
            self._input.flush()

    def _read_output(self) -> None:
        while line := self._output.readline(_LONGEST):
            self._lines.put(line)
        self._lines.put(b"")

    def _read_errors(self, pipe: IO[bytes]) -> None:
        with pipe:
            while text := os.read(pipe.fileno(), _KEPT):
                self._errors = (self._errors + text)[-_KEPT:]


def _pipe(pipe: IO[bytes] | None) -> IO[bytes]:
    assert pipe is not None  # noqa: S101  # all three were requested
    return pipe


def _how(status: int | None) -> str:
    if status is None:
        return "it closed its standard output"
    if status < 0:
        with contextlib.suppress(ValueError):
            return f"it was killed by {signal.Signals(-status).name}"
    return f"it ended with status {status}"


class Program:
    """A program that answers requests. It is started again if it ends or is killed.

    Args:
        command: the program and its arguments.
        role: "consumer" or "producer".
        timeout: how long an answer may take, in seconds.

    Attributes:
        hello: what it says about itself.

    Raises:
        CannotGoOn: it can't be run, or does not answer with a valid hello.
    """

    def __init__(self, command: Sequence[str], role: str, timeout: float) -> None:
        self._command = command
        self._role = role
        self._timeout = timeout
        self._process: _Process | None = None
        self._number = 0
        self._slowest = 0.0
        self.fresh()
        self.hello = self._start()

    def ask(self, members: dict[str, Any], number: int) -> dict[str, Any]:
        """Make a request, and return the answer.

        Raises:
            ProgramEnded, NoAnswer: there is no answer. The next request starts the program again.
            CannotGoOn: it writes something that is not an answer to this request.
        """
        if self._process is None:
            self._start()
        line = request(n=number, **members)
        answer = parse_answer(self._line(line))
        if answer.get("n") != number:
            self.close()
            raise CannotGoOn(f"its answer to request {number} must have n {number}, but has {answer.get('n')!r:.40}")
        return answer

    def fresh(self) -> None:
        """Reset the timeout, which a hang shortens so that shrinking the case does not take long."""
        self._patience = self._timeout

    def next_number(self) -> int:
        """Return a new request number."""
        self._number += 1
        return self._number

    def close(self) -> None:
        """End the program."""
        if self._process is not None:
            self._process.stop()
            self._process = None

    def _start(self) -> Any:
        self._process = _Process(self._command)
        try:
            return parse_hello(parse_answer(self._line(request(hello=VERSION))), self._role)
        except NoAnswer as error:
            raise CannotGoOn(
                f"{self._command[0]}: it must answer the hello immediately and flush its output, but {error}"
            ) from None
        except RemoteError as error:
            raise CannotGoOn(f"{self._command[0]}: when asked for a hello, {error}") from None
        except CannotGoOn as reason:
            self.close()
            raise CannotGoOn(f"{self._command[0]}: {reason}") from None

    def _line(self, line: bytes) -> bytes:
        process = self._process
        assert process is not None  # noqa: S101  # the caller started it
        started = time.monotonic()
        try:
            answer = process.ask(line, self._patience)
        except TimeoutError:
            self._process = None
            seconds = f"{self._patience:g} s"
            # While the case is made smaller, other cases that hang are not waited for as long.
            self._patience = min(self._timeout, max(_SHORT, _SLOWER * self._slowest))
            raise NoAnswer(f"it did not answer within {seconds}{process.kill()}") from None
        except BaseException:  # Ctrl-C
            self._process = None
            process.kill()
            raise
        self._slowest = max(self._slowest, time.monotonic() - started)
        if not answer:
            self._process = None
            raise ProgramEnded(process.end())
        if not answer.endswith(b"\n") and len(answer) == _LONGEST:
            self._process = None
            process.kill()
            raise CannotGoOn(f"it wrote {_LONGEST >> 20} MiB without a line end")
        return answer


class ProgramConsumer(Program):
    """A program that reads streams."""

    def __init__(self, command: Sequence[str], timeout: float) -> None:
        super().__init__(command, "consumer", timeout)

    def read(self, chunks: list[Any]) -> Reading:
        """Have the program read one stream."""
        number = self.next_number()
        if self.hello.stepwise:
            return self._read_stepwise(chunks, number)
        if self.hello.options.get("text"):
            return parse_reading(self.ask({"text": chunks}, number))
        return parse_reading(self.ask({"chunks": list(map(in_base64, chunks))}, number))

    def _read_stepwise(self, chunks: list[Any], number: int) -> Reading:
        events: list[dict[str, Any]] = []
        text = self.hello.options.get("text")
        steps = [{"text": chunk} if text else {"chunk": in_base64(chunk)} for chunk in chunks]
        for at, step in enumerate([*steps, {"end": True}]):
            reading = parse_reading(self.ask(step, number))
            events += [{**event, "chunk": at} for event in reading.events]
            if reading.error:
                return Reading(events, reading.error)
        return Reading(events)


class ProgramProducer(Program):
    """A program that sends events."""

    def __init__(self, command: Sequence[str], timeout: float) -> None:
        super().__init__(command, "producer", timeout)

    def send(self, event: ServerSentEvent, *, new: bool) -> bytes:
        """Have the program send one event, and return its bytes."""
        members: dict[str, Any] = {"new": True} if new else {}
        return parse_wire(self.ask({**members, "event": event_members(event)}, self.next_number()))

    def comment(self, text: str) -> bytes:
        """Have the program send a comment, and return its bytes."""
        return parse_wire(self.ask({"comment": text}, self.next_number()))
