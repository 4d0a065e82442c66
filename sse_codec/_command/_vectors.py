"""`sse-codec vectors`: copy the conformance suite out of the package."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ._streams import Failure, Sink

if TYPE_CHECKING:
    import argparse


def vectors(options: argparse.Namespace) -> int:
    """Run the command; return its exit status."""
    from pathlib import Path  # not at the top, because no other command needs these

    from sse_codec.testing._vectors import FOLDER, copy_vectors

    sink = Sink()
    if options.folder is None:
        sink.write(f"{FOLDER}\n")
        return 0
    try:
        copies = copy_vectors(Path(options.folder))
    except OSError as error:
        raise Failure(1, f"{error.filename}: {error.strerror}") from None
    sink.write("".join(f"{path}\n" for path in copies))
    return 0
