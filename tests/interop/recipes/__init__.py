"""Servers and clients as their users would write them: each module is a recipe that the README or a guide shows as it
stands.

A server is given `events`: what takes the last event ID of a request, and gives the events behind it. A client's `read`
gives the events of one connection. `llm` and `llm.html` are a small model and the page that shows what it says.

They are tested where they are used, each client against each server (`test_matrix`), and as far as the pages go by
`test_recipes`.
"""
