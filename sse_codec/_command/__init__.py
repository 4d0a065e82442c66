"""The parts of the command line: arguments, input and output, layout on a terminal, and a module for each command.

`sse_codec.__main__` puts them together.
"""
