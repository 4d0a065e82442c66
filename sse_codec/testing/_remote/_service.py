"""The suite's side of LaunchDarkly's protocol for test services of clients.

A service written for their sse-contract-tests works unchanged. For each stream, the suite asks it to start a client,
which requests the stream from the suite's server. The service posts each event back immediately. When the stream ends,
the client reconnects and gets a marker event. When the marker comes back, all earlier events have been reported.

https://github.com/launchdarkly/sse-contract-tests/blob/main/docs/service_spec.md
"""

from __future__ import annotations

import http.client
import json
import re
import secrets
import threading
from typing import Any
from urllib.parse import urljoin, urlsplit

from ._messages import CannotGoOn, Hello, Reading, RemoteError, parse_answer, parse_event
from ._pacing import Case, Paced
from ._server import Request

#: The delay before a client reconnects, in milliseconds. It is not 0, because some clients read 0 as the default delay.
_DELAY = 1


class _Visit:
    """One stream that a client of the service reads, and the callbacks for it."""

    def __init__(self, case: Case) -> None:
        self.case = case
        self.marker = f"end {secrets.token_hex(8)}"
        self.ready = threading.Event()
        self.messages: dict[int, dict[str, Any]] = {}
        self.problem = ""
        self.has_come_again = False

    @property
    def events(self) -> list[dict[str, Any]]:
        """The events from the callbacks, in the order of their numbers, without the marker."""
        events = [parse_event(message) for _, message in sorted(self.messages.items())]
        return [event for event in events if event["data"] != self.marker]

    @property
    def is_marked(self) -> bool:
        """Whether the marker has come back."""
        return any(message.get("data") == self.marker for message in self.messages.values())


