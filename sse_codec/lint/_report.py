"""Report: the findings so far. A finding that comes again is counted, so that one cause fills no screen."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ._codes import CODES

if TYPE_CHECKING:
    from ._finding import Finding, Place


class Report:
    """Takes findings in the order in which they are noticed.

    Two findings are the same when their code is, and their kind: what tells the variants of a code apart, one of a
    fixed set of words, so that what is held is bounded.

    Args:
        ignored: codes that are not reported.
        fold: give a finding's first occurrence only, and count the others.

    Attributes:
        new: what was noticed and not taken yet.
    """

    __slots__ = ("_fold", "_habits", "_ignored", "_repeats", "new")

    def __init__(self, ignored: frozenset[str], *, fold: bool) -> None:
        self._ignored = ignored
        self._fold = fold
        self.new: list[Finding] = []
        self._repeats: dict[tuple[str, str], tuple[int, Finding | None]] = {}
        self._habits: set[tuple[str, str]] = set()

    def add(
        self, code: str, place: Place, what: str, *, kind: str = "", effect: str | None = None, fix: str | None = None
    ) -> None:
        """Report something at a place; effect and fix are those of the code unless given."""
        if code in self._ignored:
            return
        row = CODES[code]
        finding = place.finding(code, what, effect or row.effect, fix or row.fix)
        if not self._fold:
            self.new.append(finding)
            return
        key = code, kind
        if key in self._repeats:
            self._repeats[key] = self._repeats[key][0] + 1, finding
        else:
            self._repeats[key] = 0, None
            self.new.append(finding)

    def add_habit(
        self, code: str, place: Place, what: str, *, kind: str = "", effect: str | None = None, fix: str | None = None
    ) -> None:
        """Report something that a producer does everywhere or nowhere, such as its line ends: once for a stream."""
        key = code, kind
        if key not in self._habits:
            self._habits.add(key)
            self.add(code, place, what, kind=f"habit {kind}", effect=effect, fix=fix)

    def take(self) -> list[Finding]:
        """Return what was noticed since the last call."""
        new, self.new = self.new, []
        return new

    def take_repeats(self) -> list[Finding]:
        """Return, for each finding that came again, one that says how often; start counting anew."""
        counted = [(count, last) for count, last in self._repeats.values() if last is not None]
        self._repeats = {}
        return [replace(last, what=f"{last.what} ({_times(count)})", count=count) for count, last in counted]


def _times(count: int) -> str:
    return "once more, here" if count == 1 else f"{count} times more, the last time here"
