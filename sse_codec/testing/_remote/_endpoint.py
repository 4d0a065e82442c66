"""A running server as a producer: a request or a command publishes an event, and the check reads it from the server."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from http import HTTPStatus
from http.client import BadStatusLine, HTTPException
from typing import Any
from urllib.error import HTTPError

from sse_codec._event import ServerSentEvent
from sse_codec._http import is_event_stream
from sse_codec.testing._endpoints import Endpoint, PerStream, http, per_stream, post, unreachable
from sse_codec.testing._report import event_members
from sse_codec.testing._sending import is_mark, mark

from ._messages import CannotGoOn, Refused, RemoteError

#: How many bytes of a response that refuses an event are shown.
_SHOWN = 200


def endpoint(
    url: str, publish: str | None, command: Sequence[str], headers: Mapping[str, str], timeout: float
) -> Endpoint | PerStream:
    """Return a server in a form that `check_producer` takes.

    Args:
        url: the URL of its event stream.
        publish: the URL to post events to. With None and no `command`, each event is posted to `url` itself, and the
            response is the stream.
        command: a program and its arguments. It reads an event from its standard input and has the server send it. If
            it is not empty, `publish` is not used.
        headers: headers for all requests.
        timeout: how long a request or the program may take, in seconds.

    Raises:
        CannotGoOn: events are posted to `url` itself, and it does not answer a plain event with a stream.
    """
    if command:
        return http(url, publish=lambda event: _run(command, event, timeout), headers=headers)

    def ask(event: ServerSentEvent, where: str) -> Any:
        try:
            return post(event, where, headers, timeout)
        except HTTPError as error:
            with error:
                what = "answered {} to a plain event" if is_mark(event) else "answered {}"
                text = f"{where} {what.format(error.code)}: {error.read(_SHOWN)!r}"
            if error.code >= HTTPStatus.INTERNAL_SERVER_ERROR:
                raise RemoteError(text) from None
            raise Refused(text) from None
        except (OSError, BadStatusLine) as error:
            raise CannotGoOn(unreachable(where, error)) from None

    def publish_it(event: ServerSentEvent) -> None:
        with ask(event, publish or url) as response:
            response.read()

    def answer(event: ServerSentEvent) -> Iterator[bytes]:
        with ask(event, url) as response:
            yield from iter(response.read1, b"")

    if publish is not None:
        return http(url, publish=publish_it, headers=headers)
    try:
        _try(ask, url, timeout)
    except (RemoteError, Refused) as reason:
        advice = f"each event is posted to {url}, and the response must be the stream"
        raise CannotGoOn(f"{reason}. Without --publish or --publish-command, {advice}") from None
    return per_stream(lambda: answer)


def _try(ask: Callable[[ServerSentEvent, str], Any], url: str, timeout: float) -> None:
    """Post a plain event, and check that the response is a stream that ends.

    Raises:
        CannotGoOn: no response comes.
        RemoteError, Refused: it is not such a stream.
    """
    with ask(mark("0", 1), url) as response:
        content_type = response.headers.get("Content-Type", "")
        try:
            body = b"".join(iter(response.read1, b""))
        except (OSError, HTTPException) as error:
            late = f"did not end its response within {timeout:g} s"
            raise RemoteError(f"{url} {late if isinstance(error, TimeoutError) else f'broke off: {error}'}") from None
        if not is_event_stream(content_type):
            what = f"{url} answered with Content-Type {content_type!r} instead of an event stream"
            raise RemoteError(f"{what}: {body[:_SHOWN]!r}")


def _run(command: Sequence[str], event: ServerSentEvent, timeout: float) -> None:
    """Publish an event with a program."""
    try:
        done = subprocess.run(  # noqa: S603  # the command is the caller's
            command,
            input=json.dumps(event_members(event)).encode("ascii"),
            capture_output=True,
            timeout=timeout,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise CannotGoOn(f"{command[0]} did not publish an event within {timeout:g} s") from None
    except OSError as error:
        raise CannotGoOn(f"{command[0]}: {error.strerror or error}") from None
    if done.returncode:
        raise Refused(f"{command[0]} ended with status {done.returncode}: {done.stderr[-_SHOWN:]!r}")
