"""A correct consumer, small and slow, and many that differ from it in one fault each.

Each fault is one that real decoders have. With it stands the rule that a report should put it down to: more than one
where the smallest failing stream is not the only one of its size.
"""

from __future__ import annotations

import codecs
import contextlib
import re
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


class Event(NamedTuple):
    event: str
    data: str
    id: str | None
    last_event_id: str
    retry: int | None


class Correct:
    """The standard's algorithm, line by line, with a method for each thing that can go wrong."""

    def __init__(self) -> None:
        self.decoder: Any = codecs.getincrementaldecoder("utf-8-sig")("replace")
        self.buffer = ""
        self.after_cr = False
        self.data: list[str] = []
        self.type = ""
        self.id: str | None = None
        self.retry: int | None = None
        self.last_event_id = ""

    def consume(self, chunks: Iterable[bytes]) -> Iterator[Event]:
        for chunk in chunks:
            yield from self.take(self.text(chunk))
        yield from self.finish()

    def take(self, text: str) -> Iterator[Event]:
        for line in self.lines(text):
            yield from self.line(line)

    def text(self, chunk: bytes) -> str:
        return str(self.decoder.decode(chunk))

    def lines(self, text: str) -> Iterator[str]:
        for piece in re.findall("[^\r\n]+|\r|\n", text):
            if piece == "\n" and self.after_cr:
                self.after_cr = False
                continue
            self.after_cr = piece == "\r"
            if piece in "\r\n":
                line, self.buffer = self.buffer, ""
                yield line
            else:
                self.buffer += piece

    def line(self, line: str) -> Iterator[Event]:
        if not line:
            yield from self.dispatch()
        elif not line.startswith(":"):
            self.field(*self.split(line))

    def split(self, line: str) -> tuple[str, str]:
        name, _, value = line.partition(":")
        return name, value.removeprefix(" ")

    def field(self, name: str, value: str) -> None:
        if name == "data":
            self.data.append(value)
        elif name == "event":
            self.type = value
        elif name == "id":
            self.set_id(value)
        elif name == "retry":
            self.set_retry(value)

    def set_id(self, value: str) -> None:
        if "\0" not in value:
            self.id = value

    def set_retry(self, value: str) -> None:
        if re.fullmatch("[0-9]+", value):
            self.retry = int(value)

    def dispatch(self) -> Iterator[Event]:
        if self.id is not None:
            self.last_event_id = self.id
        if self.data:
            yield self.event()
        self.clear()

    def event(self) -> Event:
        return Event(self.type or "message", self.joined(), self.id, self.last_event_id, self.retry)

    def joined(self) -> str:
        return "\n".join(self.data)

    def clear(self) -> None:
        self.data, self.type, self.id, self.retry = [], "", None, None

    def finish(self) -> Iterator[Event]:
        yield from ()


class SplitsLikeStr(Correct):
    def lines(self, text: str) -> Iterator[str]:
        for line in super().lines(text):
            yield from line.splitlines() or [""]


class KnowsNoCR(Correct):
    def lines(self, text: str) -> Iterator[str]:
        *ended, self.buffer = (self.buffer + text).split("\n")
        for line in ended:
            yield line.removesuffix("\r")


class KnowsNoCRLF(Correct):
    def lines(self, text: str) -> Iterator[str]:
        self.after_cr = False
        for character in text:
            self.after_cr = False
            yield from super().lines(character)


class LosesCRLFBetweenChunks(Correct):
    def lines(self, text: str) -> Iterator[str]:
        self.after_cr = False
        yield from super().lines(text)


class SwallowsLFAnyTimeAfterCR(Correct):
    def lines(self, text: str) -> Iterator[str]:
        for character in text:
            after_cr = self.after_cr
            yield from super().lines(character)
            self.after_cr = self.after_cr or (after_cr and character != "\n")


class KeepsBOM(Correct):
    def __init__(self) -> None:
        super().__init__()
        self.decoder = codecs.getincrementaldecoder("utf-8")("replace")


