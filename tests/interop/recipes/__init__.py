"""Servers and clients as users would write them. The README or a guide shows each module exactly as it is here.

A server takes `events`: a function that takes the last event ID of a request and returns the events after it. A
client's `read` returns the events of one connection. `llm` and `llm.html` are a small model and a page that shows its
answer.

The tests of each feature run the recipes, `test_matrix` runs each client against each server, and `test_recipes` checks
that the pages show them.
"""
