"""A server for any HTTP client, which requests streams from it and reports what it read.

The client requests `/next` for the URL of a stream, reads that stream, and posts the events to its URL with `/events`
appended. The response has the URL of the next stream. For browsers, the server has a page that does this.
"""

from __future__ import annotations

import contextlib
import json
import re
import threading
from collections.abc import Callable, Generator
from functools import partial
from pathlib import Path
from typing import Any

from sse_codec.testing._rules import PROMPTNESS

from ._messages import (
    CannotGoOn,
    Hello,
    Reading,
    parse_answer,
    parse_hello,
    parse_reading,
)
from ._pacing import Case, Paced
from ._server import Request

#: How long the server waits for the client to learn that the run is over, in seconds.
_FAREWELL = 2.0

_HOW = """\
sse-codec fuzz consumer, over HTTP. To check a browser, open this address in it. Any other client must do this:

1. POST /hello (optional). Body: {{"hello": 1, "name": "my-client", "version": "1.0", "without": ["retry"]}}
2. GET /next. Response: {{"next": "{url}/case/1", "types": ["message"]}}
3. GET the URL in "next". The response is an event stream. Read it to its end.
4. POST the events to the same URL with /events appended.
   Body: {{"events": [{{"data": "a", "event": "message", "id": "1"}}]}}
   The response is like that of /next. Continue with step 3.
5. The last response is {{"done": true, "conforms": false, "report": "..."}}

docs/fuzz-protocol.md in sse-codec explains the members.
"""


