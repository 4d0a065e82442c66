"""The command line: `sse-codec decode`, `encode`, `lint`, `fuzz` and `vectors`, also as `python -m sse_codec`.

`decode`, `encode` and `lint` work as pipes: they handle input as it arrives and flush output immediately. On a
terminal, events and findings are laid out for people; in a pipe, events are JSON lines. `vectors` copies files.

Exit status:

- 0: success.
- 1: bad input, an error in a stream (`lint`), a broken rule (`fuzz`), or output that can't be written. Except for
  `lint` and `fuzz` findings, one line on standard error says which.
- 2: a usage error, a file that can't be opened, or a program that can't be checked.
- 130 after Ctrl-C and 141 after a closed pipe, as a shell reports for other tools.
"""

from __future__ import annotations

import io
import sys
from collections.abc import Sequence

from ._command._arguments import parser
from ._command._decode import decode
from ._command._encode import encode
from ._command._fuzz import fuzz
from ._command._lint import lint
from ._command._streams import Failure, let_go, say
from ._command._vectors import vectors

_COMMANDS = {"decode": decode, "encode": encode, "lint": lint, "fuzz": fuzz, "vectors": vectors}


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; return its exit status.

    Args:
        argv: the arguments after the program's name. None means those of the process.

    Raises:
        SystemExit: with status 2 for a usage error, and 0 after `--help`, `--version` and `--explain`.
    """
    if sys.stderr is None:  # it is closed; `print` would use standard output instead
        sys.stderr = io.StringIO()
    try:
        options = parser().parse_args(argv)
        if options.command == "decode" and options.data and (options.json or options.comments):
            options.parser.error("--data can't be used with --json or --comments: it writes only the payloads")
        status = _COMMANDS[options.command](options)
    except Failure as failure:
        say(f"sse-codec: {failure.reason}")
        return failure.status
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        return 141
    finally:
        let_go()
    return status


if __name__ == "__main__":
    sys.exit(main())
