"""Dialects as data: how well-known servers write their streams, and how a client must read them.

The payloads are our own. The framing is the servers': order of fields, line ends, spaces, comments and sentinels. If
`spelling` is "ours", the encoder's bytes, `ours`, equal the wire; otherwise `spelling` names the one difference.
"""

from __future__ import annotations

from base64 import b64encode
from typing import Any, Literal, NamedTuple

from sse_codec import BlankLine, Comment, Field, encode, encode_block, encode_comment, encode_line
from sse_codec import ReceivedEvent as E


class Dialect(NamedTuple):
    name: str
    wire: bytes
    events: list[E]
    #: The same lines as our encoder writes them.
    ours: bytes
    #: How the wire differs from `ours`: not at all, in the line ends, or in the spaces after colons (of all lines, of
    #: comments, or of empty values).
    spelling: Literal["ours", "crlf", "no space", "no space in comments", "no space when empty"] = "ours"
    comments: tuple[str, ...] = ()
    last_event_id: str = ""
    reconnection_time: int | None = None
    #: The request's `Last-Event-ID`.
    resumed_from: str = ""
    #: The codes of lint's findings with the options in `known`.
    findings: tuple[str, ...] = ()
    known: dict[str, Any] = {}  # noqa: RUF012  # never changed

    def __repr__(self) -> str:
        return self.name


def _lines(*lines: tuple[str, str] | str) -> bytes:
    """Encode fields, comments, and a blank line for each empty text."""
    parts = [
        encode_line(Field(*line) if isinstance(line, tuple) else Comment(line) if line else BlankLine())
        for line in lines
    ]
    return b"".join(parts)


def _resumed(events: list[E]) -> list[E]:
    """Set each event's last event ID to its own id, for streams in which every event has one."""
    return [E(event.data, event.event, event.id, event.retry, event.id or "") for event in events]


JSON = {"json": True}
DONE = {"json": True, "sentinel": "[DONE]"}

_CHAT = '{"id":"chat-7","object":"chat.completion.chunk","model":"m-1","choices":[{"index":0,"delta":%s}]}'
_FIRST = _CHAT % '{"role":"assistant","content":""}'
_SECOND = _CHAT % r'{"content":"na\u00efve\n\ndata: no field"}'
_TOOL = _CHAT % r'{"tool_calls":[{"index":0,"function":{"arguments":"{\"q\":"}}]}'
_USAGE = '{"id":"chat-7","object":"chat.completion.chunk","choices":[],"usage":{"total_tokens":12}}'

_CREATED = '{"type":"response.created","response":{"id":"resp-7","status":"in_progress"},"sequence_number":0}'
_DELTA = '{"type":"response.output_text.delta","delta":"caf\u00e9 \U0001f34a","sequence_number":1}'
_COMPLETED = '{"type":"response.completed","response":{"id":"resp-7","status":"completed"},"sequence_number":2}'

_START = '{"type":"message_start","message":{"id":"msg-7","role":"assistant","content":[]}}'
_PING = '{"type": "ping"}'
_TEXT = '{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":" Hi"}         }'
_OVERLOADED = '{"type":"error","error":{"type":"overloaded_error","message":"Try again later"}}'

#: An image of 36 kB in one line, as image models send it: more than one read of a socket returns.
_IMAGE = b64encode(bytes(range(256)) * 106).decode()
_PART = '{"candidates": [{"content": {"parts": [{"text": "A red square\\u2026"}],"role": "model"},"index": 0}]}'
_INLINE = f'{{"candidates": [{{"content": {{"parts": [{{"inlineData": {{"data": "{_IMAGE}"}}}}]}}}}]}}'

_RPC = '{"jsonrpc":"2.0","id":3,"result":{"content":[{"type":"text","text":"done"}]}}'
_PROGRESS = '{"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":3,"progress":0.5}}'

_KAFKA = '[{"topic":"eqiad.example.change","partition":0,"timestamp":%d}, {"topic":"codfw.example.change","offset":-1}]'
_EDIT = '{"$schema":"/example/change/1.0.0","meta":{"domain":"wiki.example"},"title":"Z\u00fcrich \u2014 S\u00fcd"}'

_TOOT = '{"id":"7","content":"<p>line\\nbreaks are escaped</p>"}'
_FLAGS = '{"path":"/","data":{"flags":{"new-page":{"on":true,"version":3}},"segments":{}}}'
_FLAG = '{"path":"/flags/new-page","data":{"on":false,"version":4}}'


