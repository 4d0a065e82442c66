"""Shows the model and the page of docs/resuming.md: `python -m tests.interop.laboratory` serves them until Ctrl-C.

`--screenshot FILE` opens the page in Chromium instead, and writes a picture of it once the stream has ended.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import sys
import threading
from pathlib import Path

from . import devtools
from .chromium import executable
from .test_browser import LLM_PAGE, READY_STATE, serving


async def _screenshot(address: str, url: str) -> bytes:
    async with devtools.page(address) as page:
        await page.open(url)
        await page.until(READY_STATE, 2)
        return await page.screenshot()


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.interop.laboratory", description=__doc__)
    parser.add_argument("--screenshot", metavar="FILE", help="write a PNG of the page, and exit")
    arguments = parser.parse_args()
    from .recipes import llm

    with serving(LLM_PAGE, llm.tokens) as url:
        if arguments.screenshot is None:
            print(url)
            with contextlib.suppress(KeyboardInterrupt):
                threading.Event().wait()
            return
        path = executable()
        if path is None:
            sys.exit("Chromium is not installed")
        with devtools.browser(path) as address:
            Path(arguments.screenshot).write_bytes(asyncio.run(_screenshot(address, url)))


if __name__ == "__main__":
    main()
