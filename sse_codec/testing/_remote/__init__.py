"""The conformance suite for any language: the same checks, for code in another process or on another machine.

A remote is the code that reads streams or sends events there. `_messages` defines the messages between the two sides.
A remote can be a program (`_program`), an HTTP client (`_listen`), a test service (`_service`) or a server
(`_endpoint`). `_run` runs the checks, and `_formats` writes what they found.
"""
