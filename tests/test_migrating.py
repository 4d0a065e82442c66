"""docs/migrating.md shows the clients that `interop/test_migrating.py` runs, and every row of its tables is checked."""

from __future__ import annotations

import contextlib
import re
from http.client import HTTPConnection
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from sse_codec import DEFAULT_MAX_EVENT_SIZE, EventTooLarge, SSEError
from sse_codec.clients import ConnectionLost, blocks, events
from tests.interop.scripted import Scripted, answer
from tests.interop.servers import PATIENCE
from tests.interop.test_migrating import ROWS, TITLES

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs" / "migrating.md").read_text(encoding="utf-8")
BLOCKS = dict(re.findall(r"<!-- ([\w ]+) -->\n```python\n(.*?)```", PAGE, re.DOTALL))
CLIENTS = {
    path.stem.replace("_before", " before").replace("_after", " after"): path.read_text(encoding="utf-8")
    for path in (ROOT / "tests" / "interop" / "migration").glob("*_*.py")
    if path.stem != "__init__"
}
SECTIONS = dict(re.findall(r"^## (.*?)\n(.*?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL))


def test_the_page_shows_each_client_before_and_after() -> None:
    assert BLOCKS == CLIENTS
    assert PAGE.count("```") == 2 * len(BLOCKS)
    assert {name.rpartition(" ")[0] for name in BLOCKS} == set(ROWS)


@pytest.mark.parametrize("library", ROWS)
def test_each_row_is_checked(library: str) -> None:
    """Rows are identified by their text about the other library."""
    _, _, *rows = re.findall(r"^\| (.*?) \| .* \| .* \|$", SECTIONS[TITLES[library]], re.MULTILINE)
    assert rows == list(ROWS[library])


def test_each_library_is_pinned() -> None:
    """So that the page describes known versions."""
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    for library in ROWS:
        assert re.search(rf'^    "{re.escape(library.replace("_", "-"))}==', project, re.MULTILINE), library


def read(wire: bytes, **options: Any) -> list[Any]:
    """Read a server's answer with `events`, or with the function `by`; the last item may be an error."""
    by = options.pop("by", events)
    with (
        Scripted(
            answer(wire, **{key: options.pop(key) for key in ("status", "cut") if key in options})
        ).running() as server,
        contextlib.closing(HTTPConnection("127.0.0.1", server.port, timeout=PATIENCE)) as connection,
    ):
        connection.request("GET", "/")
        with connection.getresponse() as response:
            items = []
            try:
                items.extend(by(response, **options))
            except SSEError as error:
                items.append(error)
            return items


#: The rows of "What changes everywhere", with a check of each.
EVERYWHERE: dict[str, Callable[[], bool]] = {
    "an event has": lambda: all(
        hasattr(read(b"data: 1\n\n")[0], name) for name in ("data", "event", "id", "retry", "last_event_id", "json")
    ),
    "an event without a type": lambda: read(b"data: 1\n\n")[0].event == "message",
    "a block without data": lambda: (read(b"event: a\n\n"), len(read(b"event: a\n\n", by=blocks))) == ([], 1),
    "invalid UTF-8": lambda: read(b"data: \xff\n\n")[0].data == "\ufffd",
    "a byte order mark at the start": lambda: read(b"\xef\xbb\xbfdata: 1\n\n")[0].data == "1",
    "an id with U+0000": lambda: read(b"id: 1\0\ndata: 1\n\n")[0].id is None,
    "`retry`": lambda: [event.retry for event in read(b"retry: 7\ndata: 1\n\nretry: +7\ndata: 2\n\n")] == [7, None],
    "the end of the stream inside an event": lambda: (
        (
            len(read(b"data: 1\n\ndata: 2")),
            len(read(b"data: 1\n\ndata: 2", on_eof="dispatch")),
        )
        == (1, 2)
    ),
    "a response that is not an event stream": lambda: read(b"sorry", status="404 Not Found")[0].text == "sorry",
    "a connection that breaks": lambda: type(read(b"data: 1\n\n", cut=True)[-1]) is ConnectionLost,
    "a block of more than 64 MiB": lambda: (
        type(read(b"data: " + b"x" * 99, max_event_size=99)[0]) is EventTooLarge and DEFAULT_MAX_EVENT_SIZE == 64 << 20
    ),
}


def test_what_changes_everywhere() -> None:
    _, *rows = re.findall(r"^\| (.*?) \|.*\|$", SECTIONS["What changes everywhere"], re.MULTILINE)
    assert rows == list(EVERYWHERE)


@pytest.mark.parametrize("row", EVERYWHERE)
def test_a_change_everywhere(row: str) -> None:
    assert EVERYWHERE[row]()
