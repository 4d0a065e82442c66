"""A part of the survey, found again: the faults in the table show, and no others.

The table is made with everything that `tests/world/libraries.toml` pins, in separate environments. This module checks
the libraries that other tests need as well, as they are installed here.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import sys
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from sse_codec.testing import check_consumer

from . import devtools

libraries = pytest.importorskip("tests.world.libraries")
table = pytest.importorskip("tests.world.table")

if TYPE_CHECKING:
    from tests.world.libraries import Library
    from tests.world.table import Commands, Entry

pytestmark = pytest.mark.interop

PYTHON = [
    ("aiohttp-sse", "producer"),
    ("fastapi", "producer"),
    ("httpx-sse", "consumer"),
    ("launchdarkly-eventsource", "consumer"),
    ("openai", "consumer"),
    ("sse-starlette", "producer"),
    ("sseclient-py", "consumer"),
]
JAVASCRIPT = [("better-sse", "producer"), ("eventsource", "consumer"), ("eventsource-parser", "consumer")]
#: Libraries that are checked for everything again, not only for the known faults.
THOROUGH = [("httpx-sse", "Python"), ("eventsource-parser", "JavaScript")]


class Installed:
    """Runs adapters with the libraries installed here, if their versions are those of the table."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def command(self, library: Library, role: str) -> list[str]:
        adapter = library.file(role)
        if adapter.suffix == ".py":
            self._is_version(library, self._python(library))
            return [sys.executable, str(adapter), library.name]
        modules = os.environ.get("SSE_CODEC_NODE_MODULES")
        node = shutil.which("node")
        if not modules or node is None:
            pytest.skip("Node or its packages are not installed")
        package = Path(modules, library.name, "package.json")
        self._is_version(library, json.loads(package.read_text("utf-8"))["version"] if package.exists() else "")
        # JavaScript looks for packages in the folders above a file, and nowhere else.
        shutil.copytree(adapter.parent, self._folder / "adapters", dirs_exist_ok=True)
        if not (self._folder / "node_modules").exists():
            (self._folder / "node_modules").symlink_to(Path(modules).resolve(), target_is_directory=True)
        return [node, str(self._folder / "adapters" / adapter.name), library.name]

    def _python(self, library: Library) -> str:
        if library.group == "Engines":
            return ""
        try:
            return metadata.version(library.name)
        except metadata.PackageNotFoundError:
            return ""

    def _is_version(self, library: Library, installed: str) -> None:
        if library.group != "Engines" and installed != library.version:
            pytest.skip(f"needs {library.name} {library.version}; {installed or 'none'} is installed")


@pytest.fixture(scope="module")
def environments(tmp_path_factory: pytest.TempPathFactory) -> Commands:
    return Installed(tmp_path_factory.mktemp("world"))


def listed(name: str, group: str) -> Library:
    (library,) = [each for each in libraries.read() if (each.name, each.group) == (name, group)]
    found: Library = library
    return found


def expected(name: str, group: str, role: str) -> Entry:
    entry: Entry = table.read()[name, group, role]
    return entry


@pytest.mark.parametrize(
    ("name", "group", "role"),
    [(name, "Python", role) for name, role in PYTHON] + [(name, "JavaScript", role) for name, role in JAVASCRIPT],
)
def test_each_fault_shows_again(name: str, group: str, role: str, environments: Commands) -> None:
    entry = expected(name, group, role)
    assert table.check_again(entry, listed(name, group), environments) == {finding.rule for finding in entry.findings}


@pytest.mark.parametrize(("name", "group"), THOROUGH)
def test_nothing_else_is_found(name: str, group: str, environments: Commands) -> None:
    found = table.check(listed(name, group), "consumer", environments, examples=1)
    assert {finding.rule for finding in found.findings} == {
        finding.rule for finding in expected(name, group, "consumer").findings
    }


@pytest.mark.usefixtures("chromium_path")
def test_an_engine(environments: Commands) -> None:
    """Its faults show again, and it reads streams of some other rules as the standard says."""
    entry, library = expected("Chromium", "Engines", "consumer"), listed("Chromium", "Engines")
    fine = [
        [b"\xef\xbb\xbfdata: a\n\n"],
        [b"\xef", b"\xbb\xbfdata: a\n\n"],
        [b"data: a\r", b"\ndata: b\r\n\r\n"],
        [b"data: a\r\rdata: b\n\n"],
        [b"id: 1\ndata: a\n\nid\ndata: b\n\n"],
        [b"event: e\nid: 2\n\ndata: a\n\n"],
        [b"data: \xe2\x82", b"\xac\xff\n\n"],
        [b"id: 1\nid: a\0b\ndata\n\n"],
        [b"data: a\n\ndata: b\n"],
    ]
    with table.Remote(library, "consumer", environments) as remote:
        check_consumer(remote.tested, cases=fine, timeout=table.TIMEOUT, **remote.options)
        broken = table.broken_rules(remote, entry)
    # Another version may have fixed some faults. Only the whole run finds new ones.
    assert broken <= {finding.rule for finding in entry.findings}
    if remote.version == entry.version:
        assert broken == {finding.rule for finding in entry.findings}


def test_the_page(browser: str) -> None:
    """It sorts and finds rows, and a cross opens its case."""
    page_file = pytest.importorskip("tests.world.page").PAGE

    async def main() -> None:
        async with devtools.page(browser) as page:
            await page.open(page_file.as_uri())
            rows = "[...document.querySelectorAll('#consumers tbody tr:not(.group)')].filter((row) => !row.hidden)"
            names = await page.evaluate(f"{rows}.map((row) => row.dataset.name)")
            readers = [entry.name.lower() for entry in table.read().values() if entry.role == "consumer"]
            assert names == readers
            await page.evaluate("document.querySelector('[data-order=faults]').click()")
            faults = await page.evaluate(f"{rows}.map((row) => Number(row.dataset.faults))")
            assert faults == sorted(faults)
            assert faults[-1] > 0
            await page.evaluate("document.querySelector('[data-order=group]').click()")
            assert await page.evaluate(f"{rows}.map((row) => row.dataset.name)") == readers
            find = "const find = document.querySelector('input'); find.value = 'Engines';"
            await page.evaluate(f"{find} find.dispatchEvent(new Event('input', {{bubbles: true}}))")
            assert await page.evaluate(f"{rows}.map((row) => row.dataset.name)") == ["chromium", "firefox", "webkit"]
            await page.evaluate("document.querySelector('td.fault a').click()")
            shown = "[...document.querySelectorAll('article')].filter((each) => each.checkVisibility()).length"
            await page.until(shown, 1)
            await page.evaluate("document.querySelector('article:target .close').click()")
            await page.until(shown, 0)

    asyncio.run(main())
