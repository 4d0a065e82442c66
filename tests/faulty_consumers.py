"""A correct consumer, small and slow, and many faulty ones that differ from it in one fault each.

Real decoders have each of these faults. `FAULTS` maps a fault to the rules that a report may name for it: more than one
where several failing streams are equally small.
"""

from __future__ import annotations

import codecs
import contextlib
import re
import unicodedata
from itertools import takewhile
from typing import TYPE_CHECKING, Any, NamedTuple

from tests.faulty_values import CHANGES, LARGE_CHANGES, OF_IDS, OF_TYPES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator


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
        for piece in re.findall("[^\r\n]+|\r|\n", text):
            self.after_cr = False
            yield from super().lines(piece)


class LosesCRLFBetweenChunks(Correct):
    def lines(self, text: str) -> Iterator[str]:
        self.after_cr = False
        yield from super().lines(text)


class SwallowsLFAnyTimeAfterCR(Correct):
    def lines(self, text: str) -> Iterator[str]:
        for piece in re.findall("[^\r\n]+|\r|\n", text):
            after_cr = self.after_cr
            yield from super().lines(piece)
            self.after_cr = self.after_cr or (after_cr and piece != "\n")


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


# The same kinds again, in other guises.


class TakesAnEmptyChunkForTheEnd(Correct):
    def consume(self, chunks: Iterable[bytes]) -> Iterator[Event]:
        yield from super().consume(takewhile(bool, chunks))


class StopsAtAnEmptyChunkInABlock(Correct):
    def consume(self, chunks: Iterable[bytes]) -> Iterator[Event]:
        for chunk in chunks:
            if not chunk and self.data:
                return
            yield from self.take(self.text(chunk))


class FailsAtAnEmptyChunk(Correct):
    def text(self, chunk: bytes) -> str:
        if chunk[0] == 0:  # fails if there is no first byte
            self.after_cr = False
        return super().text(chunk)


class ForgetsACRAtAnEmptyChunk(Correct):
    def text(self, chunk: bytes) -> str:
        self.after_cr = self.after_cr and bool(chunk)
        return super().text(chunk)


class LosesTheBOMBehindAnEmptyChunk(KeepsBOM):
    first = True

    def text(self, chunk: bytes) -> str:
        text = super().text(chunk)
        is_waiting = bool(chunk) and not text
        if self.first:
            text = text.removeprefix("\ufeff")
        self.first = self.first and is_waiting
        return text


class LosesABOMThatComesInThree(KeepsBOM):
    """Looks for the BOM as soon as it has two bytes, and misses one that comes in three chunks."""

    held: bytes | None = b""

    def text(self, chunk: bytes) -> str:
        if self.held is None:
            return super().text(chunk)
        self.held += chunk
        if len(self.held) < 2:
            return ""
        chunk, self.held = self.held.removeprefix(codecs.BOM_UTF8), None
        return super().text(chunk)


class StripsTheBOMOfEachChunk(Correct):
    def text(self, chunk: bytes) -> str:
        return super().text(chunk).removeprefix("\ufeff")


class StripsAllBOMsAtTheStart(KeepsBOM):
    started = False

    def text(self, chunk: bytes) -> str:
        text = super().text(chunk)
        if not self.started:
            text = text.lstrip("\ufeff")
        self.started = self.started or bool(text)
        return text


class StripsTheBOMOfEachBlock(Correct):
    fresh = True

    def line(self, line: str) -> Iterator[Event]:
        yield from super().line(line.removeprefix("\ufeff") if self.fresh else line)
        self.fresh = not line


class ReadsUTF16(Correct):
    """Decodes a stream that starts with a UTF-16 BOM as UTF-16."""

    def text(self, chunk: bytes) -> str:
        if chunk.startswith((b"\xff\xfe", b"\xfe\xff")):
            chunk = chunk.decode("utf-16", "replace").encode()
        return super().text(chunk)


class ReadsLatin1WhereUTF8Fails(Correct):
    def text(self, chunk: bytes) -> str:
        try:
            return str(self.decoder.decode(chunk)) if chunk.decode() else ""
        except UnicodeDecodeError:
            return chunk.decode("latin-1")


