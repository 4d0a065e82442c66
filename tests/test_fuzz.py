"""The fuzzer's harness, without the fuzzer: its laws hold, and a fault breaks each of them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sse_codec import (
    Block,
    BlockDecoder,
    Comment,
    Decoder,
    Field,
    LineDecoder,
    ReceivedEvent,
    ServerSentEvent,
    encode,
    encode_block,
)
from sse_codec import encode_line as the_encode_line
from sse_codec._input import _START, AFTER_CR
from tests.fuzz import laws
from tests.fuzz.inputs import CLOSE, FEED_STR, MEMORYVIEW, RESET, Call, Parts, Plan
from tests.fuzz.laws import BLOCKS_LAWS, BOM, DECODER_LAWS, ENCODER_LAWS, LINES_LAWS, TARGETS
from tests.fuzz.seeds import SEEDS, WORDS, dictionary

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.mark.parametrize("target", TARGETS)
def test_every_law_holds_on_every_seed(target: str) -> None:
    for seed in SEEDS[target]():
        TARGETS[target](seed)


@pytest.mark.parametrize("target", TARGETS)
@given(data=st.binary(max_size=100) | st.lists(st.sampled_from(WORDS) | st.binary(max_size=3)).map(b"".join))
def test_every_law_holds_on_any_bytes(target: str, data: bytes) -> None:
    TARGETS[target](data)


class Late(Decoder):
    __slots__ = ("_late",)

    def feed(self, chunk: Any) -> Any:
        late, self._late = getattr(self, "_late", []), super().feed(chunk)
        return late


class LateBlocks(BlockDecoder):
    __slots__ = ("_late",)

    def feed(self, chunk: Any) -> Any:
        late, self._late = getattr(self, "_late", []), super().feed(chunk)
        return late


class LateLines(LineDecoder):
    __slots__ = ("_late",)

    def feed(self, chunk: Any) -> Any:
        late, self._late = getattr(self, "_late", []), super().feed(chunk)
        return late


class Lax(Decoder):
    __slots__ = ()

    def __init__(self, *, max_event_size: int = 1000, **options: Any) -> None:
        super().__init__(max_event_size=max_event_size + 1, **options)


class LaxWithComments(BlockDecoder):
    """Keeps comments, but does not count them."""

    __slots__ = ()

    def _hold(self, part: bytes) -> None:
        if part.startswith(b":"):
            self._held += part
        else:
            super()._hold(part)


class LaxLines(LineDecoder):
    __slots__ = ()

    def __init__(self, *, max_event_size: int = 1000) -> None:
        super().__init__(max_event_size=max_event_size + 1)


class Dropping(Decoder):
    __slots__ = ()

    def close(self) -> None:
        super().close()


class DroppingBlocks(BlockDecoder):
    __slots__ = ()

    def close(self) -> None:
        super().close()


class DroppingLines(LineDecoder):
    __slots__ = ()

    def close(self) -> None:
        super().close()


class Forgetting(Decoder):
    __slots__ = ()

    def reset(self) -> None:
        super().reset()
        self.reconnection_time = None


class ForgettingBlocks(BlockDecoder):
    __slots__ = ()

    def reset(self) -> None:
        super().reset()
        self.last_event_id = ""


class Stripping(Decoder):
    __slots__ = ()

    def feed(self, chunk: Any) -> Any:
        return [ReceivedEvent(e.data.strip(), *e.__reduce__()[1][1:]) for e in super().feed(chunk)]


class StrippingBlocks(BlockDecoder):
    __slots__ = ()

    def feed(self, chunk: Any) -> Any:
        return [Block(block.wire.replace(b": ", b":"), block.last_event_id) for block in super().feed(chunk)]


class DropsAMarkAfterABlankLine(BlockDecoder):
    """Drops a byte order mark at a place where only a relayed stream has one."""

    __slots__ = ()

    def feed(self, chunk: Any) -> Any:
        start = b"\n" + BOM
        return super().feed(chunk[4:] if self._state == _START and bytes(chunk).startswith(start) else chunk)


class StrippingLines(LineDecoder):
    __slots__ = ()

    def feed(self, chunk: Any) -> Any:
        return [Field(e.name, e.value.strip()) if isinstance(e, Field) else e for e in super().feed(chunk)]


def stripping_encode(event: ServerSentEvent) -> bytes:
    return encode(ServerSentEvent(event.data, re.sub("[\r\n]", "", event.event), event.id, event.retry))


def encode_block_without_id(*, id: str | None, **parts: Any) -> bytes:
    return encode_block(**parts)


def encode_comment_of_one_line(text: str) -> bytes:
    return b": " + text.encode(errors="replace") + b"\n\n"


def encode_line_without_space(line: Any) -> bytes:
    return the_encode_line(line).replace(b": ", b":", 1)


def encode_line_unchecked(line: Any) -> bytes:
    name, value = ("", line.text) if isinstance(line, Comment) else (line.name, line.value)
    return f"{name}: {value}\n".encode(errors="replace")


#: For each law of each target, a name in `laws` and the faulty object that replaces it.
FAULTS: list[tuple[str, Callable[..., None], str, object]] = [
    ("decoder", laws.law_of_meaning, "Decoder", Stripping),
    ("decoder", laws.law_of_promptness, "Decoder", Late),
    ("decoder", laws.law_of_the_limit, "Decoder", Lax),
    ("decoder", laws.law_of_closing, "Decoder", Dropping),
    ("decoder", laws.law_of_state, "Decoder", Forgetting),
    ("blocks", laws.law_of_meaning, "BlockDecoder", StrippingBlocks),
    ("blocks", laws.law_of_promptness, "BlockDecoder", LateBlocks),
    ("blocks", laws.law_of_the_limit, "BlockDecoder", LaxWithComments),
    ("blocks", laws.law_of_closing, "BlockDecoder", DroppingBlocks),
    ("blocks", laws.law_of_state, "BlockDecoder", ForgettingBlocks),
    ("blocks", laws.law_of_the_relay, "BlockDecoder", DropsAMarkAfterABlankLine),
    ("lines", laws.law_of_meaning, "LineDecoder", StrippingLines),
    ("lines", laws.law_of_promptness, "LineDecoder", LateLines),
    ("lines", laws.law_of_the_limit, "LineDecoder", LaxLines),
    ("lines", laws.law_of_closing, "LineDecoder", DroppingLines),
    ("lines", laws.law_of_the_proxy, "encode_line", encode_line_without_space),
    ("encoder", laws.law_of_encode, "encode", stripping_encode),
    ("encoder", laws.law_of_encode_block, "encode_block", encode_block_without_id),
    ("encoder", laws.law_of_encode_comment, "encode_comment", encode_comment_of_one_line),
    ("encoder", laws.law_of_encode_line, "encode_line", encode_line_unchecked),
]


@pytest.mark.parametrize(("target", "law", "name", "faulty"), FAULTS, ids=lambda value: getattr(value, "__name__", ""))
def test_a_fault_breaks_the_law(
    target: str, law: Callable[..., None], name: str, faulty: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(laws, name, faulty)
    broken = set()
    for seed in SEEDS[target]():
        try:
            TARGETS[target](seed)
        except (AssertionError, AttributeError) as error:  # `encode_line_unchecked` can't take a blank line
            broken.add(str(error).partition(":")[0])
            if law.__name__ in broken:
                break
    assert law.__name__ in broken


def test_every_law_has_a_fault() -> None:
    of_targets = [
        ("decoder", DECODER_LAWS),
        ("blocks", BLOCKS_LAWS),
        ("lines", LINES_LAWS),
        ("encoder", ENCODER_LAWS),
    ]
    assert [fault[:2] for fault in FAULTS] == [(target, law) for target, of_target in of_targets for law in of_target]


def test_the_seeds_reconnect_after_a_CR(monkeypatch: pytest.MonkeyPatch) -> None:
    class AfterCR(Decoder):
        __slots__ = ()

        def reset(self) -> None:
            state = self._state
            super().reset()
            if state == AFTER_CR:
                self._state = AFTER_CR

    monkeypatch.setattr(laws, "Decoder", AfterCR)
    with pytest.raises(AssertionError, match="law_of_meaning"):
        for seed in SEEDS["decoder"]():
            TARGETS["decoder"](seed)


def test_an_unexpected_exception_is_passed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    class Raising(Decoder):
        __slots__ = ()

        def feed(self, chunk: Any) -> Any:
            raise UnicodeDecodeError("utf-8", b"", 0, 0, "")

    monkeypatch.setattr(laws, "Decoder", Raising)
    with pytest.raises(UnicodeDecodeError):
        TARGETS["decoder"](SEEDS["decoder"]()[0])


def test_a_script_is_repeated_until_the_wire_is_fed() -> None:
    calls = Plan(0, "", bytes([2, MEMORYVIEW + 1, FEED_STR]), b"abcde").calls()
    assert list(calls) == [
        Call("feed", b"ab"),
        Call("feed", memoryview(b"c")),
        Call("feed str"),
        Call("feed", b"de"),
        Call("feed", memoryview(b"")),
        Call("feed str"),
        Call("close"),
    ]


def test_a_script_that_feeds_nothing_is_read_once() -> None:
    calls = Plan(0, "", bytes([0, CLOSE, RESET]), b"abc").calls()
    assert list(calls) == [Call("feed"), Call("close"), Call("reset"), Call("feed", b"abc"), Call("close")]


def test_seeds_survive_a_round_trip() -> None:
    plan = Plan(7, "é", b"\1\2", b"data: a\n\n")
    assert Plan.read(plan.to_bytes()) == plan
    parts = Parts(1, "a\ud800", None, "", "c", -(10**18))
    assert Parts.read(parts.to_bytes()) == parts
    assert Parts.read(Parts(0, retry=True).to_bytes()).retry is True


def test_texts_may_contain_surrogates_and_inputs_may_be_empty() -> None:
    assert Parts.read(b"\0\1\3\xed\xa0\x80").data == "\ud800"
    assert Parts.read(b"\0\1\1\xff").data == "\udcff"
    assert (Plan.read(b""), Parts.read(b"")) == (Plan(0, "", b"", b""), Parts(0))


def test_the_dictionary_is_escaped() -> None:
    assert dictionary().splitlines()[WORDS.index(b": ")] == r'"\x3a\x20"'
