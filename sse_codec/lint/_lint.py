"""lint: the findings of one whole stream, from whatever its chunks come out of."""

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
    r"""Check one connection's event stream; yields each finding when the bytes that prove it have come.

    Args:
        chunks: whatever `sse_codec.decode` takes: bytes, an iterable of bytes cut anywhere, or a binary file.
        json: as for `Linter`, and so are the others.
        unique_ids: no id may come twice.
        require_ids: every event must have an id.
        sentinel: the data that the last event must have.
        max_event_size: the largest block that is fine, in bytes; None: any.
        ignore: codes of findings that are not reported.
        fold: report the first of equal findings, and count the others.

    Raises:
        TypeError, ValueError: as `Linter` and `Linter.feed`; what can be said at once, by the call itself. What
            `chunks` raises passes unchanged.

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
