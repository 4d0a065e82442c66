"""The public API: which names can be imported, and what importing costs."""

from __future__ import annotations

import ast
import inspect
import subprocess
import sys
import types
import typing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import sse_codec
import sse_codec.clients
import sse_codec.lint
import sse_codec.resume
import sse_codec.serving
import sse_codec.testing
from tests.conftest import BARE

if TYPE_CHECKING:
    from collections.abc import Iterator

PARTS = ["_blocks", "_decoder", "_encoder", "_errors", "_event", "_http", "_input", "_iterate", "_lines"]
#: The home of names that a second module exports too: the errors of `resume` that `clients` raises.
REEXPORTED = {f"sse_codec.clients.{name}": "sse_codec.resume" for name in ("ConnectionFailed", "GaveUp")}
#: The modules that they build on, which have no public names.
INNER = ["_framing", "_grammar", "_interpret"]


@pytest.mark.parametrize(
    "module",
    [sse_codec, sse_codec.clients, sse_codec.lint, sse_codec.serving, sse_codec.testing],
    ids=lambda module: module.__name__,
)
def test_no_other_names_are_public(module: types.ModuleType) -> None:
    for name in module.__all__:
        getattr(module, name)  # some are imported lazily
    public = {
        name
        for name, value in vars(module).items()
        if not name.startswith("_") and not isinstance(value, types.ModuleType) and name != "TYPE_CHECKING"
    }
    assert public == set(module.__all__)
    assert list(module.__all__) == sorted(
        module.__all__, key=lambda name: (not name.isupper(), name[0].islower(), name)
    )
    assert not hasattr(module, "no_such_name")


def test_the_public_names_are_those_of_the_parts() -> None:
    defined = set()
    for part in PARTS:
        tree = ast.parse(Path(sse_codec.__path__[0], f"{part}.py").read_text(encoding="utf-8"))
        defined |= {
            node.name
            for node in tree.body
            if isinstance(node, (ast.ClassDef, ast.FunctionDef)) and not node.name.startswith("_")
        }
    helpers = {
        "as_bytes",
        "check_bound",
        "check_str",
        "check_text",
        "close_source",
        "decode_with",
        "iterate_chunks",
        "parse_line",
        "parse_lines",
        "restored",
        "show",
        "show_reason",
        "unify_line_ends",
    }
    internal = {"StreamInput", "AsyncReader", "Reading"} | helpers
    constants = {"MEDIA_TYPE", "DEFAULT_MAX_EVENT_SIZE"}
    aliases = {"AsyncChunks", "Chunks", "Line", "OnEOF", "Until"}
    assert defined == (set(sse_codec.__all__) - constants - aliases) | internal


@pytest.mark.parametrize(
    "module",
    [sse_codec, sse_codec.clients, sse_codec.lint, sse_codec.serving, sse_codec.testing],
    ids=lambda module: module.__name__,
)
def test_every_object_names_the_module_it_is_imported_from(module: types.ModuleType) -> None:
    for name in module.__all__:
        value = getattr(module, name)
        if isinstance(value, (type, types.FunctionType)):
            home = REEXPORTED.get(f"{module.__name__}.{name}", module.__name__)
            assert (value.__module__, value.__qualname__) == (home, name)
            assert f"{home}.{name}" in repr(value) or isinstance(value, types.FunctionType)
            assert value.__doc__ or BARE, "everything public is documented"


def annotated(module: types.ModuleType) -> Iterator[Any]:
    """Return a module's public classes, functions and methods, all of which have annotations."""
    for name in getattr(module, "__all__", vars(module)):
        value = getattr(module, name)
        if name.startswith("_") or getattr(value, "__module__", "") != module.__name__:
            continue
        if isinstance(value, types.FunctionType):
            yield value
        elif isinstance(value, type):
            yield value
            for member in vars(value).values():
                function = member.fget if isinstance(member, property) else getattr(member, "__func__", member)
                if isinstance(function, types.FunctionType):
                    yield function