class DropsEveryBOM(Correct):
    def text(self, chunk: bytes) -> str:
        return super().text(chunk).replace("\ufeff", "")


class DropsBOMOfEveryLine(Correct):
    def line(self, line: str) -> Iterator[Event]:
        yield from super().line(line.removeprefix("\ufeff"))


class SeesOnlyAWholeBOM(KeepsBOM):
    started = False

    def text(self, chunk: bytes) -> str:
        if not self.started:
            self.started = True
            chunk = chunk.removeprefix(codecs.BOM_UTF8)
        return super().text(chunk)


class DecodesChunkByChunk(KeepsBOM):
    started = False

    def text(self, chunk: bytes) -> str:
        text = chunk.decode("utf-8", "replace")
        if not self.started:
            text = text.removeprefix("\ufeff")
        self.started = True
        return text


class RefusesInvalidUTF8(Correct):
    def __init__(self) -> None:
        super().__init__()
        self.decoder = codecs.getincrementaldecoder("utf-8-sig")("strict")


class DropsInvalidUTF8(Correct):
    def __init__(self) -> None:
        super().__init__()
        self.decoder = codecs.getincrementaldecoder("utf-8-sig")("ignore")


class StripsValues(Correct):
    def split(self, line: str) -> tuple[str, str]:
        name, value = super().split(line)
        return name, value.strip()


class StripsTheStartOfValues(Correct):
    def split(self, line: str) -> tuple[str, str]:
        name, value = super().split(line)
        return name, value.lstrip(" ")


class StripsTheEndOfValues(Correct):
    def split(self, line: str) -> tuple[str, str]:
        name, value = super().split(line)
        return name, value.rstrip()


class DropsATabToo(Correct):
    def split(self, line: str) -> tuple[str, str]:
        name, _, value = line.partition(":")
        return name, value[1:] if value[:1] in {" ", "\t"} else value


class KeepsTheSpace(Correct):
    def split(self, line: str) -> tuple[str, str]:
        name, _, value = line.partition(":")
        return name, value


class TakesASpaceForGranted(Correct):
    def split(self, line: str) -> tuple[str, str]:
        name, _, value = line.partition(":")
        return name, value[1:]


class SplitsAtEveryColon(Correct):
    def split(self, line: str) -> tuple[str, str]:
        name, *values = line.split(":")
        return name, "".join(values[:1]).removeprefix(" ")


class SplitsAtColonAndSpace(Correct):
    def split(self, line: str) -> tuple[str, str]:
        name, _, value = line.partition(": ")
        return name, value


class FoldsCase(Correct):
    def field(self, name: str, value: str) -> None:
        super().field(name.lower(), value)


class StripsNames(Correct):
    def field(self, name: str, value: str) -> None:
        super().field(name.strip(), value)


class MatchesPrefixes(Correct):
    def line(self, line: str) -> Iterator[Event]:
        yield from super().line("data" + line[line.find(":") :] if re.match("data[^:]*:", line) else line)


class NeedsAColon(Correct):
    def line(self, line: str) -> Iterator[Event]:
        if ":" in line or not line:
            yield from super().line(line)


class TakesCommentsForData(Correct):
    def line(self, line: str) -> Iterator[Event]:
        yield from super().line("data" + line if line.startswith(":data") else line)


class EndsTheBlockAtAComment(Correct):
    def line(self, line: str) -> Iterator[Event]:
        if line.startswith(":"):
            self.clear()
        yield from super().line(line)


class RefusesUnknownFields(Correct):
    def field(self, name: str, value: str) -> None:
        if name not in {"data", "event", "id", "retry"}:
            raise ValueError(name)
        super().field(name, value)


class DropsEmptyData(Correct):
    def dispatch(self) -> Iterator[Event]:
        if not self.joined():
            self.data = []
        yield from super().dispatch()


class DispatchesWithoutData(Correct):
    def dispatch(self) -> Iterator[Event]:
        if self.type and not self.data:
            self.data = [""]
        yield from super().dispatch()


