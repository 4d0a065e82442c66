"""The conformance suite as data: JSON files that tests in any language can read. Works without Hypothesis.

`tests/vectors/publish.py` makes the files; docs/vectors.md describes them.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Literal

#: The folder of the files.
FOLDER = Path(__file__).parent / "vectors"


def load_vectors(name: Literal["decoding", "encoding", "surrogates"]) -> dict[str, Any]:
    r"""Load a file of the conformance suite: its cases, their rules, and the sentences of the standard.

    `docs/vectors.md` describes the format. `sse-codec vectors DIR` copies the files for tests in other languages.

    Args:
        name: "decoding": event streams in chunks, and the events that they mean. "encoding": events to send, and the
            events that must arrive. "surrogates": the same as "encoding", for text that UTF-8 can't represent.

    Raises:
        ValueError: there is no such file.

    >>> from sse_codec.testing import load_vectors
    >>> suite = load_vectors("decoding")
    >>> suite["rules"]["bare-cr"]["about"]
    'a lone CR ends a line'
    >>> next(case["events"] for case in suite["cases"] if case.get("text") == ["data: a\r\r"])
    [{'data': 'a', 'latest': 1}]
    """
    if name not in {"decoding", "encoding", "surrogates"}:
        raise ValueError(f"load_vectors(): name must be 'decoding', 'encoding' or 'surrogates', not {name!r}")
    document: dict[str, Any] = json.loads((FOLDER / f"{name}.json").read_text("ascii"))
    return document


def copy_vectors(folder: Path) -> list[Path]:
    """Copy all files of the suite into a folder, which is created if needed, and return the paths of the copies.

    Raises:
        OSError: a file can't be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    copies: list[Path] = []
    for path in sorted(FOLDER.iterdir()):
        copies.append(folder / path.name)
        copies[-1].write_bytes(path.read_bytes())
    return copies
