"""The ids of parametrized tests."""

from __future__ import annotations


def shown(value: object) -> str:
    r"""Return the repr of `value` with each backslash replaced by `/`.

    pytest escapes the backslashes in an id that a function returns, and escapes them again if it collects the tests a
    second time in the same process. mutmut does that, and would no longer find the tests whose ids have changed.
    """
    return repr(value).replace("\\", "/")
