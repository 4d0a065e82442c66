"""The rooms of the command line: arguments, what is read and written, its look on a terminal, and one for each command.

`sse_codec.__main__` puts them together.
"""
