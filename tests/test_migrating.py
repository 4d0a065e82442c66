"""docs/migrating.md shows the clients that `interop/test_migrating.py` runs, and its tables are what that checks."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.interop.test_migrating import ROWS, TITLES

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs" / "migrating.md").read_text(encoding="utf-8")
BLOCKS = dict(re.findall(r"<!-- ([\w ]+) -->\n```python\n(.*?)```", PAGE, re.DOTALL))
CLIENTS = {
    path.stem.replace("_before", " before").replace("_after", " after"): path.read_text(encoding="utf-8")
    for path in (ROOT / "tests" / "interop" / "migration").glob("*_*.py")
    if path.stem != "__init__"
}
SECTIONS = dict(re.findall(r"^## (.*?)\n(.*?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL))


def test_the_page_shows_each_client_before_and_after() -> None:
    assert BLOCKS == CLIENTS
    assert PAGE.count("```") == 2 * len(BLOCKS)
    assert {name.rpartition(" ")[0] for name in BLOCKS} == set(ROWS)


@pytest.mark.parametrize("library", ROWS)
def test_each_row_is_checked(library: str) -> None:
    """A row is named by what it says of their library."""
    _, _, *rows = re.findall(r"^\| (.*?) \| .* \| .* \|$", SECTIONS[TITLES[library]], re.MULTILINE)
    assert rows == list(ROWS[library])


def test_each_library_is_pinned() -> None:
    """So that the page is true of a version that can be named."""
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    for library in ROWS:
        assert re.search(rf'^    "{re.escape(library.replace("_", "-"))}==', project, re.MULTILINE), library
