"""The guides to serving: each block is run, here or, if it needs another library, by the tests in interop/."""

from __future__ import annotations

import asyncio
import queue
import re
from pathlib import Path
from typing import Any

import pytest

from sse_codec import decode
from sse_codec.serving import AsyncStream, stream
from tests.interop.processes import COMMANDS

ROOT = Path(__file__).parent.parent
PAGES = {page: (ROOT / "docs" / page).read_text(encoding="utf-8") for page in ("serving.md", "gateway.md")}
#: The blocks, by page and name.
BLOCKS = {
    (page, name): block
    for page, text in PAGES.items()
    for name, block in re.findall(r"<!-- ([\w ]+) -->\n```\w+\n(.*?)```", text, re.DOTALL)
}
RECIPES = ROOT / "tests" / "interop" / "recipes"
#: The blocks that are files in tests/interop, where they are run.
FILES = {
    name: RECIPES / ("gateway.html" if name == "gateway page" else f"{name.replace(' ', '_')}.py")
    for page, name in BLOCKS
    if name.startswith(("server ", "gateway", "gunicorn", "testing "))
}
MINE = {("serving.md", name) for name in ("stream", "steps", "failed", "channel", "headers")}


def run(page: str, name: str) -> dict[str, Any]:
    names: dict[str, Any] = {}
    exec(compile(BLOCKS[page, name], f"{page}, {name}", "exec"), names)  # noqa: S102  # our own example
    return names


@pytest.mark.parametrize("page", PAGES)
def test_every_block_is_run(page: str) -> None:
    names = {name for where, name in BLOCKS if where == page}
    assert names == {name for where, name in MINE if where == page} | (names & FILES.keys())
    assert PAGES[page].count("```") == 2 * len(names)


def test_every_recipe_is_shown() -> None:
    recipes = {path for pattern in ("server_*.py", "testing_*.py", "g*.*") for path in RECIPES.glob(pattern)}
    assert set(FILES.values()) == recipes


@pytest.mark.parametrize("name", FILES)
def test_a_recipe_is_shown_unchanged(name: str) -> None:
    (block,) = [block for (_, each), block in BLOCKS.items() if each == name]
    assert block == FILES[name].read_text(encoding="utf-8")


def test_the_stream() -> None:
    async def main() -> None:
        body = run("serving.md", "stream")["body"]
        assert isinstance(body, AsyncStream)
        assert [await anext(body), await anext(body)] == [b": \n\n", b"event: state\ndata: working\n\n"]
        await body.aclose()

    asyncio.run(main())


def test_waiting_in_steps() -> None:
    messages: queue.SimpleQueue[str] = queue.SimpleQueue()
    messages.put("one")
    body = stream(run("serving.md", "steps")["events"](messages), keep_alive=0.01)
    assert [next(body), next(body), next(body)] == [b": \n\n", b"data: one\n\n", b": \n\n"]
    body.close()


def test_a_failure(caplog: pytest.LogCaptureFixture) -> None:
    async def main() -> bytes:
        return b"".join([chunk async for chunk in run("serving.md", "failed")["body"]])

    progress, failed = decode(asyncio.run(main()))
    assert (progress.event, failed.event) == ("progress", "failed")
    assert failed.json() == {"message": "Something went wrong"}
    assert "the job is gone" in caplog.text


@pytest.mark.parametrize("name", ["channel", "headers"])
def test_an_example_that_asserts(name: str) -> None:
    run("serving.md", name)


def test_the_table_lists_the_commands_that_are_run() -> None:
    rows = re.findall(r"^\| ([\w. ]+) \| ([\w ]+) \| `(.*?)` \|", PAGES["serving.md"], re.MULTILINE)
    assert {f"{framework} on {server}": guide for framework, server, guide in rows} == {
        name: command.guide for name, command in COMMANDS.items()
    }
