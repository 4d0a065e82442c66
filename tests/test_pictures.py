"""The pictures of a terminal in docs/pictures/ show what the command line prints."""

from __future__ import annotations

import runpy
from pathlib import Path
from xml.parsers import expat

import pytest

DOCS = Path(__file__).parent.parent / "docs"
SCRIPT = DOCS / "site" / "pictures.py"


def test_the_pictures_are_up_to_date() -> None:
    made = runpy.run_path(str(SCRIPT))["made"]()
    kept = {path.name: path.read_text(encoding="utf-8") for path in (DOCS / "pictures").iterdir()}
    assert kept == made, "python docs/site/pictures.py writes them"


@pytest.mark.parametrize("name", ["decode", "lint"])
def test_each_picture_is_shown(name: str) -> None:
    assert f"](pictures/{name}.svg)" in (DOCS / "command-line.md").read_text(encoding="utf-8")
    expat.ParserCreate().Parse((DOCS / "pictures" / f"{name}.svg").read_bytes(), True)
