"""Input and output of the commands: files, pipes and terminals, and errors that say which one failed."""

from __future__ import annotations

import contextlib
import os
import re
import stat
import sys
from typing import TYPE_CHECKING, Any

from ._terminal import Progress

if TYPE_CHECKING:
    from collections.abc import Iterator

READ_SIZE = 64 * 1024


class Failure(Exception):
    """The run can't continue: the exit status, and one line that says why."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(status, reason)
        self.status = status
        self.reason = reason


class Sink:
    """Standard output: writes text as UTF-8 in any locale, and flushes it immediately."""

    def __init__(self) -> None:
        if sys.stdout is None:
            raise Failure(2, "standard output is closed")
        self.is_terminal = sys.stdout.isatty()
        self.is_pipe = _mode(sys.stdout, stat.S_ISFIFO, stat.S_ISSOCK)
        self._buffer = sys.stdout.buffer
        self.progress: Progress | None = None

    def write(self, text: str) -> None:
        """Write a text and flush it.

        Raises:
            Failure: the text can't be written, for instance because the disk is full.
            BrokenPipeError: the reader has closed the pipe.
        """
        if self.is_terminal and self.progress is not None:
            self.progress.clear()
        try:
            self._buffer.write(text.encode("utf-8", "surrogateescape"))  # a file name may not be UTF-8
            self._buffer.flush()
        except BrokenPipeError:
            raise
        except OSError as error:
            raise Failure(1, f"standard output: {error.strerror}") from None


def let_go() -> None:
    """Discard output that could not be written; otherwise the interpreter would try again at exit and complain."""
    for stream in filter(None, (sys.stdout, sys.stderr)):  # None if it was closed when the program started
        try:
            stream.flush()
        except OSError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def say(line: str) -> None:
    """Write a line for people to standard error, if that is possible."""
    with contextlib.suppress(OSError):  # there is nowhere to report it
        print(line, file=sys.stderr, flush=True)


def show(text: str) -> None:
    """Write the text of `--help` and similar options."""
    Sink().write(text)


class Source:
    """The input: a file, or standard input for "-".

    Args:
        path: the path of the file.
        command: the name of the command, for a message.
        sink: standard output, which progress must not disturb.
        events: whether the command writes while it reads; on a terminal, that shows enough progress.

    Attributes:
        name: the name of the input, for messages.
        is_file: whether the input is a regular file, and not live.
        size: the size of the file in bytes; -1 for a pipe.
        read: how many bytes were read so far.

    Raises:
        Failure: the file can't be opened.
    """

    def __init__(self, path: str, command: str, sink: Sink, *, events: bool) -> None:
        self._owned = path != "-"
        self.name = path if self._owned else "standard input"
        self.file: Any = _open(path, command) if self._owned else _standard_input()
        self.is_file = _mode(self.file, stat.S_ISREG)
        self.size = os.fstat(self.file.fileno()).st_size if self.is_file else -1
        self.read = 0
        shown = not sink.is_pipe and not (events and sink.is_terminal)
        self.progress = Progress(sys.stderr, self.size if shown else -1)
        sink.progress = self.progress

    def chunks(self) -> Iterator[bytes]:
        """Yield bytes as they arrive."""
        while chunk := self._next():
            self._add(len(chunk))
            yield chunk

    def lines(self) -> Iterator[bytes]:
        """Yield lines as they arrive."""
        while line := self._guard(self.file.readline):
            self._add(len(line))
            yield line

    def close(self) -> None:
        """Clear the progress, and close a file."""
        self.progress.clear()
        if self._owned:
            self.file.close()

    def _add(self, size: int) -> None:
        self.read += size
        self.progress.show(self.read)

    def _next(self) -> bytes:
        return self._guard(lambda: self.file.read1(READ_SIZE))

    def _guard(self, read: Any) -> bytes:
        try:
            data: bytes = read()
        except OSError as error:
            raise Failure(1, f"{self.name}: {error.strerror}") from None
        return data


def _standard_input() -> Any:
    if sys.stdin is None:
        raise Failure(2, "standard input is closed")
    return sys.stdin.buffer


def _open(path: str, command: str) -> Any:
    try:
        return open(path, "rb")
    except OSError as error:
        if re.match(r"https?://", path):
            raise Failure(
                2, f"{path} is a URL, but sse-codec reads only files and pipes: curl -N '{path}' | sse-codec {command}"
            ) from None
        raise Failure(2, f"{path}: {error.strerror}") from None


def _mode(file: Any, *tests: Any) -> bool:
    """Tell whether a file passes one of the tests, which are functions of `stat`."""
    try:
        mode = os.fstat(file.fileno()).st_mode
    except OSError:  # it has no file descriptor, as in tests
        return False
    return any(test(mode) for test in tests)