class ReplacesByteByByte(Correct):
    """Writes one U+FFFD for each invalid byte, instead of one for each maximal subpart."""

    def __init__(self) -> None:
        super().__init__()
        self.held = b""
        self.start = True

    def text(self, chunk: bytes) -> str:
        self.held += chunk
        if self.start and codecs.BOM_UTF8.startswith(self.held[:3]) and len(self.held) < 3:
            return ""
        if self.start:
            self.held, self.start = self.held.removeprefix(codecs.BOM_UTF8), False
        text = ""
        while self.held:
            for size in range(1, 5):
                with contextlib.suppress(UnicodeDecodeError):
                    text += self.held[:size].decode()
                    self.held = self.held[size:]
                    break
            else:
                if len(self.held) < 4 and incomplete(self.held):
                    break
                text += "\ufffd"
                self.held = self.held[1:]
        return text


def incomplete(data: bytes) -> bool:
    """Tell whether more bytes could complete these to a character."""
    try:
        data.decode()
    except UnicodeDecodeError as error:
        return error.reason == "unexpected end of data"
    return False


class TakesSurrogates(Correct):
    def __init__(self) -> None:
        super().__init__()
        self.decoder = codecs.getincrementaldecoder("utf-8-sig")("surrogatepass")


class EscapesInvalidUTF8(Correct):
    def __init__(self) -> None:
        super().__init__()
        self.decoder = codecs.getincrementaldecoder("utf-8-sig")("backslashreplace")


class DropsBlocksWithInvalidUTF8(Correct):
    def dispatch(self) -> Iterator[Event]:
        if "\ufffd" in self.joined():
            self.data = []
        yield from super().dispatch()


# Line ends.


class DecidesTheLineEndOnce(Correct):
    """Treats LF as text once a line has ended in a lone CR, or the other way round."""

    ending = ""

    def lines(self, text: str) -> Iterator[str]:
        for piece in re.findall("[^\r\n]+|\r|\n", text):
            if piece == "\n" and self.after_cr:
                self.ending = "\r\n"
            elif piece in {"\r", "\n"} and self.ending in {"", piece}:
                self.ending = piece
            elif piece in {"\r", "\n"} and self.ending != "\r\n":
                self.buffer += " "
                continue
            yield from super().lines(piece)


class SplitsBlocksAtLFLF(Correct):
    def lines(self, text: str) -> Iterator[str]:
        *blocks, self.buffer = (self.buffer + text).split("\n\n")
        for block in blocks:
            yield from [*re.split("\r\n|\r|\n", block), ""]


class SplitsBlocksAtTwoEqualEnds(Correct):
    def lines(self, text: str) -> Iterator[str]:
        *blocks, self.buffer = re.split("\r\n\r\n|\n\n|\r\r", self.buffer + text)
        for block in blocks:
            yield from [*re.split("\r\n|\r|\n", block), ""]


class TakesVTForALineEnd(Correct):
    def lines(self, text: str) -> Iterator[str]:
        yield from super().lines(text.replace("\v", "\n"))


class TakesNELForALineEnd(Correct):
    def lines(self, text: str) -> Iterator[str]:
        yield from super().lines(text.replace("\x85", "\n"))


class TakesU2028ForALineEnd(Correct):
    def lines(self, text: str) -> Iterator[str]:
        yield from super().lines(re.sub("[\u2028\u2029]", "\n", text))


class TakesLFCRForOneEnd(Correct):
    after_lf = False

    def lines(self, text: str) -> Iterator[str]:
        for piece in re.findall("[^\r\n]+|\r|\n", text):
            if not (piece == "\r" and self.after_lf):
                yield from super().lines(piece)
            self.after_lf = piece == "\n" and not self.after_lf


class KeepsTheCROfData(KnowsNoCR):
    def lines(self, text: str) -> Iterator[str]:
        *ended, self.buffer = (self.buffer + text).split("\n")
        for line in ended:
            yield line if line.startswith("data") else line.removesuffix("\r")


# Lines.


