"""Report: collects findings. Repeated findings are counted, so that one cause does not fill the screen."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ._codes import CODES

if TYPE_CHECKING:
    from ._finding import Finding, Place


class Report:
    """Collects findings in the order of discovery.

    Two findings are the same if they have the same code and the same kind. Kinds are the variants of a code. They are
    from a fixed set, so that the memory is bounded.

    Args:
        ignored: codes that are not reported.
        fold: report only the first of equal findings, and count the others.

    Attributes:
        new: the findings that were not taken yet.
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
        """Report something at a place. By default, effect and fix are those of the code."""
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

    def add_habit(self, code: str, place: Place, what: str, *, kind: str = "", effect: str | None = None) -> None:
        """Report a habit of the producer, such as its line ends: once for a stream."""
        key = code, kind
        if key not in self._habits:
            self._habits.add(key)
            self.add(code, place, what, kind=f"habit {kind}", effect=effect)

    def take(self) -> list[Finding]:
        """Return the findings since the last call."""
        new, self.new = self.new, []
        return new

    def take_repeats(self) -> list[Finding]:
        """Return one finding for each that was repeated, with the number; start counting again."""
        counted = [(count, last) for count, last in self._repeats.values() if last is not None]
        self._repeats = {}
        return [replace(last, what=f"{last.what} ({_times(count)})", count=count) for count, last in counted]


def _times(count: int) -> str:
    return "once more, here" if count == 1 else f"{count} more times, the last time here"
