"""Shapes of blocks, and near misses, to test the decoders' paths that read many blocks at once.

A shape is a block's lines, without line ends; `%d` stands for the number of the block.
"""

from __future__ import annotations

#: Line ends.
ENDS = {"LF": b"\n", "CRLF": b"\r\n", "CR": b"\r"}

SHAPES: dict[str, list[bytes]] = {
    "data": [b"data: %d"],
    "data, no space": [b"data:%d"],
    "event, data": [b"event: e%d", b"data: d%d"],
    "event, data, no space": [b"event:e%d", b"data:d%d"],
    "event, id, data": [b"event: e%d", b"id: %d", b"data: d%d"],
    "id, event, data": [b"id: %d", b"event: e%d", b"data: d%d"],
    "id, event, data, no space": [b"id:%d", b"event:e%d", b"data:d%d"],
    "data, event": [b"data: d%d", b"event: e%d"],
    "event, data, id": [b"event: e%d", b"data: d%d", b"id: %d"],
    "comment, data": [b": c%d", b"data: d%d"],
    "comment, data, no space": [b":c%d", b"data:d%d"],
    "id, data, retry": [b"id: %d", b"data: d%d", b"retry: %d"],
    "two data": [b"data: a%d", b"data: b%d"],
    "three data, apart": [b"data: a%d", b"event: e%d", b"data:b%d", b"x: y%d", b"data:  c%d"],
    "two types": [b"event: a%d", b"event: b%d", b"data: d%d"],
    "two ids": [b"id: a%d", b"data: d%d", b"id:b%d"],
    "an empty type": [b"event: ", b"data: d%d"],
    "an empty id": [b"data: d%d", b"id:"],
    "an invalid retry": [b"retry: x%d", b"data: d%d"],
    "unknown fields": [b"x-trace: %d", b"data: d%d", b"data-2: %d"],
    "no data": [b"id: %d", b"event: e%d"],
    "comments alone": [b": ping %d"],
    "a name alone": [b"data", b"id: %d"],
    "no field at all": [b"what is this %d", b"data: d%d"],
    "beyond ASCII": ["event: é%d".encode(), "data: 🍊%d".encode()],
    "invalid bytes": [b"event: \xff%d", b"data: \xe2\x82 %d"],
    "colons": [b"event: a: b%d", b"data: ::%d", b"data:: %d"],
}


def block(shape: list[bytes], number: int) -> list[bytes]:
    """Return the lines of a block, including the blank line."""
    return [*(line.replace(b"%d", b"%d" % number) for line in shape), b""]


def stream(shape: list[bytes], count: int, end: bytes = b"\n") -> list[bytes]:
    """Return `count` blocks of one shape, as bytes."""
    return [b"".join(line + end for line in block(shape, number)) for number in range(count)]


#: Blocks that differ from the shape `event: e%d`, `id: %d`, `data: d%d`, to put among blocks of that shape.
NEAR_MISSES: dict[str, bytes] = {
    "another name": b"event: e\nids: 1\ndata: d\n\n",
    "one name in upper case": b"event: e\nID: 1\ndata: d\n\n",
    "a prefix without its space": b"event: e\nid:1\ndata: d\n\n",
    "every prefix without its space": b"event:e\nid:1\ndata:d\n\n",
    "a value that starts with a space": b"event:  e\nid:  1\ndata:  d\n\n",
    "a tab instead of the space": b"event:\te\nid:\t1\ndata:\td\n\n",
    "a space before the colon": b"event : e\nid: 1\ndata: d\n\n",
    "a space before the name": b"event: e\n id: 1\ndata: d\n\n",
    "a missing colon": b"event: e\nid\ndata: d\n\n",
    "a missing colon, in the data": b"event: e\nid: 1\ndata\n\n",
    "an empty value": b"event: \nid: \ndata: \n\n",
    "an id with U+0000": b"event: e\nid: 1\x002\ndata: d\n\n",
    "an id of U+0000": b"event: e\nid: \0\ndata: d\n\n",
    "data and type with U+0000": b"event: \0\nid: 1\ndata: \0\n\n",
    "another order": b"id: 1\nevent: e\ndata: d\n\n",
    "one line missing": b"event: e\ndata: d\n\n",
    "the first line missing": b"id: 1\ndata: d\n\n",
    "the last line missing": b"event: e\nid: 1\n\n",
    "an extra data line": b"event: e\nid: 1\ndata: d\ndata: f\n\n",
    "an extra comment": b"event: e\n: c\nid: 1\ndata: d\n\n",
    "a comment instead of a line": b"event: e\n: c\ndata: d\n\n",
    "an extra retry": b"event: e\nid: 1\nretry: 5\ndata: d\n\n",
    "an extra blank line": b"event: e\nid: 1\ndata: d\n\n\n",
    "a blank line inside": b"event: e\n\nid: 1\ndata: d\n\n",
    "a blank line before": b"\nevent: e\nid: 1\ndata: d\n\n",
    "a blank line instead of a line": b"event: e\n\ndata: d\n\n",
    "three blank lines instead of three lines": b"\n\n\n\n",
    "one line of another length": b"event: e\nidd: 1\ndata: d\n\n",
    "one prefix shorter and one longer": b"event: e\nid:1\ndata:  d\n\n",
    "the prefix twice": b"event: event: e\nid: id: 1\ndata: data: d\n\n",
    "nothing in common": b"what\nis\nthis\n\n",
    "invalid bytes": b"event: \xff\nid: \xff\ndata: \xff\n\n",
    "a byte order mark": b"\xef\xbb\xbfevent: e\nid: 1\ndata: d\n\n",
}