class TakesLinesOfSpacesForBlankOnes(Correct):
    def line(self, line: str) -> Iterator[Event]:
        yield from super().line(line.strip() and line)


class TakesATabForABlankLine(Correct):
    def line(self, line: str) -> Iterator[Event]:
        yield from super().line("" if line == "\t" else line)


class TakesLinesOfNULForBlankOnes(Correct):
    def line(self, line: str) -> Iterator[Event]:
        yield from super().line("" if line == "\0" else line)


class StripsLines(Correct):
    def line(self, line: str) -> Iterator[Event]:
        yield from super().line(line.strip(" \t") or line)


class DispatchesAtAComment(Correct):
    def line(self, line: str) -> Iterator[Event]:
        if line == ":":
            yield from self.dispatch()
        yield from super().line(line)


class TakesEmptyCommentsForBlankLines(Correct):
    def line(self, line: str) -> Iterator[Event]:
        yield from super().line("" if line.strip(": ") == "" and line.startswith(":") else line)


class TakesEqualsSignsForColons(Correct):
    def line(self, line: str) -> Iterator[Event]:
        yield from super().line(line if ":" in line else line.replace("=", ":", 1))


class TakesFullWidthColons(Correct):
    def line(self, line: str) -> Iterator[Event]:
        yield from super().line(line if ":" in line else line.replace("\uff1a", ":", 1))


class TakesNamesWithoutDiacritics(Correct):
    def field(self, name: str, value: str) -> None:
        super().field(unicodedata.normalize("NFKC", name), value)


class FoldsTheDotlessI(Correct):
    def field(self, name: str, value: str) -> None:
        super().field(name.replace("\u0131", "i").replace("\u0130", "i"), value)


class StripsQuotesOfNames(Correct):
    def field(self, name: str, value: str) -> None:
        super().field(name.strip("\"'"), value)


class StripsNULOfNames(Correct):
    def field(self, name: str, value: str) -> None:
        super().field(name.strip("\0"), value)


class TakesShortNames(Correct):
    def field(self, name: str, value: str) -> None:
        super().field(next((full for full in ("data", "event") if name and full.startswith(name)), name), value)


class TakesTypeForEvent(Correct):
    def field(self, name: str, value: str) -> None:
        super().field("event" if name == "type" else name, value)


class TakesLastEventIdForId(Correct):
    def field(self, name: str, value: str) -> None:
        super().field("id" if name.lower() in {"lasteventid", "last-event-id"} else name, value)


class SetsAnyField(Correct):
    """Sets an attribute for any field, so that some field names overwrite other things."""

    def field(self, name: str, value: str) -> None:
        super().field(name, value)
        if name in {"constructor", "__class__", "toString"}:
            self.data = [value]


class AppendsUnknownLinesToData(Correct):
    def line(self, line: str) -> Iterator[Event]:
        if line and ":" not in line and line not in {"data", "event", "id", "retry"} and self.data:
            self.data[-1] += line
        yield from super().line(line)


# Fields, and pairs of them.


class IgnoresEmptyOwnIds(Correct):
    """Returns only the block's own id, so the fault shows only in a block that has one."""

    def set_id(self, value: str) -> None:
        if value:
            super().set_id(value)

    def consume(self, chunks: Iterable[bytes]) -> Iterator[Any]:
        return (tuple(event)[:3] for event in super().consume(chunks))


class IgnoresAnEmptyTypeBehindAnother(Correct):
    def field(self, name: str, value: str) -> None:
        if name != "event" or value or not self.type:
            super().field(name, value)


class LosesTheIdOfABlockWithoutData(Correct):
    def dispatch(self) -> Iterator[Event]:
        if self.type and not self.data:
            self.id = None
        yield from super().dispatch()


class LosesTheRetryBehindAnId(Correct):
    def set_retry(self, value: str) -> None:
        if self.id is None:
            super().set_retry(value)


class DropsTypesOfEmptyEvents(Correct):
    def event(self) -> Event:
        return super().event() if self.joined() else super().event()._replace(event="message")


