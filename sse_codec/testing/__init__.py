"""Test code that reads or writes event streams. A fuzz check names the sentence of the standard that your code breaks.

- `check_producer`, `check_consumer`: search for the smallest event that is sent wrongly, or the smallest stream that is
  read wrongly.
- `asgi`, `wsgi`, `http`: let `check_producer` test whole endpoints. `per_stream`: makes a new producer for each stream.
- `findings`: returns everything that a check finds, not only the first failure.
- `events`, `event_lists`, `payloads`, `spellings`, `streams`, `hostile_bytes`, `chunkings`: the Hypothesis strategies
  behind the checks, for your own tests. `st.from_type(ServerSentEvent)` works without importing this package.
- `assert_conforms`: fails if the linter finds an error in a captured stream.
- `reference_decode`: the standard's algorithm, slow and literal, to compare any decoder with.
- `load_vectors`: the conformance suite as data, for tests in any language.

The last three work without Hypothesis. The others need it (`pip install 'sse-codec[testing]'`) and import it on first
use.
"""

from ._reference import Reference, reference_decode

TYPE_CHECKING = False  # as typing's
if TYPE_CHECKING:
    from ._conforms import assert_conforms
    from ._consumer import check_consumer
    from ._endpoints import asgi, http, per_stream, wsgi
    from ._findings import findings
    from ._producer import check_producer
    from ._report import NotConforming
    from ._strategies import chunkings, event_lists, events, hostile_bytes, payloads, spellings, streams
    from ._vectors import load_vectors

__all__ = [
    "NotConforming",
    "Reference",
    "asgi",
    "assert_conforms",
    "check_consumer",
    "check_producer",
    "chunkings",
    "event_lists",
    "events",
    "findings",
    "hostile_bytes",
    "http",
    "load_vectors",
    "payloads",
    "per_stream",
    "reference_decode",
    "spellings",
    "streams",
    "wsgi",
]

#: The modules of the names that are imported on first use: Hypothesis may be missing, and importing Hypothesis imports
#: this package.
_LATER = {
    "NotConforming": "_report",
    "asgi": "_endpoints",
    "assert_conforms": "_conforms",
    "check_consumer": "_consumer",
    "check_producer": "_producer",
    "chunkings": "_strategies",
    "event_lists": "_strategies",
    "events": "_strategies",
    "findings": "_findings",
    "hostile_bytes": "_strategies",
    "http": "_endpoints",
    "load_vectors": "_vectors",
    "payloads": "_strategies",
    "per_stream": "_endpoints",
    "spellings": "_strategies",
    "streams": "_strategies",
    "wsgi": "_endpoints",
}


def __getattr__(name: str) -> object:
    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    try:
        value: object = getattr(import_module(f"{__name__}.{_LATER[name]}"), name)
    except ModuleNotFoundError as error:
        if error.name != "hypothesis":
            raise
        raise ImportError(f"{__name__}.{name} needs Hypothesis: pip install 'sse-codec[testing]'") from error
    value.__module__ = __name__  # as for all public names
    globals()[name] = value
    return value


for _name in ("Reference", "reference_decode"):
    globals()[_name].__module__ = __name__
del _name
