"""Checks of a block: how its fields fit together, and what the blank line does with them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from sse_codec._grammar import DATA, EVENT, ID

from ._codes import CODES
from ._json import json_fault
from ._payload import ESCAPED, Payload, diagnose, encoded_twice, look_for_constants, may_be_ill
from ._values import Cause

if TYPE_CHECKING:
    from ._finding import Place
    from ._report import Report
    from ._stream import Ids, Sentinel

#: A payload that looks like a sentinel.
_LIKE_A_SENTINEL = re.compile(r"\[?[A-Za-z][A-Za-z_ -]{0,30}\]?")

#: Types of keep-alives, which are often sent without data.
_KEEP_ALIVE = re.compile(r"ping|heart[-_]?beat|keep[-_]?alive", re.IGNORECASE)

_ESCAPED_BYTES = tuple(end.encode() for end in ESCAPED)

#: After so many data lines, a warning does not wait for the end of the block.
_PATIENCE = 16

_KEPT = "a client keeps it as part of the value, and sets no other field"
_STRING = "JSON.parse returns a string, not the value that was encoded"


class Rules(NamedTuple):
    """The rules that the user has set for the events of the stream."""

    json: bool
    require_ids: bool
    ids: Ids | None  # None: ids may be repeated
    sentinel: Sentinel


class Block:
    """The block in progress.

    Attributes:
        size: the bytes of its lines so far, plus one for each line.
        data_place: where its first data value starts.
        too_large: it has passed the limit, and its payload is incomplete.
        data_lines: how many data lines it has.
        meant: the known fields that it lacks only because of mistakes that were reported, with the line of each; 0
            if it is a guess.
        white_line: the latest line of white space that was reported; 0 if there is none.
        orphan: an event type without data, in this block or, until it is clear what is missing, in the one before it.
    """

    __slots__ = (
        "_cause",
        "_cause_line",
        "_comment",
        "_fields",
        "_joined",
        "_overwritten",
        "_report",
        "_rules",
        "data_lines",
        "data_place",
        "large",
        "meant",
        "orphan",
        "payload",
        "size",
        "too_large",
        "white_line",
    )

    def __init__(self, report: Report, rules: Rules, orphan: tuple[Place, str] | None = None) -> None:
        self._report = report
        self._rules = rules
        self.size = 0
        self.large = False  # reported as large
        self.too_large = False
        self.data_place: Place | None = None
        self.data_lines = 0
        self.payload = Payload()
        self.meant: dict[str, int] = {}
        self.white_line = 0
        self.orphan = orphan
        self._cause: Cause | None = None  # the first one that was not reported yet
        self._cause_line = 0  # of the latest one
        self._joined = False  # its payload is not that of one event, or not text, which was reported
        self._overwritten = False
        self._comment: Place | None = None
        self._fields: dict[str, tuple[Place, str]] = {}  # the latest valid event, id and retry, with their values

    @property
    def says_something(self) -> bool:
        """Whether a client loses something if the block does not end."""
        return self.data_place is not None or EVENT in self._fields or ID in self._fields

    def comment(self, place: Place) -> None:
        """Take a comment."""
        if self.data_place is not None:
            self._glued(place)
        elif self._comment is None:
            self._comment = place

    def _glued(self, comment: Place) -> None:
        self._report.add_habit("comment-in-block", comment, "a comment in the block of an event")

    def data(self, value: bytes, place: Place, *, binary: bool) -> None:
        """Take the value of a data field, which starts at the place, and which may be binary data."""
        self.data_lines += 1
        self._joined = self._joined or binary or self.white_line > 0
        if self.data_place is None:
            self.data_place = place
            if self._comment is not None:
                self._glued(self._comment)
        if not self.too_large:
            self.payload.add(value, place.line, place.offset, place.at)
            if value.endswith(_ESCAPED_BYTES):
                what = "a payload that ends in escaped line ends, where real ones were probably intended"
                reason, fix = "its payload ends in escaped line ends", CODES["escaped-line-end"].fix
                at = place.moved(place.at + len(value.rstrip(rb"\rn")))
                self.keep(Cause("escaped-line-end", at, what, reason, fix))
        if self.data_lines >= _PATIENCE:
            self.report_cause()

    def keep(self, cause: Cause) -> None:
        """Keep a mistake until it is clear whether it explains an error."""
        self._cause = self._cause or cause
        self._cause_line = cause.place.line

    def report_cause(self) -> None:
        """Report a mistake that was kept, as a warning."""
        cause, self._cause = self._cause, None
        if cause is not None and cause.code == "escaped-line-end":
            self._report.add_habit(cause.code, cause.place, cause.what)
        elif cause is not None:
            self._report.add(cause.code, cause.place, cause.what, kind="inside", effect=_KEPT, fix=cause.fix)

    def explain_end(self, last: Place | None) -> Cause | None:
        """Take the mistake in the last line of the stream, if it explains why the block does not end."""
        if last is None or last.line != self._cause_line:
            return None
        cause, self._cause = self._cause, None
        return cause

    def set(self, name: str, value: str, place: Place) -> None:
        """Take another field, and compare it with an earlier one of the same name."""
        if name in self._fields and not self.white_line:  # such a line explains it, and was reported
            earlier, lost = self._fields[name]
            if lost != value:
                self._overwritten = True
                what = f"the {name} field is overwritten by line {place.line}, in the same block"
                fix = None
                if self.data_place is not None and self.data_place.line < place.line:
                    fix = f"end the event of line {self.data_place.line} with a blank line, before line {place.line}"
                self._report.add("overwritten-field", earlier, what, kind=name, fix=fix)
            else:
                what = f"the same {name} field as in line {earlier.line}, again"
                self._report.add("repeated-field", place, what, kind=name)
        self._fields[name] = place, value

    def end(self) -> None:
        """Take the blank line."""
        if not self.size and self._comment is None:
            return  # an extra blank line
        self.look_back()
        if self.data_place is not None:
            self._end_event(self.data_place)
        elif EVENT in self._fields:
            self._end_without_data(self._fields[EVENT])
        self.report_cause()
        if ID in self._fields and self._rules.ids is not None:
            place, value = self._fields[ID]
            self._rules.ids.look(value, place)

    def _end_without_data(self, event: tuple[Place, str]) -> None:
        cause = self._cause
        if cause is not None and cause.hides_data:
            what = f"an event type in a block without data: {cause.reason}"
            if self._report.add("event-without-data", cause.place, what, kind="inside", fix=cause.fix):
                self._cause = None
        elif DATA not in self.meant:
            self.orphan = event

    def look_back(self) -> None:
        """Report an event type without data in the block before, now that it is clear what is missing."""
        if self.orphan is None:
            return
        (place, value), self.orphan = self.orphan, None
        what, kind, effect, fix = "an event type in a block without data", "", None, None
        line = self.data_place.line if self.data_place is not None else self.meant.get(DATA, 0)
        if line and EVENT not in self._fields and not _KEEP_ALIVE.fullmatch(value):
            what = f"{what}: a blank line separates it from the data of line {line}"
            kind = "separated"
            effect = 'a client drops the type, and dispatches the data as an event of the type "message"'
            fix = f"remove the blank line between line {place.line} and line {line}"
        self._report.add("event-without-data", place.moved(0), what, kind=kind, effect=effect, fix=fix)

    def _end_event(self, place: Place) -> None:
        if self._rules.require_ids and ID not in self._fields and ID not in self.meant:
            self._report.add("missing-id", place, "an event without an id")
        if self.too_large:
            self._rules.sentinel.look("", place.line)
        else:
            self.look_at_payload()
            if self._rules.sentinel.expected is not None:
                self._rules.sentinel.look(self.payload.text(), place.line)

    def look_for_sentinel(self) -> None:
        """Accept the sentinel in a block that does not end, which was reported."""
        if self.data_place is not None and self.payload.text() == self._rules.sentinel.expected:
            self._rules.sentinel.look(self.payload.text(), self.data_place.line)

    def look_at_payload(self) -> None:
        """Check the payload as far as it has come."""
        if self._joined:
            return
        escaped = self._cause if self._cause is not None and self._cause.code == "escaped-line-end" else None
        if escaped is not None and not self._rules.json:
            return  # whatever is wrong has the same cause
        text = self.payload.text()
        # A payload of several lines can be ill only if it is JSON, or was framed twice.
        several = len(self.payload) > 1 and (text[:1] in {"{", "["} or "\ndata:" in text)
        illness = diagnose(text) if several or may_be_ill(text) else None
        fault = None
        if self._rules.json and text and text != self._rules.sentinel.expected:
            fault = json_fault(text)
            illness = illness or (encoded_twice(text) if fault is None else None)
        if fault and escaped is not None:
            what = f"a payload that is not JSON: {escaped.reason}"
            if self._report.add("invalid-json", escaped.place, what, kind="escaped", fix=escaped.fix):
                self._cause = None
        elif fault and illness:
            what = _not_json_but(illness.what)
            place = self.payload.place_in_text(illness.position)
            self._report.add("invalid-json", place, what, kind=illness.code + illness.kind, fix=illness.fix)
        elif fault:
            self._not_json(text, fault.reason, self.payload.place_in_text(fault.position))
        elif illness:
            if illness.code == "missing-blank-line" and self._overwritten:
                return  # it has the same cause as the overwritten field, which was reported
            place = self.payload.place_in_text(illness.position)
            effect = _STRING if illness.kind == "encoded twice" else None
            self._report.add(illness.code, place, illness.what, kind=illness.kind, effect=effect, fix=illness.fix)
        else:
            look_for_constants(self._report, self.payload, text)

    def _not_json(self, text: str, reason: str, place: Place) -> None:
        fix, kind = None, ""
        if _LIKE_A_SENTINEL.fullmatch(text):
            fix, kind = "send JSON; if it marks the end of the stream, name it as the sentinel", "sentinel"
        self._report.add("invalid-json", place, f"a payload that is not JSON: {reason}", kind=kind, fix=fix)


def _not_json_but(what: str) -> str:
    """Say that a payload is not JSON, given what is wrong with it."""
    is_something = what.removeprefix("a payload that is ")
    if is_something != what:
        return f"a payload that is not JSON, but {is_something}"
    does_something = what.removeprefix("a payload that ")
    return f"a payload that is not JSON: {'it ' if does_something != what else ''}{does_something}"