class ChecksIdsInDataOnly(Correct):
    def set_id(self, value: str) -> None:
        if "\0" not in value or not self.data:
            self.id = value


class TakesIdsWithNULBehindAnother(Correct):
    def set_id(self, value: str) -> None:
        if "\0" not in value or self.id is not None:
            self.id = value


class CommitsIdsAtOnce(Correct):
    def set_id(self, value: str) -> None:
        super().set_id(value)
        if self.id is not None:
            self.last_event_id = self.id

    def finish(self) -> Iterator[Event]:
        if self.last_event_id and self.buffer == "data: z":
            yield self.event()


class KeepsTheIdOfABlockThatHasNone(Correct):
    def clear(self) -> None:
        id = self.id if not self.data else None
        super().clear()
        self.id = id


class ForgetsTheIdAtTheNextOne(Correct):
    def dispatch(self) -> Iterator[Event]:
        had_none = self.id is None
        yield from super().dispatch()
        if had_none:
            self.last_event_id = ""


class ForgetsTheIdAtABlankLine(Correct):
    def dispatch(self) -> Iterator[Event]:
        if not self.data and self.id is None:
            self.last_event_id = ""
        yield from super().dispatch()


class SkipsRepeatedIds(Correct):
    def dispatch(self) -> Iterator[Event]:
        if self.id and self.id == self.last_event_id:
            self.data = []
        yield from super().dispatch()


class SkipsEarlierIds(Correct):
    def dispatch(self) -> Iterator[Event]:
        if self.id and self.id < self.last_event_id:
            self.data = []
        yield from super().dispatch()


class SkipsDoublets(Correct):
    last: Event | None = None

    def dispatch(self) -> Iterator[Event]:
        for event in super().dispatch():
            if event != self.last:
                yield event
            self.last = event


class KeepsTheTypeOfEmptyBlocks(Correct):
    def clear(self) -> None:
        name = "" if self.data or self.id else self.type
        super().clear()
        self.type = name


class KeepsTheRetry(Correct):
    def clear(self) -> None:
        retry = self.retry if self.type else None
        super().clear()
        self.retry = retry


class EndsDataAtTheType(Correct):
    def field(self, name: str, value: str) -> None:
        if name == "event" and self.data:
            return
        super().field(name, value)


class LosesDataBehindAnEmptyLine(Correct):
    def joined(self) -> str:
        return "\n".join(takewhile(bool, self.data)) if self.data[0] else super().joined()


class SkipsMessagesByName(Correct):
    def dispatch(self) -> Iterator[Event]:
        if self.type == "message":
            self.data = []
        yield from super().dispatch()


class StopsAtDone(Correct):
    done = False

    def dispatch(self) -> Iterator[Event]:
        self.done = self.done or self.data == ["[DONE]"]
        yield from () if self.done else super().dispatch()


class SkipsErrorEvents(Correct):
    def dispatch(self) -> Iterator[Event]:
        if self.type == "error":
            self.data = []
        yield from super().dispatch()


# Reconnection times.


class ReadsRetryLikeJavaScript(Correct):
    def set_retry(self, value: str) -> None:
        if digits := re.match(r"\s*\+?([0-9]+)", value):
            self.retry = int(digits[1])


class ReadsRetryAsFloat(Correct):
    def set_retry(self, value: str) -> None:
        with contextlib.suppress(ValueError, OverflowError):
            self.retry = int(float(value))


class ReadsHexAsRetry(Correct):
    def set_retry(self, value: str) -> None:
        if re.fullmatch("0x[0-9a-f]+", value):
            self.retry = int(value, 16)
        super().set_retry(value)


class ReadsOctalAsRetry(Correct):
    def set_retry(self, value: str) -> None:
        super().set_retry(value)
        if re.fullmatch("0[0-7]+", value):
            self.retry = int(value, 8)


class WrapsRetryAt32Bits(Correct):
    def set_retry(self, value: str) -> None:
        super().set_retry(value)
        self.retry = self.retry and self.retry & 0xFFFFFFFF


class RoundsRetryTo53Bits(Correct):
    def set_retry(self, value: str) -> None:
        super().set_retry(value)
        self.retry = self.retry and int(float(self.retry))


