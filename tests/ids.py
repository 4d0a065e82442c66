"""The ids of parametrized tests."""

from __future__ import annotations


def shown(value: object) -> str:
    r"""Return `value` as code, with `/` for each backslash.

    pytest escapes the backslashes of an id that a function returns, and once more if it collects the tests again in the
    same process. mutmut does that, and would then miss the tests whose ids have changed.
    """
    return repr(value).replace("\\", "/")
