"""The examples in the docstrings of methods and properties. pytest runs those of modules, classes and functions.

It asks for each function whether it was defined in the module where it is found. What is public says that it comes from
the module that it is imported from, so of a class pytest finds the docstring, but none of its methods'.
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
    """The functions that are the members of a module's public classes, inherited ones included."""
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


def test_each_example_of_a_method_holds(capsys: pytest.CaptureFixture[str]) -> None:
    results = {test.name: doctest.DocTestRunner().run(test) for test in examples()}
    assert len(results) > 10 or BARE, "only that has none"
    failed = [name for name, result in results.items() if result.failed]
    assert not failed, capsys.readouterr().out
