"""The conformance suite for what is not Python: the same checks, with the tested code in another process or machine.

A remote is whatever reads streams or sends events elsewhere. `_messages` says what is said between the two sides,
`_program` speaks it over standard input and output. `_run` drives the checks, `_report` writes what they found.
"""
