"""For tests of event streams: fuzz your own producer or consumer, and hear which sentence of the standard it breaks.

- `check_producer`, `check_consumer`: search for the smallest event that is sent wrong, or stream that is read wrong.
- `asgi`, `wsgi`, `http`: whole endpoints for `check_producer`; `per_stream`: a producer made anew for each stream.
- `findings`: all that a check finds, and not only the first.
- `events`, `event_lists`, `payloads`, `spellings`, `streams`, `hostile_bytes`, `chunkings`: the Hypothesis strategies
  they draw from, for tests of your own. `st.from_type(ServerSentEvent)` needs no import of this package's.
- `assert_conforms`: no finding of error level in a stream that was captured.
- `reference_decode`: the standard's algorithm, slow and literal, as the judge of any decoder.
- `load_vectors`: the conformance suite as data, for tests in any language.

All but the last three need Hypothesis, the extra `sse-codec[testing]`; it is imported when one of them is asked for.
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

#: Where the names are that are imported when they are first asked for: Hypothesis may be missing, and Hypothesis itself
#: imports this package whenever it is imported.
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
    value.__module__ = __name__  # as all public names
    globals()[name] = value
    return value


for _name in ("Reference", "reference_decode"):
    globals()[_name].__module__ = __name__
del _name
