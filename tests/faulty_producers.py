"""A correct producer, others that are correct in another spelling, and many that differ in one fault each.

Real encoders have each of these faults. `FAULTS` maps a fault to the rules that a report may name for it: more than one
where several failing events are equally small.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sse_codec import ServerSentEvent
from tests.faulty_values import CHANGES, LARGE_CHANGES, OF_IDS, OF_TYPES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


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


# Other correct producers.


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
    """Lets no value break out of its field, so it is correct unless it must refuse unsendable events."""

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


# The same kinds again, in other guises.


class Changed(Correct):
    """Changes the event before it is sent."""

    def block(self, event: ServerSentEvent) -> Iterator[str]:
        self.check(event)
        yield from super().block(self.changed(event))

    def changed(self, event: ServerSentEvent) -> ServerSentEvent:
        raise NotImplementedError


class TakesVTForALineEnd(Correct):
    def lines(self, data: str) -> list[str]:
        return re.split("\r\n|[\r\n\v]", data)


class TakesFFForALineEnd(Correct):
    def lines(self, data: str) -> list[str]:
        return re.split("\r\n|[\r\n\f]", data)


class TakesNELForALineEnd(Correct):
    def lines(self, data: str) -> list[str]:
        return re.split("\r\n|[\r\n\x85]", data)


class TakesU2028ForALineEnd(Correct):
    def lines(self, data: str) -> list[str]:
        return re.split("\r\n|[\r\n\u2028\u2029]", data)


class TakesLFCRForOneEnd(Correct):
    def lines(self, data: str) -> list[str]:
        return re.split("\r\n|\n\r|\r|\n", data)


class TakesSeveralNewlinesForOne(Correct):
    def lines(self, data: str) -> list[str]:
        return re.split("(?:\r\n|\r|\n)+", data)


class TakesAtMostTwoNewlines(Correct):
    def lines(self, data: str) -> list[str]:
        return re.split("\r\n|\r|\n", re.sub("\n{3,}", "\n\n", data))


class DropsTheFirstEmptyLine(Correct):
    def lines(self, data: str) -> list[str]:
        first, *others = super().lines(data)
        return [first, *others] if first or not others else others


class LeavesLinesOfSpacesOut(Correct):
    def lines(self, data: str) -> list[str]:
        lines = super().lines(data)
        return [line for line in lines if line.strip() or not line] or [""]


class StripsTheStartOfLaterLines(Correct):
    def lines(self, data: str) -> list[str]:
        first, *others = super().lines(data)
        return [first, *(line.lstrip(" ") for line in others)]


class SendsTheFirstLineOnly(Correct):
    def lines(self, data: str) -> list[str]:
        return super().lines(data)[:1]


class JoinsLinesBySpaces(Correct):
    def lines(self, data: str) -> list[str]:
        return [re.sub("\r\n|\r|\n", " ", data)]


class RepeatsTheNameWithoutASpace(Correct):
    def data(self, data: str) -> Iterator[str]:
        first, *others = self.lines(data)
        yield self.field("data", first)
        yield from (f"data:{line}\n" for line in others)


class ForgetsTheNameOfEmptyLines(Correct):
    def data(self, data: str) -> Iterator[str]:
        for line in self.lines(data):
            yield self.field("data", line) if line else ": \n"


class SendsLinesThatLookLikeFieldsAsThey(Correct):
    def data(self, data: str) -> Iterator[str]:
        for line in self.lines(data):
            yield f"{line}\n" if line.startswith("data: ") else self.field("data", line)


class TakesAColonForAComment(Correct):
    def data(self, data: str) -> Iterator[str]:
        for line in self.lines(data):
            yield f"{line}\n" if line.startswith(":") else self.field("data", line)


class LeavesTheColonOutOfEmptyFields(Correct):
    """Writes a space in place of the colon, so the field has another name."""

    def field(self, name: str, value: str) -> str:
        return f"{name}: {value}\n" if value else f"{name} \n"


class SendsNoEmptyDataWithAType(Correct):
    def block(self, event: ServerSentEvent) -> Iterator[str]:
        if event.data or event.event == "message":
            yield from super().block(event)


class SendsNoIdWithEmptyData(Changed):
    def changed(self, event: ServerSentEvent) -> ServerSentEvent:
        return event if event.data else event.replace(id=None)


class SendsNoRetryWithAnId(Changed):
    def changed(self, event: ServerSentEvent) -> ServerSentEvent:
        return event if event.id is None else event.replace(retry=None)


class SendsNoTypeWithARetry(Changed):
    def changed(self, event: ServerSentEvent) -> ServerSentEvent:
        return event if event.retry is None else event.replace(event="message")


class SendsNoneAsText(Correct):
    def fields(self, event: ServerSentEvent) -> Iterator[str]:
        yield f"id: {event.id}\n"
        yield from super().fields(event.replace(id=None))


class SendsAnEmptyIdForNone(Changed):
    def changed(self, event: ServerSentEvent) -> ServerSentEvent:
        return event if event.id is not None else event.replace(id="")


class SendsTheRetryAsFloat(Correct):
    def fields(self, event: ServerSentEvent) -> Iterator[str]:
        yield from super().fields(event.replace(retry=None))
        if event.retry is not None:
            yield f"retry: {float(event.retry)}\n"


class SendsTheRetryWithCommas(Correct):
    def fields(self, event: ServerSentEvent) -> Iterator[str]:
        yield from super().fields(event.replace(retry=None))
        if event.retry is not None:
            yield f"retry: {event.retry:,}\n"


class SendsLargeRetriesWithAnExponent(Correct):
    def fields(self, event: ServerSentEvent) -> Iterator[str]:
        yield from super().fields(event.replace(retry=None))
        if event.retry is not None:
            yield f"retry: {event.retry if event.retry < 10**15 else float(event.retry):}\n"


class SendsTheRetryInHex(Correct):
    def fields(self, event: ServerSentEvent) -> Iterator[str]:
        yield from super().fields(event.replace(retry=None))
        if event.retry is not None:
            yield f"retry: {event.retry:x}\n"


class SendsTheRetryInABlockOfItsOwn(Correct):
    def fields(self, event: ServerSentEvent) -> Iterator[str]:
        yield from super().fields(event.replace(retry=None))
        if event.retry is not None:
            yield f"retry: {event.retry}\n\n"


class WrapsRetryAt32Bits(Changed):
    def changed(self, event: ServerSentEvent) -> ServerSentEvent:
        return event.replace(retry=event.retry and event.retry & 0xFFFFFFFF)


class RoundsRetryTo53Bits(Changed):
    def changed(self, event: ServerSentEvent) -> ServerSentEvent:
        return event.replace(retry=event.retry and int(float(event.retry)))


class WritesNegativeRetryAsComment(Correct):
    """Puts the other fields into the comment, so they are lost."""

    def check_retry(self, retry: int | None) -> None:
        pass

    def fields(self, event: ServerSentEvent) -> Iterator[str]:
        if (event.retry or 0) < 0:
            yield ": retry " + "".join(super().fields(event.replace(retry=None))).replace("\n", " ") + "\n"
        else:
            yield from super().fields(event)


class ReplacesAnEmptyType(Correct):
    """Replaces an empty type and the id with others instead of refusing the event."""

    def check_type(self, event: str) -> None:
        if "\r" in event or "\n" in event:
            raise ValueError("event")

    def fields(self, event: ServerSentEvent) -> Iterator[str]:
        yield from super().fields(event if event.event else event.replace(event="b", id="9"))


class InjectsThroughALineEndAtTheStart(Correct):
    def check_id(self, id: str | None) -> None:
        if id is not None and (re.search(".[\r\n]", id, re.DOTALL) or "\0" in id):
            raise ValueError("id")


class InjectsWhereBothAreGiven(Correct):
    def check(self, event: ServerSentEvent) -> None:
        if event.id is None or event.retry is None:
            self.check_type(event.event)
        self.check_id(event.id)
        self.check_retry(event.retry)


class EscapesLFAndLeavesCR(Correct):
    """Turns CR into LF only after it has escaped LF."""

    def check_type(self, event: str) -> None:
        if not event:
            raise ValueError("event")

    def fields(self, event: ServerSentEvent) -> Iterator[str]:
        yield from super().fields(event.replace(event=event.event.replace("\n", " ").replace("\r", "\n")))


class TakesNULAtTheEndOfIds(Correct):
    def check_id(self, id: str | None) -> None:
        if id is not None and re.search("[\r\n]|\0.", id):
            raise ValueError("id")


class SendsABOMWithNonASCII(Correct):
    def produce(self, event: ServerSentEvent) -> bytes:
        produced = super().produce(event)
        return produced if produced.isascii() else b"\xef\xbb\xbf" + produced


class SendsABOMWithEachEventButTheFirst(Correct):
    """Sends a BOM with each event but its first."""

    number = 0

    def produce(self, event: ServerSentEvent) -> bytes:
        self.number += 1
        return b"\xef\xbb\xbf" * (self.number > 1) + super().produce(event)


class SendsUTF16WithNonASCII(Correct):
    def produce(self, event: ServerSentEvent) -> bytes:
        text = "".join(self.block(event))
        return text.encode() if text.isascii() else text.encode("utf-16-le")


class SendsCESU8(Correct):
    def produce(self, event: ServerSentEvent) -> bytes:
        text = "".join(self.block(event))
        pairs = text.encode("utf-16-be", "surrogatepass")
        units = "".join(chr(int.from_bytes(pairs[at : at + 2], "big")) for at in range(0, len(pairs), 2))
        return units.encode("utf-8", "surrogatepass")


class CutsCharactersAtTheEndOfAPiece(Correct):
    """Decodes and encodes pieces of 1024 bytes, and so breaks a character that two pieces share."""

    def produce(self, event: ServerSentEvent) -> bytes:
        encoded = "".join(self.block(event)).encode()
        pieces = [encoded[at : at + 1024] for at in range(0, len(encoded), 1024)]
        return b"".join(piece.decode("utf-8", "replace").encode() for piece in pieces)


class WrapsLinesAt76(Correct):
    def lines(self, data: str) -> list[str]:
        return [line[at : at + 76] for line in super().lines(data) for at in range(0, max(len(line), 1), 76)]


class WrapsIdsAt80(Correct):
    def field(self, name: str, value: str) -> str:
        return super().field(name, value if name != "id" else "\n".join(re.findall(".{1,80}", value)) or value)


class SendsAtMostEightLines(Correct):
    def lines(self, data: str) -> list[str]:
        return super().lines(data)[:8]


class SendsAtMostAHundredLines(Correct):
    def lines(self, data: str) -> list[str]:
        return super().lines(data)[:100]


class SendsAtMost4096Lines(Correct):
    def lines(self, data: str) -> list[str]:
        return super().lines(data)[:4096]


class RefusesDataOver64KiB(Correct):
    def lines(self, data: str) -> list[str]:
        if len(data) > 65_536:
            raise ValueError("data")
        return super().lines(data)


class EndsLargeEventsWithoutABlankLine(Correct):
    def produce(self, event: ServerSentEvent) -> bytes:
        produced = super().produce(event)
        return produced if len(produced) <= 4096 else produced[:4096].rstrip(b"\n") + produced[4096:-1]


class SendsNoBlankLineAfterAnEmptyLine(Correct):
    def produce(self, event: ServerSentEvent) -> bytes:
        produced = super().produce(event)
        return produced[:-1] if produced.endswith(b"data: \n\n") else produced


class SendsNoBlankLineAfterARetry(Correct):
    def block(self, event: ServerSentEvent) -> Iterator[str]:
        lines = list(super().block(event))
        yield from lines if event.retry is None else lines[:-1]


class EndsInCRLFAndACR(Correct):
    """Ends the last line in CR, so that the LF meant as a blank line completes a CRLF."""

    def block(self, event: ServerSentEvent) -> Iterator[str]:
        *lines, _ = super().block(event)
        yield from (line.replace("\n", "\r") for line in lines)
        yield "\n"


class SendsABlankLineMoreBehindTheType(Correct):
    def fields(self, event: ServerSentEvent) -> Iterator[str]:
        for field in super().fields(event):
            yield f"{field}\n" if field.startswith("event") else field


class SendsTheDataTwice(Correct):
    def data(self, data: str) -> Iterator[str]:
        yield from [*super().data(data)] * 2


class SendsEverythingTwice(Correct):
    def produce(self, event: ServerSentEvent) -> bytes:
        return super().produce(event) * 2


class SendsTheIdAsData(Correct):
    def field(self, name: str, value: str) -> str:
        return super().field("data" if name == "id" else name, value)


class SwapsIdAndType(Changed):
    def changed(self, event: ServerSentEvent) -> ServerSentEvent:
        return (
            event
            if event.id in {None, ""} or event.event == "message"
            else event.replace(event=event.id, id=event.event)
        )


class NamesFieldsInCapitals(Correct):
    def field(self, name: str, value: str) -> str:
        return super().field(name if name == "data" else name.capitalize(), value)


class SendsAKeepAliveInside(Correct):
    """Sends a keep-alive that ends the block between two lines of data."""

    def data(self, data: str) -> Iterator[str]:
        first, *others = super().data(data)
        yield from [first, *[": keep-alive\n\n"] * bool(others), *others]


class SendsDone(Correct):
    def produce(self, event: ServerSentEvent) -> bytes:
        return super().produce(event) + b"data: [DONE]\n\n" * (event.data == "[DONE]")


class StopsAtDone(Correct):
    def block(self, event: ServerSentEvent) -> Iterator[str]:
        yield from () if event.data == "[DONE]" else super().block(event)


class SendsDictsAsTheyAre(Changed):
    def changed(self, event: ServerSentEvent) -> ServerSentEvent:
        return event.replace(data=re.sub('^{"(.*)":1}$', r"{'\1': 1}", event.data))


#: Each fault, with the rules that its report may name.
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
#: Faults that drawn events find too, without the fixed cases.
DRAWABLE = [*FAULTS]

FAULTS.update(
    {
        TakesVTForALineEnd: {"line-separator"},
        TakesFFForALineEnd: {"line-separator"},
        TakesNELForALineEnd: {"line-separator"},
        TakesU2028ForALineEnd: {"line-separator"},
        TakesLFCRForOneEnd: {"cr-in-data"},
        TakesSeveralNewlinesForOne: {"newline", "last-newline"},
        TakesAtMostTwoNewlines: {"newline", "last-newline"},
        DropsTheFirstEmptyLine: {"newline"},
        LeavesLinesOfSpacesOut: {"padded-value"},
        StripsTheStartOfLaterLines: {"newline", "padded-value"},
        SendsTheFirstLineOnly: {"newline", "last-newline"},
        JoinsLinesBySpaces: {"newline", "last-newline"},
        RepeatsTheNameWithoutASpace: {"newline", "padded-value"},
        ForgetsTheNameOfEmptyLines: {"empty-data", "last-newline"},
        SendsLinesThatLookLikeFieldsAsThey: {"colon"},
        TakesAColonForAComment: {"colon"},
        LeavesTheColonOutOfEmptyFields: {"empty-data", "empty-id"},
        SendsNoEmptyDataWithAType: {"empty-data"},
        SendsNoIdWithEmptyData: {"empty-data"},
        SendsNoRetryWithAnId: {"retry", "empty-id"},
        SendsNoTypeWithARetry: {"retry"},
        SendsNoneAsText: {"data"},
        SendsAnEmptyIdForNone: {"data"},
        SendsTheRetryAsFloat: {"retry"},
        SendsTheRetryWithCommas: {"retry"},
        SendsLargeRetriesWithAnExponent: {"retry"},
        SendsTheRetryInHex: {"retry"},
        SendsTheRetryInABlockOfItsOwn: {"retry"},
        WrapsRetryAt32Bits: {"retry"},
        RoundsRetryTo53Bits: {"retry"},
        WritesNegativeRetryAsComment: {"negative-retry"},
        ReplacesAnEmptyType: {"empty-event"},
        InjectsThroughALineEndAtTheStart: {"line-end-in-id"},
        InjectsWhereBothAreGiven: {"line-end-in-event"},
        EscapesLFAndLeavesCR: {"line-end-in-event"},
        TakesNULAtTheEndOfIds: {"id-with-null"},
        SendsABOMWithNonASCII: {"non-ascii"},
        SendsABOMWithEachEventButTheFirst: {"data", "events"},
        SendsUTF16WithNonASCII: {"non-ascii"},
        SendsCESU8: {"non-ascii"},
        CutsCharactersAtTheEndOfAPiece: {"long"},
        WrapsLinesAt76: {"long"},
        WrapsIdsAt80: {"long"},
        SendsAtMostEightLines: {"many-lines"},
        SendsAtMostAHundredLines: {"many-lines"},
        SendsAtMost4096Lines: {"many-lines"},
        RefusesDataOver64KiB: {"long", "many-lines"},
        EndsLargeEventsWithoutABlankLine: {"long"},
        SendsNoBlankLineAfterAnEmptyLine: {"empty-data", "last-newline"},
        SendsNoBlankLineAfterARetry: {"retry"},
        EndsInCRLFAndACR: {"missing-blank-line"},
        SendsABlankLineMoreBehindTheType: {"event"},
        SendsTheDataTwice: {"data"},
        SendsEverythingTwice: {"data"},
        SendsTheIdAsData: {"id", "empty-id"},
        SwapsIdAndType: {"id", "event"},
        NamesFieldsInCapitals: {"id", "event", "retry", "empty-id"},
        SendsAKeepAliveInside: {"newline", "last-newline"},
        SendsDone: {"magic-value"},
        StopsAtDone: {"magic-value"},
        SendsDictsAsTheyAre: {"colon"},
    }
)


def changing(name: str, field: str, function: Callable[[str], str]) -> type[Correct]:
    """Return a producer that changes the values of a field."""

    def spelt(self: Correct, found: str, value: str) -> str:
        return Correct.field(self, found, function(value) if found == field else value)

    return type(f"{name}Of{field.title()}", (Correct,), {"field": spelt})


for _field, _names in (("data", [*CHANGES]), ("id", OF_IDS), ("event", OF_TYPES), ("data", [*LARGE_CHANGES])):
    for _name in _names:
        _change = (CHANGES | LARGE_CHANGES)[_name]
        FAULTS[changing(_name, _field, _change.function)] = _change.rules