class CutsRetryAtTenDigits(Correct):
    def set_retry(self, value: str) -> None:
        super().set_retry(value[:10])


class TakesRetryZeroForNone(Correct):
    def set_retry(self, value: str) -> None:
        super().set_retry(value)
        self.retry = self.retry or None


class ResetsRetryAtABadOne(Correct):
    def set_retry(self, value: str) -> None:
        self.retry = int(value) if re.fullmatch("[0-9]+", value) else None


class TakesAnEmptyRetryForZero(Correct):
    def set_retry(self, value: str) -> None:
        super().set_retry(value or "0")


# Sizes, counts and chunks.


class Bounded(Correct):
    """Has some limit, and silently drops what exceeds it."""

    chunks = 0

    def consume(self, chunks: Iterable[bytes]) -> Iterator[Event]:
        for chunk in chunks:
            yield from self.take(self.text(self.chunk(chunk)))
        yield from self.finish()

    def chunk(self, chunk: bytes) -> bytes:
        self.chunks += 1
        return chunk


class TakesAtMostEightChunksALine(Bounded):
    def chunk(self, chunk: bytes) -> bytes:
        self.chunks = 0 if b"\n" in chunk or b"\r" in chunk else self.chunks + 1
        return chunk if self.chunks <= 8 else b""


class TakesAtMost13Chunks(Bounded):
    def chunk(self, chunk: bytes) -> bytes:
        return super().chunk(chunk) if self.chunks < 13 else b""


class TakesAtMostAThousandChunks(Bounded):
    def chunk(self, chunk: bytes) -> bytes:
        return super().chunk(chunk) if self.chunks < 1000 else b""


class LosesAChunkOf4096Bytes(Bounded):
    def chunk(self, chunk: bytes) -> bytes:
        return b"" if len(chunk) == 4096 else chunk


class LosesTheLastByteOfAFullBuffer(Bounded):
    def chunk(self, chunk: bytes) -> bytes:
        return chunk[:-1] if len(chunk) in {1024, 8192, 65_536} else chunk


class WaitsForMoreBehindAFullBuffer(Correct):
    def consume(self, chunks: Iterable[bytes]) -> Iterator[Event]:
        held = b""
        for chunk in chunks:
            held += chunk
            if len(chunk) != 1024:
                yield from self.take(self.text(held))
                held = b""
        yield from self.take(self.text(held))


class CutsChunksAt8192(Bounded):
    def chunk(self, chunk: bytes) -> bytes:
        return chunk[:8192]


class LosesACRLFAtItsWindow(Correct):
    """Works in windows of 1024 bytes, and loses a CR at the end of one."""

    def text(self, chunk: bytes) -> str:
        return "".join(map(self.window, [chunk[at : at + 1024] for at in range(0, len(chunk), 1024)]))

    def window(self, window: bytes) -> str:
        return super().text(window[:-1] if window.endswith(b"\r") and len(window) == 1024 else window)


class CutsCharactersAtItsWindow(Correct):
    def text(self, chunk: bytes) -> str:
        windows = [chunk[at : at + 4096] for at in range(0, len(chunk), 4096)]
        if len(windows) < 2:
            return super().text(chunk)
        return "".join(window.decode("utf-8", "replace") for window in windows)


class LosesLinesOf256Bytes(Correct):
    def line(self, line: str) -> Iterator[Event]:
        yield from () if len(line) == 256 else super().line(line)


class LosesLinesThatFill4096Bytes(Correct):
    def line(self, line: str) -> Iterator[Event]:
        yield from () if len(line) + 1 == 4096 else super().line(line)


class RefusesLinesOver64KiB(Correct):
    def line(self, line: str) -> Iterator[Event]:
        if len(line) > 65_536:
            raise ValueError("a long line")
        yield from super().line(line)


class RefusesLinesOver128KiB(Correct):
    def line(self, line: str) -> Iterator[Event]:
        if len(line) > 131_072:
            raise ValueError("a long line")
        yield from super().line(line)


