"""A client that reads slowly pauses its server's generator, and does not fill the server's memory."""

from __future__ import annotations

import itertools
import socket
import time
from typing import TYPE_CHECKING

import pytest

from sse_codec import ServerSentEvent

from .servers import PATIENCE, SERVERS, Server, Source, run_server

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.interop

SIZE = 64 * 1024
#: How many events may be in transit: as many as fit into the sockets of both sides and the server's own buffer (Linux
#: lets a sending socket grow to 4 MiB). Without a limit, a server takes as many in a fraction of a second.
MOST = (16 << 20) // SIZE
#: A generator counts as paused when it takes nothing for this many seconds. Longer would only be more certain.
STILL = 0.5


@pytest.fixture(params=SERVERS)
def server(request: pytest.FixtureRequest) -> Iterator[Server]:
    with run_server(request.param) as running:
        yield running


def wait_until_paused(source: Source, read: int = 0) -> int:
    """Wait until more events are taken than the client has read, and then no more; return how many were taken."""
    end = time.monotonic() + PATIENCE
    taken, since = -1, time.monotonic()
    while taken <= read or time.monotonic() - since < STILL:
        if source.taken != taken:
            taken, since = source.taken, time.monotonic()
        assert taken - read <= MOST, "nothing pauses the generator"
        assert time.monotonic() < end, f"the generator stopped at {taken} events"
        time.sleep(0.01)
    return taken


def test_a_client_that_does_not_read_pauses_the_generator(server: Server) -> None:
    endless = itertools.repeat(ServerSentEvent("x" * SIZE))
    with server.sending(endless) as source, socket.socket() as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SIZE)
        connection.settimeout(PATIENCE)
        connection.connect(("127.0.0.1", server.port))
        connection.sendall(b"GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n")
        read = 0
        for _ in range(3):
            taken = wait_until_paused(source, read)
            # Once everything in transit is read, the generator goes on.
            missing = (taken - read) * SIZE
            while missing > 0:
                missing -= len(connection.recv(SIZE))
            read = taken
        wait_until_paused(source, read)
        assert not source.ended.is_set()
        connection.close()
        assert source.ended.wait(PATIENCE)
