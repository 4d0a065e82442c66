"""The examples in the docstrings of methods and properties. pytest runs those of modules, classes and functions.

doctest checks whether each function was defined in the module where it is found. Public objects claim to be defined in
the module that users import them from, so pytest finds a class's docstring, but not those of its methods.
"""

from __future__ import annotations

import doctest
import importlib
import types
from typing import TYPE_CHECKING

from tests.conftest import BARE

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pytest

MODULES = ["sse_codec", *(f"sse_codec.{name}" for name in ("clients", "lint", "resume", "serving", "testing"))]


def members(module: types.ModuleType) -> Iterator[tuple[str, types.FunctionType]]:
    """The methods and properties of a module's public classes, including inherited ones."""
    for name in getattr(module, "__all__", vars(module)):
        owner = getattr(module, name)
        if isinstance(owner, type) and owner.__module__ == module.__name__:
            for each in owner.__mro__:
                for member, value in vars(each).items():
                    function = value.fget if isinstance(value, property) else getattr(value, "__func__", value)
                    if isinstance(function, types.FunctionType):
                        yield f"{module.__name__}.{name}.{member}", function


def examples() -> Iterator[doctest.DocTest]:
    found = {function: name for module in map(importlib.import_module, MODULES) for name, function in members(module)}
    for function, name in found.items():
        if ">>>" in (function.__doc__ or ""):
            yield doctest.DocTestParser().get_doctest(function.__doc__ or "", {}, name, None, 0)


def test_each_example_of_a_method(capsys: pytest.CaptureFixture[str]) -> None:
    results = {test.name: doctest.DocTestRunner().run(test) for test in examples()}
    assert len(results) > 10 or BARE, "only -OO leaves none"
    failed = [name for name, result in results.items() if result.failed]
    assert not failed, capsys.readouterr().out
