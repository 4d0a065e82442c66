"""The data of the table, `table.json`: what the checks found in each library, with the smallest case of each fault."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from hypothesis import settings

import sse_codec.testing
from sse_codec import ServerSentEvent
from sse_codec.testing import NotConforming, check_consumer, check_producer, findings
from sse_codec.testing._remote._messages import RULES as ALL_RULES
from sse_codec.testing._remote._messages import Refused
from sse_codec.testing._remote._program import ProgramConsumer, ProgramProducer
from sse_codec.testing._remote._run import consumer

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from typing_extensions import Self

    from .libraries import Library

FILE = Path(__file__).with_name("table.json")

#: Rules that are not checked. Of writers, only servers can show when they send events and how they write comments.
NOT_ASKED = {"consumer": frozenset[str](), "producer": frozenset({"promptness", "line-end-in-comment"})}

#: The rules of each role, in the order of the table's columns.
RULES = {role: [rule for rule in rules if rule.name not in NOT_ASKED[role]] for role, rules in ALL_RULES.items()}

#: Seconds that an adapter may take for one stream; a browser has to start within the first.
TIMEOUT = 60.0


class Finding(NamedTuple):
    """A rule that a library breaks, and the smallest case that shows it."""

    rule: str
    #: The chunks of a stream, or events as the fuzz protocol has them.
    case: list[Any]
    #: The report of the check: what went in, what it says, and what came out.
    report: str
    #: Whether the library failed, instead of giving something else.
    raised: bool = False


class Entry(NamedTuple):
    """What is known about a library in one role."""

    name: str
    group: str
    role: str
    version: str
    #: What its hello says: `ids`, `retries`, `comments`, `max_retry`, ...
    options: dict[str, Any]
    #: Rules that do not apply to it.
    without: list[str]
    #: How many streams or events it was given.
    cases: int
    findings: list[Finding]
    note: str
    #: The fingerprint of the checks that found this.
    suite: str


def suite() -> str:
    """Return a fingerprint of the checks: their rules, the fixed cases, and how these are tried."""
    folder = Path(sse_codec.testing.__file__).parent
    text = b"".join(path.read_bytes() for path in sorted(folder.glob("_*.py")))
    return hashlib.sha256(text).hexdigest()[:12]


def check(library: Library, role: str, environments: Commands, examples: int) -> Entry:
    """Find all rules that a library breaks.

    Raises:
        libraries.Missing: it can't be run on this machine.
    """
    with Remote(library, role, environments) as remote:
        options = {"seed": 0, "settings": settings(max_examples=examples), **remote.options}
        found = findings(CHECKS[role], remote.tested, without=remote.without | NOT_ASKED[role], **options)
        return Entry(
            library.name,
            library.group,
            role,
            remote.version or library.version,
            remote.options,
            sorted(remote.without),
            remote.cases,
            [Finding(each.rule, plain(each.case), _report(each), each.__cause__ is not None) for each in found],
            library.note,
            suite(),
        )


def check_again(entry: Entry, library: Library, environments: Commands) -> set[str]:
    """Give a library the smallest cases of an entry again; return the rules that it still breaks."""
    with Remote(library, entry.role, environments) as remote:
        return broken_rules(remote, entry)


def broken_rules(remote: Remote, entry: Entry) -> set[str]:
    """Give a running adapter the smallest cases of an entry; return the rules that it breaks."""
    broken = set()
    for finding in entry.findings:
        try:
            CHECKS[entry.role](remote.tested, cases=[case(finding)], timeout=TIMEOUT, **remote.options)
        except NotConforming:
            broken.add(finding.rule)
    return broken


def case(finding: Finding) -> list[Any]:
    """Return the smallest case of a finding, as a check takes it."""
    return [
        ServerSentEvent(**{**item, "data": _unpacked(item["data"])})
        if "data" in item
        else b"".join(base64.b64decode(part) * times for part, times in item["bytes"])
        for item in finding.case
    ]


CHECKS: dict[str, Callable[..., None]] = {"consumer": check_consumer, "producer": check_producer}


def _sender(program: ProgramProducer) -> Callable[[ServerSentEvent], bytes]:
    def send(event: ServerSentEvent) -> bytes:
        if any(map(is_pair, (event.data, event.event, event.id or ""))):
            raise Refused
        return program.send(event, new=False)

    return send


class Commands(Protocol):
    """Knows the commands that run the adapters."""

    def command(self, library: Library, role: str) -> list[str]:
        """Return the command that runs an adapter."""
        ...


class Remote:
    """The adapter of a library, in a form that a check takes. A context manager, because it runs in another process."""

    def __init__(self, library: Library, role: str, environments: Commands) -> None:
        command = environments.command(library, role)
        self.cases = 0
        self._program: ProgramConsumer | ProgramProducer
        self._tested: Callable[[Any], Any]
        if role == "consumer":
            self._program = reader = ProgramConsumer(command, TIMEOUT)
            self._tested = consumer(reader)
        else:
            self._program = writer = ProgramProducer(command, TIMEOUT)
            self._tested = _sender(writer)
        program = self._program
        self.version = program.hello.version
        self.options = program.hello.options
        self.without = program.hello.without

    def tested(self, case: Any) -> Any:
        """Take a case, as the code that a check tests does."""
        self.cases += 1
        return self._tested(case)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._program.close()


def is_pair(text: str) -> bool:
    """Tell whether a text has a pair of surrogates, which can't be passed to an adapter: JSON joins them."""
    return re.search("[\ud800-\udbff][\udc00-\udfff]", text) is not None


