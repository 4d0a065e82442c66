"""assert_conforms: one captured stream in; an AssertionError out for what a client would lose of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sse_codec._iterate import iterate_chunks
from sse_codec.lint import lint

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from sse_codec._iterate import Chunks
    from sse_codec.lint import Options

#: How many findings the error shows; one mistake of a producer is often in every event.
_SHOWN = 10


def assert_conforms(wire: Chunks, **options: Unpack[Options]) -> None:
    r"""Check one captured event stream: every finding of error level fails, with its place (WHATWG HTML 9.2).

    An error means that a client of the standard loses something; what only some clients may lose is a warning, and
    passes. `sse_codec.lint` says what is which.

    Args:
        wire: all bytes of one connection's stream: bytes, an iterable of bytes cut anywhere, or a binary file.
        options: those of `sse_codec.lint.Linter`: `json`, `unique_ids`, `require_ids`, `sentinel`,
            `max_event_size`, `ignore`.

    Raises:
        AssertionError: there are errors. Its text is a report: each one's place, line and caret, what a client does
            with it, and how to mend it; of more than ten the first ten.
        TypeError: an argument is of the wrong type.
        ValueError: `max_event_size` is less than 1, or `ignore` has something that is no code of a finding.

    >>> from sse_codec.testing import assert_conforms
    >>> assert_conforms(b"event: tick\ndata: 1\n\n")
    >>> assert_conforms(b"event: tick\ndata: 1\n")
    Traceback (most recent call last):
        ...
    AssertionError: the event stream has 1 error, by which a client loses something
    <BLANKLINE>
    error[unfinished-block] line 3, column 1 (byte 20): the stream ends inside the event of line 2
    <BLANKLINE>
        ^
        a client discards what the block says
        end every block with a blank line, the last one too
    """
    __tracebackhide__ = True  # pytest shows the test's line, not this function's
    shown: list[str] = []
    count = 0
    for finding in lint(iterate_chunks("assert_conforms", wire), **options):
        if finding.severity == "error":
            count += 1
            if count <= _SHOWN:
                shown.append(str(finding))
    if count > _SHOWN:
        shown.append(f"and {count - _SHOWN} more")
    if count:
        head = f"the event stream has {count} error{'s' * (count > 1)}, by which a client loses something"
        raise AssertionError("\n\n".join((head, *shown)))
