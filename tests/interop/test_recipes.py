"""The README and the guides show each recipe unchanged, and the table in this folder's README names what is tested."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.test_readme import BLOCKS, PAGES
from tests.test_serving_docs import FILES

from .clients import CLIENTS
from .servers import SERVERS
from .test_producers import PRODUCERS

pytestmark = pytest.mark.interop

HERE = Path(__file__).parent
RECIPES = {
    path.stem.replace("_", " ") if path.suffix == ".py" else f"{path.stem} page": path.read_text(encoding="utf-8")
    for path in sorted((HERE / "recipes").iterdir())
    if path.suffix in {".py", ".html"} and path.name not in {"__init__.py", "conftest.py"}
}
WORLD = (HERE / "README.md").read_text(encoding="utf-8").partition("\n## In the world\n")[2].partition("\n## ")[0]
PINS = dict(
    re.findall(
        r'^    "([\w-]+)==([\d.]+)', (HERE.parent.parent / "pyproject.toml").read_text(encoding="utf-8"), re.MULTILINE
    )
)


def test_each_server_and_client_has_a_recipe() -> None:
    names = {f"server {name}" for name in SERVERS} | {f"client {name.replace('_', ' ')}" for name in CLIENTS}
    assert names <= set(RECIPES)


def test_each_recipe_is_shown() -> None:
    """Each is in the README or in a guide. test_serving_docs.py checks two of the guides.

    For the clients that differ in one line, the page shows that line.
    """
    lines = {f"client {name.replace('_', ' ')}" for name in CLIENTS}
    assert set(RECIPES) <= set(BLOCKS) | set(FILES) | lines


def test_the_table_of_docs_reading_has_the_line_of_each_client() -> None:
    """The line is as in the recipe. A second library in a row reads in the same way."""
    rows = re.findall(r"^\| (.*) \| `(async )?with (.*) as response:` \|$", PAGES["docs/reading.md"], re.MULTILINE)
    names = {"httpx, httpx2": "httpx", "requests": "requests", "urllib3": "urllib3"}
    names |= {"urllib.request": "urllib", "httpx, httpx2, async": "httpx_async", "aiohttp": "aiohttp"}
    assert sorted(names[library] for library, _, _ in rows) == sorted(CLIENTS)
    for library, is_async, line in rows:
        source = RECIPES[f"client {names[library].replace('_', ' ')}"]
        assert line in source, library
        assert bool(is_async) == ("async def ask" in source), library


@pytest.mark.parametrize("name", sorted(RECIPES.keys() & BLOCKS.keys()))
def test_a_recipe_is_shown_unchanged(name: str) -> None:
    assert BLOCKS[name] == RECIPES[name]


def test_the_table_names_each_server_and_each_client() -> None:
    header, _, *rows = re.findall(r"^\|(.*)\|$", WORLD, re.MULTILINE)
    names = {"fastapi": "fastapi", "aiohttp": "aiohttp", "flask": "flask", "http": "http.server"}
    assert [cell.split()[0] for cell in header.split("|")[1:]] == [names[server] for server in SERVERS]
    clients = {**dict.fromkeys(CLIENTS), "httpx_async": "httpx, async", "urllib": "urllib.request"}
    shown = [clients[client] or client for client in CLIENTS]
    table = {re.sub(r" [\d.]+", "", row.split("|")[0].strip()): row.split("|")[1:] for row in rows[: len(CLIENTS)]}
    assert list(table) == shown
    assert all(cell.strip() == "✓" for cells in table.values() for cell in cells)


def test_each_version_is_the_pinned_one() -> None:
    named = {pair for pair in re.findall(r"\b([a-z][\w-]*)(?:, async)? (\d[\d.]*\d)", WORLD) if pair[0] in PINS}
    peers = {"aiohttp", "flask", "uvicorn", "httpx", "requests", "urllib3", "openai", "anthropic", "mcp", *PRODUCERS}
    assert named == {(name, PINS[name]) for name in peers}