class RefusesBlocksOver64KiB(Correct):
    def joined(self) -> str:
        if len(joined := super().joined()) > 65_536 and len(self.data) > 1:
            raise ValueError("a large block")
        return joined


class RefusesLongComments(Correct):
    def line(self, line: str) -> Iterator[Event]:
        if line.startswith(":") and len(line) > 10_000:
            raise ValueError("a long comment")
        yield from super().line(line)


class RefusesLongNames(Correct):
    def field(self, name: str, value: str) -> None:
        if len(name) > 256:
            raise ValueError("a long name")
        super().field(name, value)


class RefusesLongUnknownFields(Correct):
    def field(self, name: str, value: str) -> None:
        if name == "x" and len(value) > 4096:
            raise ValueError("a long value")
        super().field(name, value)


class RefusesLongRetries(Correct):
    def set_retry(self, value: str) -> None:
        if len(value) < 100:
            super().set_retry(value)


class TakesAtMost(Correct):
    """Takes a limited number of data lines, and drops the rest."""

    most = 8

    def joined(self) -> str:
        return "\n".join(self.data[: self.most])


class TakesAtMostEightDataLines(TakesAtMost):
    pass


class TakesAtMostAHundredDataLines(TakesAtMost):
    most = 100


class TakesAtMost4096DataLines(TakesAtMost):
    most = 4096


class StopsAfter(Correct):
    """Returns a limited number of events, and then no more."""

    most = 100

    def __init__(self) -> None:
        super().__init__()
        self.given = 0

    def dispatch(self) -> Iterator[Event]:
        for event in super().dispatch():
            self.given += 1
            if self.given <= self.most:
                yield event


class StopsAfterTenEvents(StopsAfter):
    most = 10


class StopsAfterAHundredEvents(StopsAfter):
    pass


class StopsAfter1024Events(StopsAfter):
    most = 1024


class ForgetsTypesAfter256(Correct):
    """Keeps the names of types in a pool of limited size."""

    def __init__(self) -> None:
        super().__init__()
        self.pool: set[str] = set()

    def event(self) -> Event:
        event = super().event()
        if len(self.pool) < 256:
            self.pool.add(event.event)
        return event if event.event in self.pool else event._replace(event="message")


class EndsABlockAfter64Lines(Correct):
    count = 0

    def line(self, line: str) -> Iterator[Event]:
        self.count = self.count + 1 if line else 0
        if self.count <= 64:
            yield from super().line(line)


class StopsAfter255BlankLines(Correct):
    count = 0

    def line(self, line: str) -> Iterator[Event]:
        if self.count < 255:
            self.count = 0 if line else self.count + 1
        if self.count < 255:
            yield from super().line(line)


class StopsAfterAThousandComments(Correct):
    count = 0

    def line(self, line: str) -> Iterator[Event]:
        self.count += line.startswith(":")
        if self.count < 1000:
            yield from super().line(line)


class IsLateInABlockOfTwoEvents(Correct):
    """Returns at most one event for each chunk, and delays the others to the next."""

    def consume(self, chunks: Iterable[bytes]) -> Iterator[Event]:
        held: list[Event] = []
        for chunk in chunks:
            held += self.take(self.text(chunk))
            yield from held[:1]
            del held[:1]
        yield from held


class ReadsAheadByOneChunk(Correct):
    def consume(self, chunks: Iterable[bytes]) -> Iterator[Event]:
        held = b""
        for chunk in chunks:
            yield from self.take(self.text(held))
            held = chunk
        yield from self.take(self.text(held))


# The end of the stream.


class DispatchesALineThatDoesNotEnd(Correct):
    def finish(self) -> Iterator[Event]:
        if self.buffer.startswith("data") and not self.data:
            yield from self.line(self.buffer)
            yield from self.dispatch()


class DispatchesWhatHasEndedLines(Correct):
    def finish(self) -> Iterator[Event]:
        if not self.buffer:
            yield from self.dispatch()


class FailsInsideABlock(Correct):
    def finish(self) -> Iterator[Event]:
        if self.data:
            raise EOFError
        yield from ()