class DispatchesEveryBlankLine(Correct):
    def dispatch(self) -> Iterator[Event]:
        self.data = self.data or [""]
        yield from super().dispatch()


class KeepsTheType(Correct):
    def clear(self) -> None:
        self.data, self.id, self.retry = [], None, None


class KeepsTheTypeWithoutData(Correct):
    def clear(self) -> None:
        name = "" if self.data else self.type
        super().clear()
        self.type = name


class KeepsTheData(Correct):
    def clear(self) -> None:
        data = self.data
        super().clear()
        self.data = [] if self.type else data[1:]


class CommitsIdsOnlyWithData(Correct):
    def dispatch(self) -> Iterator[Event]:
        if not self.data:
            self.id = None
        yield from super().dispatch()


class TakesIdsWithNUL(Correct):
    def set_id(self, value: str) -> None:
        self.id = value


class CutsIdsAtNUL(Correct):
    def set_id(self, value: str) -> None:
        self.id = value.partition("\0")[0]


class ForgetsTheIdAtNUL(Correct):
    def set_id(self, value: str) -> None:
        self.id = None if "\0" in value else value


class IgnoresEmptyIds(Correct):
    def set_id(self, value: str) -> None:
        if value:
            super().set_id(value)


class ForgetsTheLastEventID(Correct):
    def dispatch(self) -> Iterator[Event]:
        self.last_event_id = ""
        yield from super().dispatch()


class TakesTheFirstId(Correct):
    def set_id(self, value: str) -> None:
        if self.id is None:
            super().set_id(value)


class TakesTheFirstType(Correct):
    def field(self, name: str, value: str) -> None:
        if name != "event" or not self.type:
            super().field(name, value)


class ReadsRetryAsInt(Correct):
    def set_retry(self, value: str) -> None:
        with contextlib.suppress(ValueError):
            self.retry = int(value)


class ReadsAnyDigitAsRetry(Correct):
    def set_retry(self, value: str) -> None:
        if value.isdecimal():
            self.retry = int(value)


class RefusesBadRetry(Correct):
    def set_retry(self, value: str) -> None:
        self.retry = int(value)


class ReadsRetryUpToANonDigit(Correct):
    def set_retry(self, value: str) -> None:
        if digits := re.match("[0-9]+", value):
            self.retry = int(digits[0])


class IgnoresLeadingZeros(Correct):
    def set_retry(self, value: str) -> None:
        if re.fullmatch("0|[1-9][0-9]*", value):
            self.retry = int(value)


class JoinsDataWithoutNewlines(Correct):
    def joined(self) -> str:
        return "".join(self.data)


class KeepsTheLastDataOnly(Correct):
    def joined(self) -> str:
        return self.data[-1]


class DropsNewlinesAtTheEnd(Correct):
    def joined(self) -> str:
        return super().joined().rstrip("\n")


class DropsEmptyDataLines(Correct):
    def joined(self) -> str:
        return "\n".join(filter(None, self.data))


class DropsNULInData(Correct):
    def joined(self) -> str:
        return super().joined().replace("\0", "")


class CutsLongData(Correct):
    def joined(self) -> str:
        return super().joined()[:1024]


class DispatchesAtTheEnd(Correct):
    def finish(self) -> Iterator[Event]:
        if self.buffer:
            yield from self.line(self.buffer)
        yield from self.dispatch()


class IsOneEventLate(Correct):
    held: Event | None = None

    def consume(self, chunks: Iterable[bytes]) -> Iterator[Event]:
        held = None
        for event in super().consume(chunks):
            if held is not None:
                yield held
            held = event
        if held is not None:
            yield held


class FlushesAtTheEnd(Correct):
    def consume(self, chunks: Iterable[bytes]) -> Iterator[Event]:
        yield from list(super().consume(chunks))


class WaitsForTheLFOfACR(Correct):
    held = ""

    def text(self, chunk: bytes) -> str:
        text = self.held + super().text(chunk)
        self.held = "\r" if text.endswith("\r") else ""
        return text.removesuffix("\r")

    def finish(self) -> Iterator[Event]:
        yield from self.take(self.held)


