"""A running server as a producer: a request or a command publishes an event, and the check reads it from the server."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from http import HTTPStatus
from typing import Any
from urllib.error import HTTPError

from sse_codec._event import ServerSentEvent
from sse_codec.testing._endpoints import Endpoint, PerStream, http, per_stream, post
from sse_codec.testing._report import event_members

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
    """
    if command:
        return http(url, publish=lambda event: _run(command, event, timeout), headers=headers)

    def ask(event: ServerSentEvent, where: str) -> Any:
        try:
            return post(event, where, headers, timeout)
        except HTTPError as error:
            with error:
                text = f"{where} answered {error.code}: {error.read(_SHOWN)!r}"
            if error.code >= HTTPStatus.INTERNAL_SERVER_ERROR:
                raise RemoteError(text) from None
            raise Refused(text) from None
        except OSError as error:
            raise CannotGoOn(f"{where}: {error}") from None

    def publish_it(event: ServerSentEvent) -> None:
        with ask(event, publish or url) as response:
            response.read()

    def answer(event: ServerSentEvent) -> Iterator[bytes]:
        with ask(event, url) as response:
            yield from iter(response.read1, b"")

    return per_stream(lambda: answer) if publish is None else http(url, publish=publish_it, headers=headers)


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