class FailsInsideACharacter(Correct):
    def finish(self) -> Iterator[Event]:
        if self.decoder.getstate()[0]:
            raise EOFError
        yield from ()


#: Each fault, with the rules that its report may name.
FAULTS: dict[type[Correct], set[str]] = {
    SplitsLikeStr: {"line-separator"},
    KnowsNoCR: {"bare-cr"},
    KnowsNoCRLF: {"crlf"},
    LosesCRLFBetweenChunks: {"cut-crlf"},
    SwallowsLFAnyTimeAfterCR: {"mixed-line-ends"},
    KeepsBOM: {"leading-bom"},
    DropsEveryBOM: {"late-bom"},
    DropsBOMOfEveryLine: {"late-bom"},
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
#: Faults that drawn streams find too, without the fixed cases.
DRAWABLE = [*FAULTS]

FAULTS.update(
    {
        TakesAnEmptyChunkForTheEnd: {"empty-chunk"},
        StopsAtAnEmptyChunkInABlock: {"empty-chunk"},
        FailsAtAnEmptyChunk: {"empty-chunk"},
        ForgetsACRAtAnEmptyChunk: {"empty-chunk"},
        LosesTheBOMBehindAnEmptyChunk: {"empty-chunk"},
        LosesABOMThatComesInThree: {"cut-bom"},
        StripsTheBOMOfEachChunk: {"late-bom", "cut"},
        StripsAllBOMsAtTheStart: {"late-bom"},
        StripsTheBOMOfEachBlock: {"late-bom"},
        ReadsUTF16: {"invalid-utf-8"},
        ReadsLatin1WhereUTF8Fails: {"invalid-utf-8"},
        ReplacesByteByByte: {"invalid-utf-8"},
        TakesSurrogates: {"invalid-utf-8"},
        EscapesInvalidUTF8: {"invalid-utf-8"},
        DropsBlocksWithInvalidUTF8: {"invalid-utf-8", "non-ascii"},
        DecidesTheLineEndOnce: {"mixed-line-ends"},
        SplitsBlocksAtLFLF: {"crlf", "bare-cr"},
        SplitsBlocksAtTwoEqualEnds: {"mixed-line-ends"},
        TakesVTForALineEnd: {"line-separator"},
        TakesNELForALineEnd: {"line-separator"},
        TakesU2028ForALineEnd: {"line-separator"},
        TakesLFCRForOneEnd: {"mixed-line-ends"},
        KeepsTheCROfData: {"crlf", "bare-cr"},
        TakesLinesOfSpacesForBlankOnes: {"white-space-line"},
        TakesATabForABlankLine: {"white-space-line"},
        TakesLinesOfNULForBlankOnes: {"nul"},
        StripsLines: {"padded-value", "unknown-field"},
        DispatchesAtAComment: {"comment"},
        TakesEmptyCommentsForBlankLines: {"comment"},
        TakesEqualsSignsForColons: {"unknown-field"},
        TakesFullWidthColons: {"unknown-field"},
        TakesNamesWithoutDiacritics: {"unknown-field"},
        FoldsTheDotlessI: {"unknown-field"},
        StripsQuotesOfNames: {"unknown-field"},
        StripsNULOfNames: {"nul"},
        TakesShortNames: {"unknown-field"},
        TakesTypeForEvent: {"unknown-field"},
        TakesLastEventIdForId: {"unknown-field"},
        SetsAnyField: {"unknown-field"},
        AppendsUnknownLinesToData: {"unknown-field"},
        IgnoresEmptyOwnIds: {"empty-id", "overwritten-field"},
        IgnoresAnEmptyTypeBehindAnother: {"empty-event", "overwritten-field"},
        LosesTheIdOfABlockWithoutData: {"event-without-data"},
        LosesTheRetryBehindAnId: {"retry"},
        DropsTypesOfEmptyEvents: {"empty-data"},
        ChecksIdsInDataOnly: {"id-with-null"},
        TakesIdsWithNULBehindAnother: {"id-with-null"},
        CommitsIdsAtOnce: {"unfinished-block"},
        KeepsTheIdOfABlockThatHasNone: {"event-without-data"},
        ForgetsTheIdAtTheNextOne: {"id", "events"},
        ForgetsTheIdAtABlankLine: {"event-without-data", "blank-lines"},
        SkipsRepeatedIds: {"id", "events"},
        SkipsEarlierIds: {"id", "events"},
        SkipsDoublets: {"events"},
        KeepsTheTypeOfEmptyBlocks: {"event-without-data"},
        KeepsTheRetry: {"retry", "event-without-data"},
        EndsDataAtTheType: {"event"},
        LosesDataBehindAnEmptyLine: {"data-lines"},
        SkipsMessagesByName: {"event"},
        StopsAtDone: {"magic-value"},
        SkipsErrorEvents: {"magic-value"},
        ReadsRetryLikeJavaScript: {"invalid-retry"},
        ReadsRetryAsFloat: {"invalid-retry", "retry"},
        ReadsHexAsRetry: {"invalid-retry"},
        ReadsOctalAsRetry: {"retry"},
        WrapsRetryAt32Bits: {"retry"},
        RoundsRetryTo53Bits: {"retry"},
        CutsRetryAtTenDigits: {"retry"},
        TakesRetryZeroForNone: {"retry"},
        ResetsRetryAtABadOne: {"invalid-retry"},
        TakesAnEmptyRetryForZero: {"invalid-retry"},
        TakesAtMostEightChunksALine: {"cut"},
        TakesAtMost13Chunks: {"cut"},
        TakesAtMostAThousandChunks: {"cut"},
        LosesAChunkOf4096Bytes: {"long", "cut"},
        LosesTheLastByteOfAFullBuffer: {"long", "cut"},
        WaitsForMoreBehindAFullBuffer: {"promptness"},
        CutsChunksAt8192: {"long"},
        LosesACRLFAtItsWindow: {"long", "promptness-cr"},
        CutsCharactersAtItsWindow: {"long"},
        LosesLinesOf256Bytes: {"long"},
        LosesLinesThatFill4096Bytes: {"long"},
        RefusesLinesOver64KiB: {"long"},
        RefusesLinesOver128KiB: {"long"},
        RefusesBlocksOver64KiB: {"many-lines", "long"},
        RefusesLongComments: {"long"},
        RefusesLongNames: {"long"},
        RefusesLongUnknownFields: {"long"},
        RefusesLongRetries: {"long"},
        TakesAtMostEightDataLines: {"many-lines"},
        TakesAtMostAHundredDataLines: {"many-lines"},
        TakesAtMost4096DataLines: {"many-lines"},
        StopsAfterTenEvents: {"many-events"},
        StopsAfterAHundredEvents: {"many-events"},
        StopsAfter1024Events: {"many-events"},
        ForgetsTypesAfter256: {"many-events"},
        EndsABlockAfter64Lines: {"many-lines"},
        StopsAfter255BlankLines: {"blank-lines"},
        StopsAfterAThousandComments: {"many-lines", "comment"},
        IsLateInABlockOfTwoEvents: {"promptness"},
        ReadsAheadByOneChunk: {"promptness"},
        DispatchesALineThatDoesNotEnd: {"unfinished-block"},
        DispatchesWhatHasEndedLines: {"unfinished-block"},
        FailsInsideABlock: {"unfinished-block"},
        FailsInsideACharacter: {"unfinished-block", "invalid-utf-8"},
    }
)


def changing(name: str, field: str, function: Callable[[str], str]) -> type[Correct]:
    """Return a consumer that changes the values of a field."""

    def split(self: Correct, line: str) -> tuple[str, str]:
        found, value = Correct.split(self, line)
        return found, function(value) if found == field else value

    return type(f"{name}Of{field.title()}", (Correct,), {"split": split})


for _field, _names in (("data", [*CHANGES]), ("id", OF_IDS), ("event", OF_TYPES), ("data", [*LARGE_CHANGES])):
    for _name in _names:
        _change = (CHANGES | LARGE_CHANGES)[_name]
        FAULTS[changing(_name, _field, _change.function)] = _change.rules