class Service(Paced):
    """A test service, whose clients read the streams of a run.

    Args:
        url: the URL of the service.
        host: the host name or address to listen on. The clients of the service must reach it under this name.
        port: the port. 0 means any free port.
        timeout: how long the service may take for each step, in seconds.
        pause: how long to wait after each chunk, in seconds.
        grace: how long the report of a complete event may take, in seconds.

    Attributes:
        hello: its name, and the rules to leave out. A service sends no hello of its own.

    Raises:
        CannotGoOn: it does not answer, or does not read a simple stream.
    """

    def __init__(self, url: str, host: str, port: int, *, timeout: float, pause: float, grace: float) -> None:
        self._url = url
        super().__init__(timeout=timeout, pause=pause, grace=grace)
        self._visit: _Visit | None = None
        self._connects_again = True
        status, _, body = self._ask("GET", url)
        if not 200 <= status < 300:
            raise CannotGoOn(f"{url}: GET answered {status}; there is no test service at this URL")
        capabilities = _capabilities(body)
        self._needs_types = '"event-type-listeners"' in capabilities
        # A service does not report reconnection times, and a client would wait for a long one.
        self.hello = Hello(name=f"the client of {url}", without=frozenset({"retry"}))
        self._listen(host, port, self._application)
        try:
            self._try()
        except BaseException:
            self.close()
            raise

    def _read(self, chunks: list[Any], grace: float) -> tuple[Case, Reading]:
        """Have one stream read by a new client."""
        self._number += 1
        visit = _Visit(Case(self._number, chunks, self._pause, grace))
        self._visit = visit  # reports about earlier streams come too late
        instance = self._create(visit)
        try:
            if self._needs_types:
                for name in visit.case.types:
                    self._ask("POST", instance, {"command": "listen", "listen": {"type": name}})
            visit.ready.set()
            return visit.case, self._wait(visit)
        finally:
            visit.ready.set()
            visit.case.release()
            self._ask("DELETE", instance)

    def close(self) -> None:
        """Stop listening. The service keeps running."""
        self._server.stop()

    def _try(self) -> None:
        """Check that the service reads a simple stream and posts its event back."""
        hint = f"check that it can reach {self._server.url}, or choose another address with --listen HOST:PORT"
        try:
            events = self.read([b"data: hello\n\n"]).events
        except RemoteError:
            raise CannotGoOn(f"{self._url}: its client did not request the test stream; {hint}") from None
        if [event["data"] for event in events] != ["hello"]:
            what = json.dumps(events) if events else "no event"
            raise CannotGoOn(f"{self._url}: its client got 'data: hello', but the service reported {what}; {hint}")

    def _create(self, visit: _Visit) -> str:
        where = f"{self._server.url}/case/{visit.case.number}"
        members = {
            "streamUrl": where,
            "callbackUrl": f"{where}/callback",
            "tag": f"case {visit.case.number}",
            "initialDelayMs": _DELAY,
        }
        status, location, _ = self._ask("POST", self._url, members)
        if not 200 <= status < 300:
            raise CannotGoOn(f"{self._url}: POST answered {status}, and started no client")
        if not location:
            raise CannotGoOn(f"{self._url}: POST answered without a Location header")
        return urljoin(self._url, location)

    def _wait(self, visit: _Visit) -> Reading:
        """Wait until the service has reported everything that its client read."""
        case = visit.case
        if not case.wait(lambda: case.is_asked or bool(visit.problem), self._timeout):
            raise RemoteError(f"the client did not ask for the stream within {self._timeout:g} s")
        case.wait(lambda: case.is_sent or bool(visit.problem), None)
        # If a client once fails to reconnect, only the grace is allowed from then on.
        patience = self._timeout if self._connects_again else self._grace
        is_over = case.wait(lambda: visit.is_marked or bool(visit.problem), patience)
        if visit.problem:
            raise CannotGoOn(visit.problem)
        if not is_over and not visit.has_come_again:
            self._connects_again = False
        return Reading(case.with_chunks(visit.events))

    def _ask(self, method: str, url: str, members: Any = None) -> tuple[int, str, bytes]:
        """Send a request to the service; return the status, Location and body."""
        parts = urlsplit(url)
        if parts.scheme != "http" or not parts.hostname:
            raise CannotGoOn(f"{url} is not an http:// URL")
        connection = http.client.HTTPConnection(parts.hostname, parts.port or 80, timeout=self._timeout)
        try:
            body = None if members is None else json.dumps(members)
            connection.request(method, parts.path or "/", body, {"Content-Type": "application/json"} if body else {})
            response = connection.getresponse()
            return response.status, response.headers.get("Location", ""), response.read(1 << 20)
        except (OSError, http.client.HTTPException) as error:
            raise CannotGoOn(f"{url}: {str(error) or type(error).__name__}") from None
        finally:
            connection.close()

    # The methods below run in the server's threads.

    def _application(self, request: Request) -> None:
        route = re.fullmatch(r"/case/([1-9][0-9]{0,8})(?:/callback/([0-9]{1,9}))?", request.route)
        visit = self._visit
        if route is None or visit is None or visit.case.number != int(route[1]):
            request.reply(204)  # a closed client may reconnect and report again
        elif route[2] is None:
            self._stream(request, visit)
        else:
            self._take(request, visit, int(route[2]))

    def _stream(self, request: Request, visit: _Visit) -> None:
        case = visit.case
        if case.ask():
            visit.ready.wait(self._timeout)
            try:
                request.stream(case.send)
            finally:
                case.end()
        elif case.is_sent and not visit.has_come_again:
            visit.has_come_again = True
            request.stream(lambda write: self._mark(write, visit))
        else:
            request.reply(204)

    def _mark(self, write: Any, visit: _Visit) -> None:
        write(f"data: {visit.marker}\n\n".encode())
        visit.case.wait(lambda: False, self._timeout)  # keep it open until the client is closed, or it would reconnect

    def _take(self, request: Request, visit: _Visit, number: int) -> None:
        def add() -> None:
            try:
                message = parse_answer(request.body, is_body=True)
                if message.get("kind") == "event":
                    parse_event(message.get("event"))
                    visit.messages[number] = message["event"]
            except CannotGoOn as reason:
                visit.problem = f"the service's POST to {request.route} is invalid: {reason}"

        visit.case.change(add)
        visit.case.saw(len(visit.messages))
        request.reply(204)


def _capabilities(body: bytes) -> str:
    """Return the capabilities of a service as JSON, or "" if it does not answer with a JSON object."""
    try:
        members = parse_answer(body)
    except CannotGoOn:
        return ""
    capabilities = members.get("capabilities")
    return json.dumps(capabilities)