class WaitsForTheNextBlock(Correct):
    """Dispatches when the next block starts, or the stream ends, and not at the blank line."""

    waiting = False

    def line(self, line: str) -> Iterator[Event]:
        if self.waiting and line:
            yield from self.dispatch()
            self.waiting = False
        if line:
            yield from super().line(line)
        else:
            self.waiting = True

    def finish(self) -> Iterator[Event]:
        if self.waiting:
            yield from self.dispatch()


#: Each fault, and the rules to one of which its report should put it down.
FAULTS: dict[type[Correct], set[str]] = {
    SplitsLikeStr: {"line-separator"},
    KnowsNoCR: {"bare-cr"},
    KnowsNoCRLF: {"crlf"},
    LosesCRLFBetweenChunks: {"cut-crlf"},
    SwallowsLFAnyTimeAfterCR: {"mixed-line-ends"},
    KeepsBOM: {"leading-bom"},
    DropsEveryBOM: {"late-bom"},
    DropsBOMOfEveryLine: {"late-bom", "leading-bom"},
    SeesOnlyAWholeBOM: {"cut-bom"},
    DecodesChunkByChunk: {"cut-utf-8", "cut-bom"},
    RefusesInvalidUTF8: {"invalid-utf-8"},
    DropsInvalidUTF8: {"invalid-utf-8"},
    StripsValues: {"padded-value", "line-separator"},
    StripsTheStartOfValues: {"padded-value"},
    StripsTheEndOfValues: {"padded-value", "line-separator"},
    DropsATabToo: {"missing-space"},
    KeepsTheSpace: {"data", "retry", "id", "event"},
    TakesASpaceForGranted: {"missing-space"},
    SplitsAtEveryColon: {"colon"},
    SplitsAtColonAndSpace: {"missing-space"},
    FoldsCase: {"unknown-field"},
    StripsNames: {"unknown-field"},
    MatchesPrefixes: {"unknown-field"},
    NeedsAColon: {"no-colon"},
    TakesCommentsForData: {"comment"},
    EndsTheBlockAtAComment: {"comment"},
    RefusesUnknownFields: {"unknown-field"},
    DropsEmptyData: {"empty-data", "no-colon"},
    DispatchesWithoutData: {"event-without-data"},
    DispatchesEveryBlankLine: {"blank-lines", "event-without-data"},
    KeepsTheType: {"event"},
    KeepsTheTypeWithoutData: {"event-without-data"},
    KeepsTheData: {"data-lines"},
    CommitsIdsOnlyWithData: {"event-without-data"},
    TakesIdsWithNUL: {"id-with-null"},
    CutsIdsAtNUL: {"id-with-null"},
    ForgetsTheIdAtNUL: {"id-with-null"},
    IgnoresEmptyIds: {"empty-id", "no-colon"},
    ForgetsTheLastEventID: {"id"},
    TakesTheFirstId: {"overwritten-field"},
    TakesTheFirstType: {"overwritten-field"},
    ReadsRetryAsInt: {"invalid-retry"},
    ReadsAnyDigitAsRetry: {"invalid-retry"},
    RefusesBadRetry: {"invalid-retry"},
    ReadsRetryUpToANonDigit: {"invalid-retry"},
    IgnoresLeadingZeros: {"retry"},
    JoinsDataWithoutNewlines: {"data-lines"},
    KeepsTheLastDataOnly: {"data-lines"},
    DropsNewlinesAtTheEnd: {"data-lines"},
    DropsEmptyDataLines: {"data-lines"},
    DropsNULInData: {"nul"},
    CutsLongData: {"long"},
    DispatchesAtTheEnd: {"unfinished-block"},
    IsOneEventLate: {"promptness"},
    FlushesAtTheEnd: {"promptness"},
    WaitsForTheLFOfACR: {"promptness-cr"},
    WaitsForTheNextBlock: {"promptness"},
}
