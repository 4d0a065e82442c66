"""docs/adopting.md shows the shims that `interop/test_adoption.py` runs, with their sizes and all differences."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from pathlib import Path

import pytest

from tests.interop.swapped import DIFFERENT

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs" / "adopting.md").read_text(encoding="utf-8")
BLOCKS = dict(re.findall(r"<!-- (\w+) -->\n```python\n(.*?)```", PAGE, re.DOTALL))
SHIMS = {
    path.stem: path.read_text(encoding="utf-8")
    for path in (ROOT / "tests" / "interop" / "adoption").glob("*.py")
    if path.stem not in {"__init__", "conftest"}
}
#: The table's rows: a library's version, its own number of lines, and the shim's.
TABLE = {
    name: (version, int(own), int(ours))
    for name, version, own, ours in re.findall(
        r"^\| \[([\w.-]+)\]\(#[\w-]+\) ([\d.]+) \| (\d+) \| (\d+) \|", PAGE, re.MULTILINE
    )
}


def stem(library: str) -> str:
    return library.lower().replace("-", "_").replace(".", "_")


def code_lines(source: str) -> int:
    """Count the lines of code, without blank lines, comments and docstrings."""
    docstrings = {
        line
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
        for line in range(node.lineno, (node.end_lineno or node.lineno) + 1)
    }
    nothing = {tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER}
    code = {
        line
        for token in tokenize.generate_tokens(io.StringIO(source).readline)
        if token.type not in nothing
        for line in range(token.start[0], token.end[0] + 1)
    }
    return len(code - docstrings)


def test_the_page_shows_each_shim() -> None:
    groq = SHIMS["groq"].replace("groq", "openai")
    assert groq == SHIMS["openai"], "the page says that only the import differs"
    assert {**BLOCKS, "groq": SHIMS["groq"]} == SHIMS
    assert PAGE.count("```") == 2 * len(BLOCKS)


def test_the_table_lists_each_library() -> None:
    assert {stem(name) for name in TABLE} == set(SHIMS)


@pytest.mark.parametrize("name", TABLE)
def test_sizes_and_versions(name: str) -> None:
    version, _, ours = TABLE[name]
    assert code_lines(SHIMS[stem(name)]) == ours
    assert ours <= 20
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert re.search(rf'^    "{re.escape(name)}=={re.escape(version)}[";]', project, re.MULTILINE)


@pytest.mark.parametrize("name", DIFFERENT)
def test_the_page_lists_each_difference(name: str) -> None:
    heading = rf"^## (?:openai and )?{re.escape(name)}(?: and groq)?\n"
    [section] = re.findall(rf"{heading}(.*?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL)
    assert re.findall(r"^- (.*)$", section, re.MULTILINE) == list(dict.fromkeys(DIFFERENT[name].values()))
