"""Parse the text of whole blocks into the data, type, id and reconnection time of each.

`interpret` is the standard's algorithm, and can handle every stream. `alike` gives the same result faster for a run of
blocks that have the same fields in the same order, as in nearly every stream: it makes a few calls for the whole run
instead of a few for each line. `interpret_long` avoids having all lines of a huge block in memory at the same time.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain, repeat
from typing import Final, TypeAlias

from ._grammar import DATA, EVENT, ID, RETRY, parse_retry

#: The data, event type, id and reconnection time of one block; None for each field that the block does not have.
Record: TypeAlias = tuple[str | None, str | None, str | None, int | None]

#: In lines. Shorter texts are interpreted block by block, because setting `alike` up would cost more than it saves.
_FEW: Final = 24

#: In characters. Longer blocks are cut between lines, so that not all lines are in memory at the same time. As a
#: separate str, a short line takes 20 times its size.
_LONG: Final = 16 * 1024


def decode_text(raw: bytes | bytearray) -> str:
    """Decode whole lines, with one U+FFFD for each maximal subpart of an invalid sequence (9.2.6, "UTF-8 decode")."""
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return raw.decode("utf-8", "replace")  # only here, because looking up the error handler takes time


def records(text: str) -> tuple[Iterable[Record], int]:
    """Interpret the text of any number of blocks, each with its blank line; line ends are LF.

    Returns:
        A record for each block, and the number of lines in each block, including its blank line; 0 when the blocks are
        not known to have the same number. A blank line that ends no block may add a record of four Nones.
    """
    if len(text) > _LONG and (end := text.index("\n\n")) > _LONG:
        # Only the first block can be larger than a window, because it was held over several chunks.
        first = interpret_long(text[:end])
        rest = text[end + 2 :]
        return [first, *(records(rest)[0] if rest else ())], 0
    lines = text.split("\n")
    lines.pop()  # after the last line end
    if len(lines) > _FEW:
        end = lines.index("") + 1
        if (found := alike(lines)) is not None:
            return found, end
        # The first block may lack lines that were dropped while it was held, such as comments.
        if (found := alike(lines[end:])) is not None:
            return chain(interpret(lines[:end]), found), 0
    return interpret(lines), 0


def data_run(text: str) -> tuple[list[str], int]:
    """Split a run of blocks of one data line each by one search (benchmarks: "data", 64 KiB; 0.65 of the time).

    Returns:
        The data of each block, and how many LF these contain: any other text between such blocks stays at the end of
        the block before it, after an LF. An empty list when the text does not start with such a block.
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
    """Interpret lines; at each blank line, yield the record of the block before it (WHATWG HTML 9.2.6).

    The last step, dispatching the event, is up to the caller.
    """
    data: str | None = None
    name = id = retry = None
    more: list[str] | None = None  # the values of all `data` fields, if there are several
    for line in lines:
        # "If the line is empty (a blank line)"
        if not line:
            yield "\n".join(more) if more else data, name, id, retry
            data = name = id = retry = more = None
        # "Collect the characters on the line before the first U+003A COLON character (:), and let field be that
        # string." "If value starts with a U+0020 SPACE character, remove it from value." If removing a prefix changes
        # the line, the line had it.
        elif (value := line.removeprefix("data:")) != line:
            # "Append the field value to the data buffer, then append a single U+000A LINE FEED (LF) character".
            # Dispatching removes the last LF.
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
        # "Otherwise: The field is ignored." Comments are ignored, too.


def alike(lines: list[str]) -> Iterable[Record] | None:
    """Interpret blocks that have the same fields in the same order, column by column. The last line must be blank.

    A column is the same line of every block. A few calls remove a prefix such as `data:` from all its lines and prove
    that each line had it (benchmarks: the shapes in 64 KiB; 0.6 of the time of `interpret`).

    Returns:
        None when the blocks are not alike.
    """
    length = lines.index("") if lines else 0
    stride = length + 1
    count, odd = divmod(len(lines), stride)
    # Every block must have as many lines as the first.
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
        # If not every line got shorter by the prefix, one did not have it.
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
                return None  # a second `retry` field: if it is invalid, the first one counts
            # Most servers send the same value every time.
            same = rest.count(rest[0]) == count
            times = [parse_retry(rest[0])] * count if same else [parse_retry(value) for value in rest]
    values = map("\n".join, zip(*data, strict=True)) if len(data) > 1 else data[0] if data else repeat(None)
    return zip(values, names, ids, times, strict=False)  # not strict: without data, `values` is endless


def interpret_long(text: str) -> Record:
    """Interpret the text of one block part by part. Its blank line may be left out.

    The last field of each kind wins, within a part and across parts.
    """
    data: list[str] = []
    name = id = retry = None
    start = 0
    while start < len(text):
        end = text.find("\n", start + _LONG)
        part = text[start : end if end >= 0 else None]
        start += len(part) + 1
        if part.startswith("data: ") and part.count("\n") == part.count("\ndata: "):
            # Only data (benchmarks: "many data lines"; 0.4 of the time).
            data.append(part[6:].replace("\ndata: ", "\n"))
            continue
        for some_data, some_name, some_id, some_retry in interpret([*part.split("\n"), ""]):
            if some_data is not None:
                data.append(some_data)
            name = name if some_name is None else some_name
            id = id if some_id is None else some_id
            retry = retry if some_retry is None else some_retry
    return "\n".join(data) if data else None, name, id, retry
