"""The entry point that teaches Hypothesis, when it is imported, how to draw a ServerSentEvent.

Hypothesis imports this in every test run wherever sse-codec is installed, so this module imports next to nothing. The
strategies are imported when the first event is drawn.
"""

from __future__ import annotations

from sse_codec._event import ServerSentEvent


def register() -> None:
    """Make `st.from_type(ServerSentEvent)` and `st.builds` draw events that can be sent."""
    from hypothesis import strategies as st

    def events(_: type[ServerSentEvent]) -> st.SearchStrategy[ServerSentEvent]:
        from sse_codec.testing import events

        return events()

    st.register_type_strategy(ServerSentEvent, events)
