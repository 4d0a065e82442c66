r"""What is wrong with an event stream, where, and what clients make of it: a browser drops it in silence.

In come the bytes of one connection, cut anywhere; out go findings. It changes nothing and decodes no events. Work is
linear in the bytes for every chunking, and what is held is bounded.

A finding is an *error* when a client loses something. A stream **loses nothing** when

1. its bytes are UTF-8, so that every line arrives as it was written; and
2. each of its fields is among what a conforming client keeps of the field's block: a `data` value as a line of the
   event's data, an `event` value as the event's type (an empty one is "message"), an `id` value as the last event ID, a
   `retry` value as the reconnection time; and
3. nothing but comments, and `retry` fields, which act at once, comes after the last blank line.

So an event that is decoded and encoded again has every field of its block; only comments are gone, which are made to be
dropped. What follows:

- A block of an `id` alone is fine, because its blank line commits the id (9.2.6, "Dispatch the event" sets the last
  event ID string before it looks at the data), and resuming from there loses nothing. So is a block of a `retry` alone.
- An `event` in a block without `data` is an error: no event is dispatched, and the type is lost with it.
- A field given twice is an error where the values differ, because the first is lost, and a warning where they do not.

A *warning* is something that a conforming client takes and others may not, or that is probably a mistake. What is a
producer's habit (its line ends, its spaces) is reported once. Everything else that comes again is counted: the first
finding has its place, and `close` returns one more that says how often it came.

`CODES` is the table of all codes: severity, effect, fix, a longer explanation and an example of each; `explain` lays
one out as text.

>>> from sse_codec.lint import lint
>>> for finding in lint(b'event: tick\nData: 1\n\n'):
...     print(finding)
error[unknown-field] line 2, column 1 (byte 12): 'Data' is not a field of the standard
    Data: 1
    ^
    a client ignores the line
    write 'data': names are exact, case and spaces included
error[event-without-data] line 1, column 1 (byte 0): an event type in a block without data
    event: tick
    ^
    a client dispatches no event, and the type is lost
    give the block a data field; an empty one, "data:", will do
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
