"""Drives and queries a page of a headless Chromium through the DevTools protocol."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import os
import time
from typing import TYPE_CHECKING, Any, NoReturn

from .chromium import start
from .servers import PATIENCE, module

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator


@contextlib.contextmanager
def browser(path: str) -> Iterator[str]:
    """Run a Chromium with an empty page; yields the address where DevTools lists its pages."""
    with start(path, "about:blank", "--remote-debugging-port=0", "--window-size=640,240") as process:
        port_file = os.path.join(process.profile, "DevToolsActivePort")
        end = time.monotonic() + PATIENCE
        while not (port := _first_line(port_file)):
            assert time.monotonic() < end, "Chromium did not open a port for DevTools"
            time.sleep(0.05)
        yield f"http://127.0.0.1:{port}/json/list"


def _first_line(path: str) -> str:
    try:
        with open(path, encoding="ascii") as file:
            return file.readline().strip()
    except FileNotFoundError:
        return ""


class Page:
    """The page of a browser, over its WebSocket."""

    def __init__(self, socket: Any) -> None:
        self._socket = socket
        self._number = 0

    async def open(self, url: str) -> None:
        """Go to another page."""
        await self._command("Page.navigate", url=url)
        await self.until("document.readyState + location.href", f"complete{url}")

    async def evaluate(self, expression: str) -> Any:
        """Return the value of a JavaScript expression."""
        answer = await self._command("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in answer:
            _fail(answer["exceptionDetails"])
        return answer["result"].get("value")

    async def until(self, expression: str, value: Any, *, patience: float = PATIENCE) -> None:
        """Wait until an expression has a value."""
        clock = asyncio.get_running_loop().time
        end = clock() + patience
        while (now := await self.evaluate(expression)) != value:
            assert clock() < end, f"{expression} is {now!r}, not {value!r}"
            await asyncio.sleep(0.01)

    async def screenshot(self) -> bytes:
        """Return a PNG of the visible page."""
        answer = await self._command("Page.captureScreenshot")
        return base64.b64decode(answer["data"])

    async def _command(self, method: str, **parameters: Any) -> Any:
        self._number += 1
        await self._socket.send_str(json.dumps({"id": self._number, "method": method, "params": parameters}))
        async for message in self._socket:
            answer = json.loads(message.data)
            if answer.get("id") == self._number:
                if "error" in answer:
                    _fail(answer["error"])
                return answer["result"]
        raise AssertionError("the browser is gone")


def _fail(error: Any) -> NoReturn:
    raise AssertionError(json.dumps(error))


@contextlib.asynccontextmanager
async def page(address: str) -> AsyncIterator[Page]:
    """Connect to the page of a browser."""
    aiohttp = module("aiohttp")
    async with aiohttp.ClientSession() as session:
        async with session.get(address) as response:
            targets = json.loads(await response.text())
        (url,) = [target["webSocketDebuggerUrl"] for target in targets if target["type"] == "page"]
        async with session.ws_connect(url, max_msg_size=0) as socket:
            yield Page(socket)