@pytest.mark.parametrize(
    "module",
    [sse_codec, sse_codec.resume, sse_codec.clients, sse_codec.serving, sse_codec.lint, sse_codec.testing],
    ids=lambda module: module.__name__,
)
def test_all_annotations_can_be_resolved(module: types.ModuleType) -> None:
    """Tools such as beartype, pdoc and dependency injection do that at run time."""
    count = 0
    for value in annotated(module):
        hints = typing.get_type_hints(value)
        if isinstance(value, types.FunctionType):
            assert set(hints) - {"return"} == set(inspect.get_annotations(value)) - {"return"}
            count += 1
    assert count > 6


@pytest.mark.parametrize("name", ["AsyncChunks", "Chunks", "Line", "OnEOF", "Until"])
def test_the_aliases_are_types(name: str) -> None:
    assert typing.get_args(getattr(sse_codec, name))


def test_importing_stays_light() -> None:
    """If `typing` is loaded, as in most programs, importing the package adds only its own modules and `__future__`."""
    code = (
        "import sys; sys.path[:] = sys.argv[1:]; import typing; before = set(sys.modules); import sse_codec; "
        "print(sorted(set(sys.modules) - before))"
    )
    bare = [sys.executable, "-I", "-S", "-c", code, *sys.path]
    loaded = subprocess.run(bare, capture_output=True, check=True, text=True).stdout
    parts = {"__future__", "sse_codec", *(f"sse_codec.{part}" for part in [*PARTS, *INNER])}
    assert set(ast.literal_eval(loaded)) == parts


def test_the_command_line_loads_the_fuzz_kit_only_for_fuzz() -> None:
    code = (
        "import sys; from sse_codec._command._arguments import parser; parser().parse_args(['decode'])\n"
        "print([name for name in sys.modules if name.startswith('sse_codec.testing')])\n"
    )
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True).stdout
    assert loaded == "[]\n"


def test_the_testing_kit_says_that_it_needs_Hypothesis() -> None:
    """Without Hypothesis, the reference decoder and `assert_conforms` work; the rest says how to install it."""
    code = (
        "import sys; sys.modules['hypothesis'] = None\n"
        "from sse_codec.testing import assert_conforms, reference_decode\n"
        "assert_conforms(b'data: a\\n\\n')\n"
        "try:\n    from sse_codec.testing import check_consumer\n"
        "except ImportError as error:\n    print(error)\n"
    )
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True).stdout
    assert printed == "sse_codec.testing.check_consumer needs Hypothesis: pip install 'sse-codec[testing]'\n"


def test_the_error_names_the_missing_module(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(sse_codec.testing, "check_consumer", raising=False)
    monkeypatch.delitem(sys.modules, "sse_codec.testing._consumer", raising=False)
    monkeypatch.setitem(sys.modules, "hypothesis", None)
    with pytest.raises(ImportError, match="needs Hypothesis: pip install"):
        _ = sse_codec.testing.check_consumer
    monkeypatch.setitem(sys.modules, "sse_codec.testing._consumer", None)
    with pytest.raises(ModuleNotFoundError, match="_consumer"):
        _ = sse_codec.testing.check_consumer


def test_importing_Hypothesis_registers_the_strategies() -> None:
    """Hypothesis loads only the modules that register the strategies, and the package does not load Hypothesis."""
    code = (
        "import sys; import sse_codec, sse_codec.testing; assert 'hypothesis' not in sys.modules\n"
        "import hypothesis, hypothesis.strategies as st\n"
        "loaded = {name for name in sys.modules if name.startswith('sse_codec.')}\n"
        "assert not loaded & {'sse_codec.lint', 'sse_codec.testing._strategies'}, loaded\n"
        "found = hypothesis.find(st.from_type(sse_codec.ServerSentEvent), lambda event: event.id == '')\n"
        "print(sse_codec.encode(found))\n"
    )
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True).stdout
    assert printed == "b'id: \\ndata: a\\n\\n'\n"
