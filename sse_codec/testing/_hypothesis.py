"""The entry point by which Hypothesis learns, as it is imported, how to draw a ServerSentEvent.

Hypothesis imports this in every test run of everybody who has sse-codec installed, so it loads next to nothing: the
strategies come when the first event is drawn.
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
