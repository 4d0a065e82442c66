r"""Find what is wrong with an event stream: where it is, what clients do with it, and how to fix it.

A browser drops what it does not understand, and reports nothing. The linter takes the bytes of one connection, cut
anywhere, and returns findings. It changes nothing and decodes no events. The work is linear in the bytes for every
chunking, and the memory is bounded.

A finding is an *error* if a conforming client loses something. A stream **loses nothing** if

1. its bytes are UTF-8, so that every line arrives as it was written; and
2. a conforming client keeps each of its fields: a `data` value as a line of the event's data, an `event` value as the
   event's type (an empty one is "message"), an `id` value as the last event ID, a `retry` value as the reconnection
   time; and
3. only comments and `retry` fields, which take effect immediately, follow the last blank line.

So an event that is decoded and encoded again has every field of its block. Only comments are gone, and those are meant
to be dropped. Therefore:

- A block with only an `id` is fine. Its blank line commits the id (9.2.6, "Dispatch the event" sets the last event ID
  string before it looks at the data), and resuming from there loses nothing. A block with only a `retry` is fine, too.
- An `event` in a block without `data` is an error: no event is dispatched, and the type is lost.
- A field that occurs twice is an error if the values differ, because the first is lost. Otherwise it is a warning.

A *warning* is something that a conforming client accepts but others may not, or that is probably a mistake. A habit of
the producer (its line ends, its spaces) is reported once. All other repeated findings are counted: the first one has
its place, and `close` returns another that says how often it was repeated. What merely follows from a mistake is not
reported: a misspelt `data` field is, but not the event that lacks data because of it.

`CODES` is the table of all codes. It has the severity, effect, fix, explanation and an example of each. `explain`
returns them as text.

>>> from sse_codec.lint import lint
>>> for finding in lint(b'event: tick\nData: 1\n\n'):
...     print(finding)
error[unknown-field] line 2, column 1 (byte 12): 'Data' is not a field of the standard
    Data: 1
    ^
    a client ignores the line
    write 'data': field names must match exactly, including case and spaces
"""

from ._codes import CODES, Code, explain
from ._finding import Finding
from ._lint import lint
from ._linter import Linter
from ._sarif import sarif

__all__ = ["CODES", "Code", "Finding", "Linter", "explain", "lint", "sarif"]

for _name in __all__:
    if _name != "CODES":
        globals()[_name].__module__ = __name__
del _name  # pyright: ignore[reportPossiblyUnboundVariable]  # the loop has run: `__all__` is not empty
