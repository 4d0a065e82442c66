"""Checks of a block: how its fields fit together, and what the blank line does with them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from sse_codec._grammar import EVENT, ID

from ._json import json_fault
from ._payload import Payload, diagnose, look_for_constants, may_be_ill

if TYPE_CHECKING:
    from ._finding import Place
    from ._report import Report
    from ._stream import Ids, Sentinel

#: A payload that looks like a sentinel.
_LIKE_A_SENTINEL = re.compile(r"\[?[A-Za-z][A-Za-z_ -]{0,30}\]?")


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
    """

    __slots__ = (
        "_comment",
        "_fields",
        "_overwritten",
        "_report",
        "_rules",
        "data_lines",
        "data_place",
        "large",
        "payload",
        "size",
        "too_large",
    )

    def __init__(self, report: Report, rules: Rules) -> None:
        self._report = report
        self._rules = rules
        self.size = 0
        self.large = False  # reported as large
        self.too_large = False
        self.data_place: Place | None = None
        self.data_lines = 0
        self.payload = Payload()
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

    def data(self, value: bytes, place: Place) -> None:
        """Take the value of a data field, which starts at the place."""
        self.data_lines += 1
        if self.data_place is None:
            self.data_place = place
            if self._comment is not None:
                self._glued(self._comment)
        if not self.too_large:
            self.payload.add(value, place.line, place.offset, place.at)
            if value.endswith((rb"\n\n", rb"\r\n\r\n")):
                self._report.add_habit(
                    "escaped-line-end",
                    place.moved(place.at + len(value.rstrip(rb"\rn"))),
                    "a payload that ends in escaped line ends, where real ones were probably intended",
                )

    def set(self, name: str, value: str, place: Place) -> None:
        """Take another field, and compare it with an earlier one of the same name."""
        if name in self._fields:
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
        if self.data_place is not None:
            self._end_event(self.data_place)
        elif EVENT in self._fields:
            place = self._fields[EVENT][0].moved(0)
            self._report.add("event-without-data", place, "an event type in a block without data")
        if ID in self._fields and self._rules.ids is not None:
            place, value = self._fields[ID]
            self._rules.ids.look(value, place)

    def _end_event(self, place: Place) -> None:
        if self._rules.require_ids and ID not in self._fields:
            self._report.add("missing-id", place, "an event without an id")
        if self.too_large:
            self._rules.sentinel.look("", place.line)
        else:
            self.look_at_payload()
            if self._rules.sentinel.expected is not None:
                self._rules.sentinel.look(self.payload.text(), place.line)

    def look_at_payload(self) -> None:
        """Check the payload as far as it has come."""
        text = self.payload.text()
        # A payload of several lines can be ill only if it is JSON, or was framed twice.
        several = len(self.payload) > 1 and (text[:1] in {"{", "["} or "\ndata:" in text)
        illness = diagnose(text) if several or may_be_ill(text) else None
        if self._rules.json:
            fault = json_fault(text) if text and text != self._rules.sentinel.expected else None
            if fault and illness:
                what = f"a payload that is not JSON: {illness.what}"
                place = self.payload.place_in_text(illness.position)
                self._report.add("invalid-json", place, what, kind=illness.code + illness.kind, fix=illness.fix)
            elif fault:
                self._not_json(text, fault.reason, self.payload.place_in_text(fault.position))
        elif illness:
            if illness.code == "missing-blank-line" and self._overwritten:
                return  # it has the same cause as the overwritten field, which was reported
            place = self.payload.place_in_text(illness.position)
            self._report.add(illness.code, place, illness.what, kind=illness.kind, fix=illness.fix)
        else:
            look_for_constants(self._report, self.payload, text)

    def _not_json(self, text: str, reason: str, place: Place) -> None:
        fix, kind = None, ""
        if _LIKE_A_SENTINEL.fullmatch(text):
            fix, kind = "send JSON; if it marks the end of the stream, name it as the sentinel", "sentinel"
        self._report.add("invalid-json", place, f"a payload that is not JSON: {reason}", kind=kind, fix=fix)