DIALECTS = [
    # Language models.
    Dialect(
        "OpenAI chat completions",
        f"data: {_FIRST}\n\ndata: {_SECOND}\n\ndata: {_TOOL}\n\ndata: {_USAGE}\n\ndata: [DONE]\n\n".encode(),
        [E(_FIRST), E(_SECOND), E(_TOOL), E(_USAGE), E("[DONE]")],
        b"".join(encode(E(data)) for data in (_FIRST, _SECOND, _TOOL, _USAGE, "[DONE]")),
        known=DONE,
    ),
    Dialect(
        "OpenAI transcriptions, with CRLF",
        b'data: {"type":"transcript.text.delta","delta":"Hi"}\r\n\r\ndata: [DONE]\r\n\r\n',
        [E('{"type":"transcript.text.delta","delta":"Hi"}'), E("[DONE]")],
        encode(E('{"type":"transcript.text.delta","delta":"Hi"}')) + encode(E("[DONE]")),
        "crlf",
        known=DONE,
    ),
    Dialect(
        "OpenAI responses: the type in the event field too, and no sentinel",
        f"event: response.created\ndata: {_CREATED}\n\nevent: response.output_text.delta\ndata: {_DELTA}\n\n"
        f"event: response.completed\ndata: {_COMPLETED}\n\n".encode(),
        [
            E(_CREATED, event="response.created"),
            E(_DELTA, event="response.output_text.delta"),
            E(_COMPLETED, event="response.completed"),
        ],
        encode_block(_CREATED, event="response.created")
        + encode_block(_DELTA, event="response.output_text.delta")
        + encode_block(_COMPLETED, event="response.completed"),
        known=JSON,
    ),
    Dialect(
        "Anthropic messages: pings, padding, and an error event that ends it",
        f"event: message_start\ndata: {_START}\n\nevent: ping\ndata: {_PING}\n\n"
        f"event: content_block_delta\ndata: {_TEXT}\n\nevent: error\ndata: {_OVERLOADED}\n\n".encode(),
        [
            E(_START, event="message_start"),
            E(_PING, event="ping"),
            E(_TEXT, event="content_block_delta"),
            E(_OVERLOADED, event="error"),
        ],
        encode_block(_START, event="message_start")
        + encode_block(_PING, event="ping")
        + encode_block(_TEXT, event="content_block_delta")
        + encode_block(_OVERLOADED, event="error"),
        findings=("reserved-event",),
        known=JSON,
    ),
    Dialect(
        "Gemini: CRLF, and an image as base64 in one line",
        f"data: {_PART}\r\n\r\ndata: {_INLINE}\r\n\r\n".encode(),
        [E(_PART), E(_INLINE)],
        encode(E(_PART)) + encode(E(_INLINE)),
        "crlf",
        known=JSON,
    ),
    Dialect(
        "DeepSeek: comments while the request waits",
        f": keep-alive\n\n: keep-alive\n\ndata: {_FIRST}\n\ndata: [DONE]\n\n".encode(),
        [E(_FIRST), E("[DONE]")],
        encode_comment("keep-alive") * 2 + encode(E(_FIRST)) + encode(E("[DONE]")),
        comments=("keep-alive", "keep-alive"),
        known=DONE,
    ),
    Dialect(
        "OpenRouter: comments before and between the events",
        f": OPENROUTER PROCESSING\n\ndata: {_FIRST}\n\n: OPENROUTER PROCESSING\n\ndata: {_SECOND}\n\n"
        "data: [DONE]\n\n".encode(),
        [E(_FIRST), E(_SECOND), E("[DONE]")],
        encode_comment("OPENROUTER PROCESSING")
        + encode(E(_FIRST))
        + encode_comment("OPENROUTER PROCESSING")
        + encode(E(_SECOND))
        + encode(E("[DONE]")),
        comments=("OPENROUTER PROCESSING", "OPENROUTER PROCESSING"),
        known=DONE,
    ),
    Dialect(
        "OmniRoute: cost and latency in comments before the sentinel",
        f"data: {_FIRST}\n\n: x-omniroute-model=m-1\n: x-omniroute-latency-ms=81\n"
        ": x-omniroute-response-cost=0.0002\n\ndata: [DONE]\n\n".encode(),
        [E(_FIRST), E("[DONE]")],
        encode(E(_FIRST))
        + encode_comment("x-omniroute-model=m-1\nx-omniroute-latency-ms=81\nx-omniroute-response-cost=0.0002")
        + encode(E("[DONE]")),
        comments=("x-omniroute-model=m-1", "x-omniroute-latency-ms=81", "x-omniroute-response-cost=0.0002"),
        known=DONE,
    ),
    # The Model Context Protocol.
    Dialect(
        "MCP: the priming event has an id, empty data and a retry",
        f"id: 3_0\nretry: 1500\ndata: \n\nevent: message\nid: 3_1\ndata: {_PROGRESS}\n\n".encode(),
        _resumed([E("", id="3_0", retry=1500), E(_PROGRESS, id="3_1")]),
        _lines(("id", "3_0"), ("retry", "1500"), ("data", ""), "")
        + _lines(("event", "message"), ("id", "3_1"), ("data", _PROGRESS), ""),
        last_event_id="3_1",
        reconnection_time=1500,
        known={"require_ids": True, "unique_ids": True},
    ),
    Dialect(
        "MCP: the stream resumed, with a message without an id",
        f"event: message\ndata: {_PROGRESS}\n\nevent: message\nid: 3_2\ndata: {_RPC}\n\n".encode(),
        [E(_PROGRESS, last_event_id="3_1"), E(_RPC, id="3_2", last_event_id="3_2")],
        encode_block(_PROGRESS, event="message") + _lines(("event", "message"), ("id", "3_2"), ("data", _RPC), ""),
        resumed_from="3_1",
        last_event_id="3_2",
        known=JSON,
    ),
    Dialect(
        "MCP on sse-starlette: CRLF, a ping with the time, the id first",
        f": ping - 2026-11-25 12:00:00.000000+00:00\r\n\r\nid: 9\r\nevent: message\r\ndata: {_RPC}\r\n\r\n".encode(),
        _resumed([E(_RPC, id="9")]),
        encode_comment("ping - 2026-11-25 12:00:00.000000+00:00") + encode_block(_RPC, event="message", id="9"),
        "crlf",
        comments=("ping - 2026-11-25 12:00:00.000000+00:00",),
        last_event_id="9",
        known=JSON,
    ),
    # Pages sent in pieces.
    Dialect(
        "Datastar: an element over several lines, each with its key",
        b"event: datastar-patch-elements\nid: 123\nretry: 2000\ndata: selector #feed\ndata: mode append\n"
        b"data: elements <li>\ndata: elements     one\ndata: elements </li>\n\nevent: datastar-patch-signals\n"
        b'data: signals {"open":true}\n\n',
        [
            E(
                "selector #feed\nmode append\nelements <li>\nelements     one\nelements </li>",
                event="datastar-patch-elements",
                id="123",
                retry=2000,
                last_event_id="123",
            ),
            E('signals {"open":true}', event="datastar-patch-signals", last_event_id="123"),
        ],
        _lines(
            ("event", "datastar-patch-elements"),
            ("id", "123"),
            ("retry", "2000"),
            ("data", "selector #feed"),
            ("data", "mode append"),
            ("data", "elements <li>"),
            ("data", "elements     one"),
            ("data", "elements </li>"),
            "",
        )
        + encode(E('signals {"open":true}', event="datastar-patch-signals")),
        last_event_id="123",
        reconnection_time=2000,
    ),
    Dialect(
        "htmx: indented HTML, and a closing event",
        b"event: row\ndata: <tr>\ndata:   <td>caf\xc3\xa9</td>\ndata: \ndata: </tr>\n\nevent: close\ndata: \n\n",
        [E("<tr>\n  <td>caf\u00e9</td>\n\n</tr>", event="row"), E("", event="close")],
        encode(E("<tr>\n  <td>caf\u00e9</td>\n\n</tr>", event="row")) + encode(E("", event="close")),
    ),
    # Hubs and feeds.
    Dialect(
        "Mercure: the topics in a nonstandard field, which clients ignore",
        b"event: stock\nretry: 4000\ntopic: https://shop.example/books/1\ntopic: /books/{id}\n"
        b'id: urn:uuid:5e94c686-2c0b-4f9b-958c-92ccc3bbb4eb\ndata: {\ndata:   "left": 2\ndata: }\n\n',
        _resumed([E('{\n  "left": 2\n}', "stock", "urn:uuid:5e94c686-2c0b-4f9b-958c-92ccc3bbb4eb", 4000)]),
        _lines(
            ("event", "stock"),
            ("retry", "4000"),
            ("topic", "https://shop.example/books/1"),
            ("topic", "/books/{id}"),
            ("id", "urn:uuid:5e94c686-2c0b-4f9b-958c-92ccc3bbb4eb"),
            ("data", "{"),
            ("data", '  "left": 2'),
            ("data", "}"),
            "",
        ),
        last_event_id="urn:uuid:5e94c686-2c0b-4f9b-958c-92ccc3bbb4eb",
        reconnection_time=4000,
        findings=("unknown-field", "unknown-field"),
        known=JSON,
    ),
    Dialect(
        "Wikimedia: ids that are JSON, with spaces, and the type written out",
        f"event: message\nid: {_KAFKA % 1}\ndata: {_EDIT}\n\n"
        f"event: message\nid: {_KAFKA % 2}\ndata: {_EDIT}\n\n".encode(),
        _resumed([E(_EDIT, id=_KAFKA % 1), E(_EDIT, id=_KAFKA % 2)]),
        _lines(("event", "message"), ("id", _KAFKA % 1), ("data", _EDIT), "")
        + _lines(("event", "message"), ("id", _KAFKA % 2), ("data", _EDIT), ""),
        last_event_id=_KAFKA % 2,
        known={"json": True, "require_ids": True, "unique_ids": True},
    ),
    Dialect(
        "Mastodon: comments without a space and without a blank line, which run into the next event's block",
        f":)\n:thump\nevent: update\ndata: {_TOOT}\n\n:thump\n:thump\nevent: delete\ndata: 7\n\n".encode(),
        [E(_TOOT, event="update"), E("7", event="delete")],
        _lines(")", "thump")
        + encode(E(_TOOT, event="update"))
        + _lines("thump", "thump")
        + encode(E("7", event="delete")),
        "no space in comments",
        comments=(")", "thump", "thump", "thump"),
        findings=("comment-in-block",),
        known=JSON,
    ),
    Dialect(
        "GraphQL, distinct connections: results, and a complete event whose data is empty",
        b'event: next\ndata: {"data":{"greeting":"Hi"}}\n\n: ping\n\nevent: next\n'
        b'data: {"data":null,"errors":[{"message":"gone"}]}\n\nevent: complete\ndata:\n\n',
        [
            E('{"data":{"greeting":"Hi"}}', event="next"),
            E('{"data":null,"errors":[{"message":"gone"}]}', event="next"),
            E("", event="complete"),
        ],
        encode(E('{"data":{"greeting":"Hi"}}', event="next"))
        + encode_comment("ping")
        + encode(E('{"data":null,"errors":[{"message":"gone"}]}', event="next"))
        + encode(E("", event="complete")),
        "no space when empty",
        comments=("ping",),
    ),
    Dialect(
        "GraphQL, a single connection: the operation's id in the data",
        b'event: next\ndata: {"id":"op-1","payload":{"data":{"n":1}}}\n\nevent: complete\ndata: {"id":"op-1"}\n\n',
        [E('{"id":"op-1","payload":{"data":{"n":1}}}', event="next"), E('{"id":"op-1"}', event="complete")],
        encode(E('{"id":"op-1","payload":{"data":{"n":1}}}', event="next"))
        + encode(E('{"id":"op-1"}', event="complete")),
        known=JSON,
    ),
    # Frameworks and SDKs.
    Dialect(
        "Spring: no space after any colon",
        b'id:7\nevent:tick\nretry:1000\ndata:{"a":1}\n\n:beat\n\ndata:line 1\ndata:line 2\n\n',
        [
            E('{"a":1}', event="tick", id="7", retry=1000, last_event_id="7"),
            E("line 1\nline 2", last_event_id="7"),
        ],
        _lines(("id", "7"), ("event", "tick"), ("retry", "1000"), ("data", '{"a":1}'), "")
        + encode_comment("beat")
        + encode(E("line 1\nline 2")),
        "no space",
        comments=("beat",),
        last_event_id="7",
        reconnection_time=1000,
    ),
    Dialect(
        "LaunchDarkly: the full data once, then changes",
        f"event: put\ndata: {_FLAGS}\n\nevent: patch\ndata: {_FLAG}\n\n"
        'event: delete\ndata: {"path":"/flags/new-page","version":5}\n\n'.encode(),
        [
            E(_FLAGS, event="put"),
            E(_FLAG, event="patch"),
            E('{"path":"/flags/new-page","version":5}', event="delete"),
        ],
        encode(E(_FLAGS, event="put"))
        + encode(E(_FLAG, event="patch"))
        + encode(E('{"path":"/flags/new-page","version":5}', event="delete")),
        known=JSON,
    ),
]
