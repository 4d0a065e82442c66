"""Which module may import which: imports go one way, and the package imports only the standard library.

The imports are read from the sources, including those inside functions; nothing is run. Imports under
`if TYPE_CHECKING:` follow the same order, but may also name packages that are not installed at run time.
"""

from __future__ import annotations

import ast
import re
import sys
from graphlib import TopologicalSorter
from pathlib import Path
from typing import NamedTuple

import pytest

import sse_codec

PACKAGE = Path(str(sse_codec.__file__)).parent

VALUES = {"_grammar", "_event", "_errors"}
DECODERS = {"_lines", "_blocks", "_decoder"}
CORE = VALUES | DECODERS | {"_encoder", "_http", "_input", "_interpret", "_framing", "_iterate"}

#: The modules of the package that each module may import. A package such as `testing` counts as one module, and need
#: not import everything that it may. The others import exactly these.
MAY_IMPORT = {
    "_grammar": set[str](),
    "_event": {"_grammar"},
    "_errors": {"_event"},
    "_input": {"_grammar", "_errors"},
    "_interpret": {"_grammar"},
    "_text": set[str](),
    "_choices": set[str](),
    "_framing": {"_grammar", "_errors", "_input", "_interpret"},
    "_http": {"_errors", "_encoder"},
    "_encoder": VALUES,
    "_lines": VALUES | {"_input", "_interpret"},
    "_blocks": VALUES | {"_input", "_interpret", "_framing", "_lines"},
    "_decoder": {"_grammar", "_event", "_input", "_interpret", "_framing"},
    "_iterate": {"_event", "_errors", "_input", "_blocks", "_decoder"},
    "resume": VALUES | {"_http", "_encoder", "_decoder", "_iterate"},
    "__init__": CORE - {"_grammar", "_interpret", "_framing"},
    "clients": CORE | {"resume"},
    "serving": CORE | {"resume"},
    "lint": CORE | {"_text", "__init__"},
    "testing": CORE | {"_text", "_choices", "lint"},
    "_command": CORE | {"_text", "_choices", "__init__", "lint", "testing"},
    "__main__": {"_command"},
}

#: The modules built on top of the codec, which never imports them.
AROUND = {"_text", "_choices", "resume", "clients", "serving", "lint", "testing", "_command", "__main__"}

#: The third-party packages that a module may import; other modules, none. Type checkers bring typing_extensions.
THIRD_PARTY = {"testing": {"hypothesis"}}
THIRD_PARTY_FOR_TYPES = {"typing_extensions"}


class Imports(NamedTuple):
    """What one source file imports: the package's modules, by their names in the table, and all others."""

    ours: set[str]
    others: set[str]
    ours_for_types: set[str]
    others_for_types: set[str]


def imports(source: str, package: str = "sse_codec") -> Imports:
    """Return the imports of a source file that belongs to `package`, which relative imports start from."""
    tree = ast.parse(source)
    for_types = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING")
        for statement in node.body
        for inner in ast.walk(statement)
    }
    found = Imports(set(), set(), set(), set())
    for node in ast.walk(tree):
        for name in _imported(node, package):
            top, _, rest = name.partition(".")
            ours, others = (found.ours_for_types, found.others_for_types) if id(node) in for_types else found[:2]
            if top == "sse_codec":
                # A name that is not a module comes from `__init__`.
                module = rest.partition(".")[0]
                ours.add(module if module in MAY_IMPORT else "__init__")
            else:
                others.add(top)
    return found


def _imported(node: ast.AST, package: str) -> list[str]:
    """Return the full names of what a statement imports."""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom):
        parents = package.split(".")
        base = parents[: len(parents) + 1 - node.level] if node.level else []
        start = ".".join([*base, *([node.module] if node.module else [])])
        return [f"{start}.{alias.name}" for alias in node.names]
    return []


def sources() -> dict[str, list[Path]]:
    """Return the source files of each module, whether the table lists it or not."""
    found = {path.stem: [path] for path in PACKAGE.glob("*.py")}
    for path in PACKAGE.glob("*/**/*.py"):
        found.setdefault(path.relative_to(PACKAGE).parts[0], []).append(path)
    return found


SOURCES = sources()


def imports_of(path: Path) -> Imports:
    package = ".".join(["sse_codec", *path.relative_to(PACKAGE).parts[:-1]])
    return imports(path.read_text(encoding="utf-8"), package)


