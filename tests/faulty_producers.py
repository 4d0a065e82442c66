"""A correct producer, others as correct in another spelling, and many that differ from it in one fault each.

Each fault is one that real encoders have. With it stands the rule that a report should put it down to: more than one
where the smallest failing event is not the only one of its size.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sse_codec import ServerSentEvent

if TYPE_CHECKING:
    from collections.abc import Iterator


class Correct:
    """One field line for each value, with a method for each thing that can go wrong."""

    end = "\n"

    def produce(self, event: ServerSentEvent) -> bytes:
        return "".join(self.block(event)).encode()

    def block(self, event: ServerSentEvent) -> Iterator[str]:
        self.check(event)
        yield from self.fields(event)
        yield from self.data(event.data)
        yield self.end

    def check(self, event: ServerSentEvent) -> None:
        self.check_type(event.event)
        self.check_id(event.id)
        self.check_retry(event.retry)

    def check_type(self, event: str) -> None:
        if not event or re.search("[\r\n]", event):
            raise ValueError("event")

    def check_id(self, id: str | None) -> None:
        if id is not None and re.search("[\r\n\0]", id):
            raise ValueError("id")

    def check_retry(self, retry: int | None) -> None:
        if retry is not None and retry < 0:
            raise ValueError("retry")

    def fields(self, event: ServerSentEvent) -> Iterator[str]:
        if event.event != "message":
            yield self.field("event", event.event)
        if event.id is not None:
            yield self.field("id", event.id)
        if event.retry is not None:
            yield self.field("retry", str(event.retry))

    def field(self, name: str, value: str) -> str:
        return f"{name}: {value}{self.end}"

    def data(self, data: str) -> Iterator[str]:
        for line in self.lines(data):
            yield self.field("data", line)

    def lines(self, data: str) -> list[str]:
        return re.split("\r\n|\r|\n", data)


# Correct too.


class EndsInCRLF(Correct):
    end = "\r\n"


class EndsInCR(Correct):
    end = "\r"


class LeavesTheSpaceOut(Correct):
    def field(self, name: str, value: str) -> str:
        return f"{name}:{' ' * value.startswith(' ')}{value}{self.end}"


class LeavesTheColonOut(Correct):
    def field(self, name: str, value: str) -> str:
        return f"{name}: {value}{self.end}" if value else f"{name}{self.end}"


class SpellsMessageOut(Correct):
    def fields(self, event: ServerSentEvent) -> Iterator[str]:
        yield f"event: {event.event}\n"
        if event.event != "message":
            yield from list(super().fields(event))[1:]
        else:
            yield from super().fields(event)


class SendsCommentsBetween(Correct):
    def block(self, event: ServerSentEvent) -> Iterator[str]:
        yield ": ping\n\n"
        for line in super().block(event):
            yield ":data: not this\n"
            yield line


class SendsUnknownFields(Correct):
    def fields(self, event: ServerSentEvent) -> Iterator[str]:
        yield "topic: a\n"
        yield from super().fields(event)


class SendsDataFirst(Correct):
    def block(self, event: ServerSentEvent) -> Iterator[str]:
        self.check(event)
        yield from self.data(event.data)
        yield from self.fields(event)
        yield "\n"


class SendsBlankLinesBetween(Correct):
    def block(self, event: ServerSentEvent) -> Iterator[str]:
        yield "\n\n"
        yield from super().block(event)


class StripsLineEnds(Correct):
    """Nothing gets out of its field, so it is right as long as it need not refuse."""

    def block(self, event: ServerSentEvent) -> Iterator[str]:
        name = re.sub("[\r\n]", "", event.event) or "message"
        id = event.id if event.id is None else re.sub("[\r\n\0]", "", event.id)
        yield from super().block(ServerSentEvent(event.data, name, id, event.retry))


CORRECT: list[type[Correct]] = [
    Correct,
    EndsInCRLF,
    EndsInCR,
    LeavesTheSpaceOut,
    LeavesTheColonOut,
    SpellsMessageOut,
    SendsCommentsBetween,
    SendsUnknownFields,
    SendsDataFirst,
    SendsBlankLinesBetween,
    StripsLineEnds,
]

# Faults.


class KnowsOneLine(Correct):
    def lines(self, data: str) -> list[str]:
        return [data]


class KnowsOnlyLF(Correct):
    def lines(self, data: str) -> list[str]:
        return data.split("\n")


class KnowsNoLoneCR(Correct):
    def lines(self, data: str) -> list[str]:
        return data.replace("\r\n", "\n").split("\n")


class CountsCRLFTwice(Correct):
    def lines(self, data: str) -> list[str]:
        return re.split("[\r\n]", data)


class SplitsLikeStr(Correct):
    def lines(self, data: str) -> list[str]:
        return (data + "\n").splitlines()


class DropsTheLastNewline(Correct):
    def lines(self, data: str) -> list[str]:
        return re.split("\r\n|\r|\n", data[:-1] if data.endswith(("\r", "\n")) else data)


class DropsEmptyLines(Correct):
    def lines(self, data: str) -> list[str]:
        return [line for line in super().lines(data) if line] or [""]


class StripsData(Correct):
    def lines(self, data: str) -> list[str]:
        return [line.strip() for line in super().lines(data)]


class StripsTheEndOfData(Correct):
    def lines(self, data: str) -> list[str]:
        return [line.rstrip(" ") for line in super().lines(data)]


class SendsNoEmptyData(Correct):
    def data(self, data: str) -> Iterator[str]:
        if data:
            yield from super().data(data)


class LeavesEverySpaceOut(Correct):
    def field(self, name: str, value: str) -> str:
        return f"{name}:{value}\n"


class SendsTwoSpaces(Correct):
    def field(self, name: str, value: str) -> str:
        return f"{name}:  {value}\n"


class SendsASpaceAtTheEnd(Correct):
    def field(self, name: str, value: str) -> str:
        return f"{name}: {value} \n"


class SendsCapitals(Correct):
    def field(self, name: str, value: str) -> str:
        return f"{name.title()}: {value}\n"


class EscapesNewlines(Correct):
    def lines(self, data: str) -> list[str]:
        return [re.sub("\r\n|\r|\n", r"\\n", data)]


class EndsWithoutABlankLine(Correct):
    def block(self, event: ServerSentEvent) -> Iterator[str]:
        yield from list(super().block(event))[:-1]


class EndsWithAComment(Correct):
    def block(self, event: ServerSentEvent) -> Iterator[str]:
        *lines, _ = super().block(event)
        yield from [*lines, ": end\n"]


class SendsTheTypeInABlockOfItsOwn(Correct):
    def fields(self, event: ServerSentEvent) -> Iterator[str]:
        fields = list(super().fields(event))
        yield from [*fields, *["\n"] * bool(fields)]


class InjectsThroughTheType(Correct):
    def check_type(self, event: str) -> None:
        pass


class InjectsThroughTheTypeByCR(Correct):
    def check_type(self, event: str) -> None:
        if "\n" in event or not event:
            raise ValueError("event")


class InjectsThroughTheId(Correct):
    def check_id(self, id: str | None) -> None:
        if "\0" in (id or ""):
            raise ValueError("id")


class InjectsThroughTheIdByCR(Correct):
    def check_id(self, id: str | None) -> None:
        if re.search("[\n\0]", id or ""):
            raise ValueError("id")


class SendsIdsWithNUL(Correct):
    def check_id(self, id: str | None) -> None:
        if re.search("[\r\n]", id or ""):
            raise ValueError("id")


class DropsEmptyIds(Correct):
    def fields(self, event: ServerSentEvent) -> Iterator[str]:
        yield from super().fields(ServerSentEvent(event.data, event.event, event.id or None, event.retry))


class DropsRetryZero(Correct):
    def fields(self, event: ServerSentEvent) -> Iterator[str]:
        yield from super().fields(ServerSentEvent(event.data, event.event, event.id, event.retry or None))


class SendsRetryInSeconds(Correct):
    def fields(self, event: ServerSentEvent) -> Iterator[str]:
        retry = None if event.retry is None else event.retry / 1000
        yield from super().fields(ServerSentEvent(event.data, event.event, event.id, retry))  # type: ignore[arg-type]  # the fault


class DropsTheType(Correct):
    def fields(self, event: ServerSentEvent) -> Iterator[str]:
        yield from super().fields(ServerSentEvent(event.data, "message", event.id, event.retry))


class DropsTheId(Correct):
    def fields(self, event: ServerSentEvent) -> Iterator[str]:
        yield from super().fields(ServerSentEvent(event.data, event.event, None, event.retry))


class RemembersTheType(Correct):
    last = "message"

    def fields(self, event: ServerSentEvent) -> Iterator[str]:
        if event.event == self.last:
            yield from super().fields(ServerSentEvent(event.data, "message", event.id, event.retry))
        else:
            yield from super().fields(event)
        self.last = event.event


class SendsLatin1(Correct):
    def produce(self, event: ServerSentEvent) -> bytes:
        return "".join(self.block(event)).encode("latin-1", "replace")


class SendsOnlyASCII(Correct):
    def produce(self, event: ServerSentEvent) -> bytes:
        return "".join(self.block(event)).encode("ascii")


class SendsABOMEachTime(Correct):
    def produce(self, event: ServerSentEvent) -> bytes:
        return b"\xef\xbb\xbf" + super().produce(event)


class DropsBOMs(Correct):
    def lines(self, data: str) -> list[str]:
        return super().lines(data.replace("\ufeff", ""))


class DropsNUL(Correct):
    def lines(self, data: str) -> list[str]:
        return super().lines(data.replace("\0", ""))


class CutsLongLines(Correct):
    def lines(self, data: str) -> list[str]:
        return [line[at : at + 1024] for line in super().lines(data) for at in range(0, max(len(line), 1), 1024)]


class NumbersEventsItself(Correct):
    number = 0

    def fields(self, event: ServerSentEvent) -> Iterator[str]:
        self.number += 1
        yield from super().fields(ServerSentEvent(event.data, event.event, str(self.number), event.retry))


#: Each fault, and the rules to one of which its report should put it down.
FAULTS: dict[type[Correct], set[str]] = {
    KnowsOneLine: {"newline", "last-newline", "cr-in-data"},
    KnowsOnlyLF: {"cr-in-data"},
    KnowsNoLoneCR: {"cr-in-data"},
    CountsCRLFTwice: {"cr-in-data"},
    SplitsLikeStr: {"line-separator"},
    DropsTheLastNewline: {"last-newline", "cr-in-data"},
    DropsEmptyLines: {"newline", "last-newline", "cr-in-data"},
    StripsData: {"padded-value", "line-separator"},
    StripsTheEndOfData: {"padded-value"},
    SendsNoEmptyData: {"empty-data"},
    LeavesEverySpaceOut: {"padded-value"},
    SendsTwoSpaces: {"data"},
    SendsASpaceAtTheEnd: {"data"},
    SendsCapitals: {"data"},
    EscapesNewlines: {"newline", "last-newline", "cr-in-data"},
    EndsWithoutABlankLine: {"missing-blank-line"},
    EndsWithAComment: {"missing-blank-line"},
    SendsTheTypeInABlockOfItsOwn: {"event", "id", "empty-id", "retry"},
    InjectsThroughTheType: {"line-end-in-event"},
    InjectsThroughTheTypeByCR: {"line-end-in-event"},
    InjectsThroughTheId: {"line-end-in-id"},
    InjectsThroughTheIdByCR: {"line-end-in-id"},
    SendsIdsWithNUL: {"id-with-null"},
    DropsEmptyIds: {"empty-id"},
    DropsRetryZero: {"retry"},
    SendsRetryInSeconds: {"retry"},
    DropsTheType: {"event"},
    DropsTheId: {"id", "empty-id"},
    RemembersTheType: {"event"},
    SendsLatin1: {"non-ascii", "line-separator", "late-bom"},
    SendsOnlyASCII: {"non-ascii", "line-separator", "late-bom"},
    SendsABOMEachTime: {"events", "data"},
    DropsBOMs: {"late-bom"},
    DropsNUL: {"nul"},
    CutsLongLines: {"long"},
    NumbersEventsItself: {"data"},
}