def plain(items: Sequence[Any]) -> list[Any]:
    """Return a case as JSON, with long runs as a short text and a count."""
    return [
        {"data": _packed(item.data), "event": item.event, "id": item.id, "retry": item.retry}
        if isinstance(item, ServerSentEvent)
        else {"bytes": [[base64.b64encode(part).decode("ascii"), times] for part, times in _runs(item)]}
        for item in items
    ]


def _runs(data: bytes) -> list[tuple[bytes, int]]:
    """Split bytes into parts and how many times each is repeated."""
    runs: list[tuple[bytes, int]] = []
    at = 0
    for match in re.finditer(rb"(.{1,8}?)\1{30,}", data, re.DOTALL):
        if at < match.start():
            runs.append((data[at : match.start()], 1))
        runs.append((match[1], len(match[0]) // len(match[1])))
        at = match.end()
    return [*runs, (data[at:], 1)] if at < len(data) or not runs else runs


def _packed(text: str) -> Any:
    if len(text) < 200:
        return text
    return [
        [part.decode("utf-8", "surrogatepass"), times] for part, times in _runs(text.encode("utf-8", "surrogatepass"))
    ]


def _unpacked(value: Any) -> str:
    return value if isinstance(value, str) else "".join(part * times for part, times in value)


def _report(failure: NotConforming) -> str:
    """Return the report without the rule and its sentence, which the table has only once."""
    return failure.report.partition("\nrule: ")[0].rstrip()


def read() -> dict[tuple[str, str, str], Entry]:
    """Return the table, by name, group and role."""
    if not FILE.exists():
        return {}
    entries = json.loads(FILE.read_text("utf-8"))["entries"]
    parsed = [Entry(**{**entry, "findings": [Finding(**each) for each in entry["findings"]]}) for entry in entries]
    return {(entry.name, entry.group, entry.role): entry for entry in parsed}


def write(entries: dict[Any, Entry]) -> None:
    """Write the table, with the rules that it is about."""
    rules = {
        role: [{"name": rule.name, "about": rule.about, "sentence": rule.sentence} for rule in RULES[role]]
        for role in CHECKS
    }
    plain = [
        {**entry._asdict(), "findings": [finding._asdict() for finding in entry.findings]} for entry in entries.values()
    ]
    text = json.dumps({"rules": rules, "entries": plain}, indent=1, ensure_ascii=True)
    FILE.write_text(text + "\n", "utf-8")
