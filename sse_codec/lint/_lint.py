"""lint: the findings of one whole stream, from any source of chunks."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

from sse_codec._input import DEFAULT_MAX_EVENT_SIZE
from sse_codec._iterate import Chunks, close_source, iterate_chunks

from ._finding import Finding
from ._linter import Linter


def lint(
    chunks: Chunks,
    *,
    json: bool = False,
    unique_ids: bool = False,
    require_ids: bool = False,
    sentinel: str | None = None,
    max_event_size: int | None = DEFAULT_MAX_EVENT_SIZE,
    ignore: Collection[str] = (),
    fold: bool = True,
) -> Iterator[Finding]:
    r"""Check the event stream of one connection. Yields each finding as soon as the bytes that prove it have come.

    The options are those of `Linter`.

    Args:
        chunks: the same as for `sse_codec.decode`: bytes, an iterable of bytes cut anywhere, or a binary file.
        json: every payload must be JSON.
        unique_ids: no id may be used twice.
        require_ids: every event must have an id.
        sentinel: the data that the last event must have. None means any.
        max_event_size: the largest block that is allowed, in bytes. None means no limit.
        ignore: codes of findings that are not reported.
        fold: report the first of equal findings, and count the others.

    Raises:
        TypeError, ValueError: as for `Linter` and `Linter.feed`. Wrong arguments are reported by the call itself.
        Exception: any error that `chunks` raises, unchanged.

    >>> from sse_codec.lint import lint
    >>> [finding.code for finding in lint([b"data: one\n\nda", b"ta: two\n"])]
    ['unfinished-block']
    """
    linter = Linter(
        json=json,
        unique_ids=unique_ids,
        require_ids=require_ids,
        sentinel=sentinel,
        max_event_size=max_event_size,
        ignore=ignore,
        fold=fold,
    )
    return _lint(iterate_chunks("lint", chunks), linter)


def _lint(source: Iterator[Any], linter: Linter) -> Iterator[Finding]:
    try:
        for chunk in source:
            yield from linter.feed(chunk)
    finally:
        close_source(source)
    yield from linter.close()