def test_the_table_lists_every_module() -> None:
    assert set(SOURCES) == set(MAY_IMPORT)


@pytest.mark.parametrize("module", SOURCES)
def test_imports_go_one_way(module: str) -> None:
    allowed = MAY_IMPORT.get(module, set()) | {module}
    for path in SOURCES[module]:
        found = imports_of(path)
        assert found.ours <= allowed, path
        assert found.ours_for_types <= allowed, path
        if path.parent == PACKAGE:
            assert found.ours | found.ours_for_types | {module} == allowed, path


@pytest.mark.parametrize("module", SOURCES)
def test_only_the_standard_library_is_needed(module: str) -> None:
    """Except that `testing` needs Hypothesis."""
    allowed = sys.stdlib_module_names | THIRD_PARTY.get(module, set())
    for path in SOURCES[module]:
        found = imports_of(path)
        assert found.others <= allowed, path
        assert found.others_for_types <= allowed | THIRD_PARTY_FOR_TYPES, path


@pytest.mark.parametrize("module", SOURCES)
def test_no_import_is_hidden(module: str) -> None:
    """Only `testing` uses importlib, for its own modules, which the table in `sse_codec.testing` lists."""
    for path in SOURCES[module]:
        hidden = "import_module" in path.read_text(encoding="utf-8") or "importlib" in imports_of(path).others
        assert not hidden or path == PACKAGE / "testing" / "__init__.py"
        assert "__import__" not in path.read_text(encoding="utf-8")


def test_the_reference_decoder_shares_no_code_with_the_decoders_it_judges() -> None:
    found = imports_of(PACKAGE / "testing" / "_reference.py")
    assert found.ours == {"_event"}


def test_each_suppressed_warning_has_a_reason() -> None:
    suppression = re.compile(r"#\s*(?:noqa|type: ignore|pyright: ignore)\b.*")
    for path in [*PACKAGE.rglob("*.py"), *Path(__file__).parent.rglob("*.py")]:
        if path != Path(__file__):
            for comment in suppression.findall(path.read_text(encoding="utf-8")):
                assert re.fullmatch(r"# (?:noqa: |type: ignore\[|pyright: ignore\[)[\w, -]+\]?\s+# .+", comment), path


def test_the_table_follows_the_design() -> None:
    assert next(iter(TopologicalSorter(MAY_IMPORT).static_order())) == "_grammar", "static_order() raises for a cycle"
    assert set(MAY_IMPORT) == CORE | AROUND | {"__init__"}
    for module in {*CORE, "__init__"}:
        assert not MAY_IMPORT[module] & AROUND
    order = ["_grammar", "_event", "_errors", "_input", "_interpret", "_framing", "_lines", "_blocks", "_decoder"]
    for place, module in enumerate(order):
        assert MAY_IMPORT[module] <= set(order[:place])
    assert "_blocks" not in MAY_IMPORT["_decoder"], "neither is built on the other"
    assert not MAY_IMPORT["_encoder"] & (DECODERS | {"_iterate"})


@pytest.mark.parametrize(
    ("source", "package", "expected"),
    [
        ("import json, os.path", "sse_codec", Imports(set(), {"json", "os"}, set(), set())),
        ("def f():\n    from ._lines import x", "sse_codec", Imports({"_lines"}, set(), set(), set())),
        ("from . import lint, encode", "sse_codec", Imports({"lint", "__init__"}, set(), set(), set())),
        ("from . import _rules", "sse_codec.testing", Imports({"testing"}, set(), set(), set())),
        ("from .. import lint\nfrom .._http import x", "sse_codec.testing",
         Imports({"lint", "_http"}, set(), set(), set())),
        ("import sse_codec._event", "sse_codec", Imports({"_event"}, set(), set(), set())),
        ("if typing.TYPE_CHECKING:\n    import a\n    from ._event import b", "sse_codec",
         Imports(set(), set(), {"_event"}, {"a"})),
        ("if TYPE_CHECKING:\n    import a\nelse:\n    import b", "sse_codec", Imports(set(), {"b"}, set(), {"a"})),
    ],
)  # fmt: skip
def test_imports_are_read_correctly(source: str, package: str, expected: Imports) -> None:
    assert imports(source, package) == expected
