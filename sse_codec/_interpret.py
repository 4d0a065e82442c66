"""What blocks say: the text of whole blocks in; out, for each block, its data, type, id and reconnection time.

`interpret` is the standard's algorithm, and enough for every stream. `alike` gives the same answer faster for a run of
blocks that have the same fields in the same order, as nearly every stream has: it makes a few calls for the whole run
instead of a few for each line. `interpret_long` keeps a huge block from having all its lines in memory at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain, repeat
from typing import Final, TypeAlias

from ._grammar import DATA, EVENT, ID, RETRY, parse_retry

#: Data, event type, id and reconnection time of one block; None for each field that it does not have.
Record: TypeAlias = tuple[str | None, str | None, str | None, int | None]

#: Lines; a text with fewer is interpreted block by block, because `alike` has more to set up than it saves.
_FEW: Final = 24

#: Characters; a block of more is cut between its lines, so that not all of them are in memory at once. As a str of its
#: own, a short line takes 20 times its size.
_LONG: Final = 16 * 1024


def decode_text(raw: bytes | bytearray) -> str:
    """Decode whole lines: one U+FFFD for each maximal subpart of what is invalid (9.2.6, "UTF-8 decode")."""
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return raw.decode("utf-8", "replace")  # given only here: looking up the error handler takes time


def records(text: str) -> tuple[Iterable[Record], int]:
    """Interpret the text of any number of blocks, each with its blank line; line ends are LF.

    Returns:
        A record for each block; a blank line that ends no block may add a record of four Nones. And how many lines
        each block has, its blank line included; 0 when that is not known to be the same for all.
    """
    if len(text) > _LONG and (end := text.index("\n\n")) > _LONG:
        # The first block alone can be larger than a window: it was held over several chunks.
        first = interpret_long(text[:end])
        rest = text[end + 2 :]
        return [first, *(records(rest)[0] if rest else ())], 0
    lines = text.split("\n")
    lines.pop()  # after the last line end
    if len(lines) > _FEW:
        end = lines.index("") + 1
        if (found := alike(lines)) is not None:
            return found, end
        # The first block may lack what had left when it was held, such as its comments.
        if (found := alike(lines[end:])) is not None:
            return chain(interpret(lines[:end]), found), 0
    return interpret(lines), 0


def data_run(text: str) -> tuple[list[str], int]:
    """Cut blocks that are one line of data each apart by one search (benchmarks: "data", 64 KiB; 0.65 of the time).

    Returns:
        The data of each block; and how many LF they hold: what else stands between such blocks is left on the block
        before, behind an LF. An empty list when the text does not start with such a block.
    """
    end = text.find("\n") + 1
    if not text.startswith("data:") or text[end] != "\n":
        return [], 0
    prefix = "data: " if text[5] == " " else "data:"
    values = [text[len(prefix) : -2]]
    if end + 1 < len(text):
        values = values[0].split(f"\n\n{prefix}")
        if prefix[-1] == ":":
            values = list(map(str.removeprefix, values, repeat(" ")))
    joined = "".join(values)
    return values, joined.count("\n") if "\n" in joined else 0


def interpret(lines: Iterable[str]) -> Iterator[Record]:
    """Interpret lines; at each blank one, give what the block before it says (WHATWG HTML 9.2.6).

    The last step, which dispatches the event, is the caller's.
    """
    data: str | None = None
    name = id = retry = None
    more: list[str] | None = None  # the values of all `data` fields, where there are several
    for line in lines:
        # "If the line is empty (a blank line)"
        if not line:
            yield "\n".join(more) if more else data, name, id, retry
            data = name = id = retry = more = None
        # "Collect the characters on the line before the first U+003A COLON character (:), and let field be that
        # string." "If value starts with a U+0020 SPACE character, remove it from value." A line that differs without a
        # prefix has had it.
        elif (value := line.removeprefix("data:")) != line:
            # "Append the field value to the data buffer, then append a single U+000A LINE FEED (LF) character", of
            # which dispatching removes the last.
            value = value.removeprefix(" ")
            if data is None:
                data = value
            else:
                more = more or [data]
                more.append(value)
        elif (value := line.removeprefix("event:")) != line:
            name = value.removeprefix(" ")
        elif (value := line.removeprefix("id:")) != line:
            # "If the field value does not contain U+0000 NULL [...]. Otherwise, ignore the field."
            if "\0" not in value:
                id = value.removeprefix(" ")
        elif (value := line.removeprefix("retry:")) != line:
            time = parse_retry(value.removeprefix(" "))
            if time is not None:
                retry = time
        # "Otherwise, the string is not empty but does not contain a U+003A COLON character (:)": "using the whole line
        # as the field name, and the empty string as the field value."
        elif line == DATA:
            if data is None:
                data = ""
            else:
                more = more or [data]
                more.append("")
        elif line == EVENT:
            name = ""
        elif line == ID:
            id = ""
        # "Otherwise: The field is ignored." So is a comment.


def alike(lines: list[str]) -> Iterable[Record] | None:
    """Interpret blocks that have the same fields in the same order, column by column; the last line is blank.

    A column is the same line of every block. A few calls take a prefix such as `data:` off all its lines, and prove
    that each had it (benchmarks: the shapes in 64 KiB; 0.6 of the time of `interpret`).

    Returns:
        None when the blocks are not alike.
    """
    length = lines.index("") if lines else 0
    stride = length + 1
    count, odd = divmod(len(lines), stride)
    # Blank lines stand where the first one says, and nowhere else.
    if odd or not length or lines.count("") != count or any(lines[length::stride]):
        return None
    data: list[list[str]] = []
    names: Iterable[str | None] = repeat(None, count)
    ids: Iterable[str | None] = repeat(None, count)
    times: Iterable[int | None] = repeat(None, count)
    for place in range(length):
        field, colon, value = lines[place].partition(":")
        prefix = f"{field}: " if value[:1] == " " else f"{field}{colon}"
        column = lines[place::stride]
        rest = list(map(str.removeprefix, column, repeat(prefix)))
        text = "\n".join(rest)
        # Each line is shorter by the prefix, or one did not have it.
        if not colon or sum(map(len, column)) - len(text) + count - 1 != len(prefix) * count:
            return None
        if prefix[-1] == ":":
            rest = list(map(str.removeprefix, rest, repeat(" ")))
        if field == DATA:
            data.append(rest)
        elif field == EVENT:
            names = rest
        elif field == ID:
            if "\0" in text:
                return None
            ids = rest
        elif field == RETRY:
            if isinstance(times, list):
                return None  # the first one holds where the second is ignored
            # Most servers send the same one all the time.
            same = rest.count(rest[0]) == count
            times = [parse_retry(rest[0])] * count if same else [parse_retry(value) for value in rest]
    values = map("\n".join, zip(*data, strict=True)) if len(data) > 1 else data[0] if data else repeat(None)
    return zip(values, names, ids, times, strict=False)  # an endless None where there is no data


def interpret_long(text: str) -> Record:
    """Interpret the text of one block, part by part: its blank line may be left out.

    The last field of a kind wins, within a part and across parts.
    """
    data: list[str] = []
    name = id = retry = None
    start = 0
    while start < len(text):
        end = text.find("\n", start + _LONG)
        part = text[start : end if end >= 0 else None]
        start += len(part) + 1
        if part.startswith("data: ") and part.count("\n") == part.count("\ndata: "):
            # Nothing but data (benchmarks: "many data lines"; 0.4 of the time).
            data.append(part[6:].replace("\ndata: ", "\n"))
            continue
        for some_data, some_name, some_id, some_retry in interpret([*part.split("\n"), ""]):
            if some_data is not None:
                data.append(some_data)
            name = name if some_name is None else some_name
            id = id if some_id is None else some_id
            retry = retry if some_retry is None else some_retry
    return "\n".join(data) if data else None, name, id, retry
