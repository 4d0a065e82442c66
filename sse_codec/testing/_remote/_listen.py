"""A client of any kind, over HTTP: it comes for streams, and reports what it read.

The client asks for `/next`, reads the stream that it is told, and posts the events to the same address with `/events`
behind; the answer to that has the next. A browser does it with a page that is served here.
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

from sse_codec.testing._remote._messages import (
    CannotGoOn,
    Hello,
    Reading,
    parse_answer,
    parse_hello,
    parse_reading,
)
from sse_codec.testing._remote._server import Case, Paced, Request
from sse_codec.testing._rules import PROMPTNESS

#: How long the server stays to tell that the run is over, in seconds.
_FAREWELL = 2.0

_HOW = """\
sse-codec fuzz consumer, over HTTP. In a browser, open this address. Any other client does this:

1. POST /hello    optional; the body: {{"hello": 1, "name": "my-client", "version": "1.0", "without": ["retry"]}}
2. GET /next      the answer: {{"next": "{url}/case/1", "types": ["message"]}}
3. GET that       an event stream; read it to its end
4. POST it with /events behind; the body: {{"events": [{{"data": "a", "event": "message", "id": "1"}}]}}
                  the answer is that of /next: go on with 3
5. The last answer is {{"done": true, "conforms": false, "report": "..."}}

docs/fuzz-protocol.md of sse-codec says what the members mean.
"""


class Listener(Paced):
    """A server that has the streams of a run read by whoever comes.

    Args:
        host: where to listen, as a name or an address.
        port: 0: any that is free.
        timeout: how long a client may take for each step, in seconds.
        pause: how long to wait behind a chunk, in seconds.
        grace: how long a client may take to report an event that is complete, in seconds.

    Raises:
        CannotGoOn: it can't listen there.
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
        """Where it listens."""
        return self._server.url

    def wait_for_client(self) -> None:
        """Wait until a client asks for its first stream; by then it has said its hello, if it says one."""
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
        self._wait(case, self._is_read, f"the client did not report what it read of {what}")
        reading = self._reading
        assert reading is not None  # noqa: S101  # it was waited for
        return case, reading._replace(events=case.with_chunks(reading.events))

    def finish(self, *, conforms: bool, report: str) -> None:
        """Tell the client how it ended, if it is still there."""
        with self._changed:
            self._case = None
            self._last = {"done": True, "conforms": conforms, "report": report}
            self._changed.notify_all()
            self._changed.wait_for(lambda: self._told and not self._waiting, _FAREWELL)

    def close(self) -> None:
        """Stop listening."""
        with self._changed:
            self._last = self._last or {"done": True, "conforms": False, "report": "the run was broken off\n"}
            self._changed.notify_all()
        self._server.stop()

    def _is_read(self) -> bool:
        return self._reading is not None

    def _wait(self, case: Case, condition: Callable[[], bool], what: str) -> None:
        """Wait until something holds, as long as the client reports that it goes on."""
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

    # What follows runs on the threads of the server.

    def _application(self, request: Request) -> None:
        route = re.fullmatch(r"/(?:case/([1-9][0-9]{0,8})(/seen|/events)?|(next|hello)?)", request.route)
        if route is None:
            request.reply(404, "there is no such page; / says what there is\n")
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
                request.reply(405, "no such method here; / says what there is\n")

    def _front(self, request: Request) -> None:
        if "text/html" in request.headers.get("Accept", ""):
            page = Path(__file__).with_name("page.html").read_text(encoding="utf-8")
            request.reply(200, page, "text/html; charset=utf-8")
        else:
            request.reply(200, _HOW.format(url=self.url))

    def _reply_next(self, request: Request) -> None:
        """Say what comes next, as soon as it is known."""
        with self._until(lambda case: not case.is_asked) as case:
            if case is not None:
                request.reply_json({"next": f"{self._base(request)}/case/{case.number}", "types": case.types})
            else:
                request.reply_json(self._last)

    @contextlib.contextmanager
    def _until(self, condition: Callable[[Case], bool]) -> Generator[Case | None, None, None]:
        """Wait for a case of which something holds; gives None when the run is over."""
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
        """Return the address by which the client knows this server."""
        host = request.headers.get("Host")
        return f"http://{host}" if host else self.url

    def _stream(self, request: Request, number: int) -> None:
        with self._until(lambda case: case.number >= number) as case:
            with self._changed:
                is_mine = case is not None and case.number == number and case.ask()
                self._changed.notify_all()
            if not is_mine:
                # EventSource takes it for the end, whoever else for nothing to read.
                request.reply(204)
        if case is None or not is_mine:
            return
        try:
            request.stream(case.send)
        finally:
            with self._changed:
                case.is_sent = True
                self._changed.notify_all()

    def _take(self, request: Request, take: Callable[[dict[str, Any]], bool]) -> None:
        """Take a report, and answer it; what is no report ends the run."""
        try:
            is_done = take(parse_answer(request.body))
        except CannotGoOn as reason:
            with self._changed:
                self._problem = f"the client posted to {request.route}: {reason}"
                self._changed.notify_all()
            request.reply(400, f"{reason}\n")
            return
        if is_done:
            self._reply_next(request)
        else:
            request.reply(204)

    def _take_hello(self, members: dict[str, Any]) -> bool:
        hello = parse_hello({**members, "text": False}, "consumer")  # over HTTP a stream is bytes
        with self._changed:
            self.hello = hello
            self._is_live = bool(members.get("live")) and PROMPTNESS.name not in hello.without
        return False

    def _take_seen(self, number: int, members: dict[str, Any]) -> bool:
        seen = members.get("seen")
        if type(seen) is not int:
            raise CannotGoOn(f"seen is a number of events, and not {json.dumps(seen)}")
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