class Listener(Paced):
    """A server that lets any client read the streams of a run.

    Args:
        host: the host name or address to listen on.
        port: the port. 0 means any free port.
        timeout: how long a client may take for each step, in seconds.
        pause: how long to wait after each chunk, in seconds.
        grace: how long a client may take to report a complete event, in seconds.

    Raises:
        CannotGoOn: it can't listen on that host and port.
    """

    def __init__(self, host: str, port: int, *, timeout: float, pause: float, grace: float) -> None:
        self.hello = Hello()
        super().__init__(timeout=timeout, pause=pause, grace=grace)
        self._is_live = False
        self._changed = threading.Condition()
        self._case: Case | None = None
        self._reading: Reading | None = None
        self._problem = ""
        self._has_come = False
        self._last: dict[str, Any] | None = None
        self._waiting = 0
        self._told = False
        self._listen(host, port, self._application)

    @property
    def url(self) -> str:
        """The URL of the server."""
        return self._server.url

    def wait_for_client(self) -> None:
        """Wait until a client requests its first stream. If it sends a hello, it has done so by then."""
        with self._changed:
            self._changed.wait_for(lambda: self._has_come or self._problem)
        self._check_problem()

    def _read(self, chunks: list[Any], grace: float) -> tuple[Case, Reading]:
        self._number += 1
        case = Case(self._number, chunks, self._pause, grace if self._is_live else 0.0)
        with self._changed:
            self._case, self._reading = case, None
            self._changed.notify_all()
        what = f"{self.url}/case/{case.number}"
        self._wait(case, lambda: case.is_asked, f"the client did not ask for {what}")
        with self._changed:
            self._changed.wait_for(lambda: case.is_sent or self._is_read())  # sending has its own limits
        self._wait(case, self._is_read, f"the client did not report what it read from {what}")
        reading = self._reading
        assert reading is not None  # noqa: S101  # it was waited for
        return case, reading._replace(events=case.with_chunks(reading.events))

    def finish(self, *, conforms: bool, report: str) -> None:
        """Send the result to the client, if it is still connected."""
        with self._changed:
            self._case = None
            self._last = {"done": True, "conforms": conforms, "report": report}
            self._changed.notify_all()
            self._changed.wait_for(lambda: self._told and not self._waiting, _FAREWELL)

    def close(self) -> None:
        """Stop listening."""
        with self._changed:
            self._last = self._last or {"done": True, "conforms": False, "report": "the run ended early\n"}
            self._changed.notify_all()
        self._server.stop()

    def _is_read(self) -> bool:
        return self._reading is not None

    def _wait(self, case: Case, condition: Callable[[], bool], what: str) -> None:
        """Wait until the condition is true. The timeout starts again whenever the client reports more events."""
        held, seen = False, -1
        while not held and case.seen > seen:
            seen = case.seen
            with self._changed:
                held = self._changed.wait_for(lambda: bool(condition() or self._problem), self._timeout)
        self._check_problem()
        if not held:
            raise CannotGoOn(f"{what} within {self._timeout:g} s: it left, or it hangs")

    def _check_problem(self) -> None:
        if self._problem:
            raise CannotGoOn(self._problem)

    # The methods below run in the server's threads.

    def _application(self, request: Request) -> None:
        route = re.fullmatch(r"/(?:case/([1-9][0-9]{0,8})(/seen|/events)?|(next|hello)?)", request.route)
        if route is None:
            request.reply(404, "no such page; see / for instructions\n")
            return
        number, part, name = int(route[1] or 0), route[2], route[3]
        match request.command, name, part:
            case "GET", "next", _:
                self._reply_next(request)
            case "POST", "hello", _:
                self._take(request, self._take_hello)
            case "GET", None, None if number:
                self._stream(request, number)
            case "POST", None, "/seen":
                self._take(request, partial(self._take_seen, number))
            case "POST", None, "/events":
                self._take(request, partial(self._take_events, number))
            case "GET", None, None:
                self._front(request)
            case _:
                request.reply(405, "this page does not support this method; see / for instructions\n")

    def _front(self, request: Request) -> None:
        if "text/html" in request.headers.get("Accept", ""):
            page = Path(__file__).with_name("page.html").read_text(encoding="utf-8")
            request.reply(200, page, "text/html; charset=utf-8")
        else:
            request.reply(200, _HOW.format(url=self.url))

    def _reply_next(self, request: Request) -> None:
        """Reply with the next stream, or with the end of the run, as soon as it is known."""
        with self._until(lambda case: not case.is_asked) as case:
            if case is not None:
                request.reply_json({"next": f"{self._base(request)}/case/{case.number}", "types": case.types})
            else:
                request.reply_json(self._last)

    @contextlib.contextmanager
    def _until(self, condition: Callable[[Case], bool]) -> Generator[Case | None, None, None]:
        """Wait for a case that meets the condition. The value is None when the run is over."""
        with self._changed:
            self._has_come = True
            self._waiting += 1
            self._changed.notify_all()
            self._changed.wait_for(lambda: self._last is not None or (self._case is not None and condition(self._case)))
            case = self._case if self._last is None else None
        try:
            yield case
        finally:
            with self._changed:
                self._waiting -= 1
                self._told = case is None
                self._changed.notify_all()

    def _base(self, request: Request) -> str:
        """Return the URL under which the client reaches this server."""
        host = request.headers.get("Host")
        return f"http://{host}" if host else self.url

    def _stream(self, request: Request, number: int) -> None:
        with self._until(lambda case: case.number >= number) as case:
            with self._changed:
                is_mine = case is not None and case.number == number and case.ask()
                self._changed.notify_all()
            if not is_mine:
                # An EventSource stops reconnecting on 204; for other clients, it is an empty response.
                request.reply(204)
        if case is None or not is_mine:
            return
        try:
            request.stream(case.send)
        finally:
            case.end()
            with self._changed:
                self._changed.notify_all()

    def _take(self, request: Request, take: Callable[[dict[str, Any]], bool]) -> None:
        """Handle a POST, and reply to it. An invalid body ends the run."""
        try:
            is_done = take(parse_answer(request.body, is_body=True))
        except CannotGoOn as reason:
            with self._changed:
                self._problem = f"the client's POST to {request.route} is invalid: {reason}"
                self._changed.notify_all()
            request.reply(400, f"{reason}\n")
            return
        if is_done:
            self._reply_next(request)
        else:
            request.reply(204)

    def _take_hello(self, members: dict[str, Any]) -> bool:
        members.pop("text", None)  # over HTTP, a stream is bytes
        hello = parse_hello(members, "consumer")
        with self._changed:
            self.hello = hello
            self._is_live = bool(members.get("live")) and PROMPTNESS.name not in hello.without
        return False

    def _take_seen(self, number: int, members: dict[str, Any]) -> bool:
        seen = members.get("seen")
        if type(seen) is not int:
            raise CannotGoOn(f"seen must be a number of events, not {json.dumps(seen)}")
        case = self._case
        if case is not None and case.number == number:
            case.saw(seen)
        return False

    def _take_events(self, number: int, members: dict[str, Any]) -> bool:
        reading = parse_reading(members)
        with self._changed:
            if self._case is not None and self._case.number == number and self._reading is None:
                self._reading = reading
                self._changed.notify_all()
        return True
