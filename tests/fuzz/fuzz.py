"""Coverage-guided fuzzing of the decoders and the encoder: `python tests/fuzz/fuzz.py TARGET [libFuzzer's arguments]`.

TARGET is `decoder`, `blocks`, `lines` or `encoder`; `laws.py` says what each is held to. In a clone, with pip 25.1 or
later and a CPython that atheris has a wheel for:

    python -m pip install --group fuzz .
    python tests/fuzz/fuzz.py decoder -max_total_time=60
    python tests/fuzz/fuzz.py decoder crash-0123abcd

The second line fuzzes for a minute; a broken law ends it with a traceback, exit status 77 and a file `crash-...`, which
the third line tries again. A folder among the arguments collects what was found for the next run. The seeds and the
dictionary are made anew each time, in a temporary folder.

What guidance adds here, measured on `decoder` for a minute each, is modest, because so little Python has few edges. The
seeds alone take all 155 edges that a run takes; how often each is passed is what guidance goes on from there, from 720
combinations to 1050. A fault that needs a fourth `data` line in a block, which no seed shows, was found after 6,500
inputs; most faults that were tried, by the seeds. From nothing, a run takes 138 edges, with the dictionary 147, and the
strategies of the property tests, driven through Hypothesis's `fuzz_one_input`, 152. Inputs a second: 1,200; for
`encoder`, 26,000.
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent.parent))  # the clone's package, installed or not

#: Longer inputs reach nothing that shorter ones do not, and the reference is slow.
MAX_LENGTH = 512


def fuzz(target: str, arguments: list[str], folder: Path) -> None:
    """Run libFuzzer on a target; it ends the process."""
    import atheris  # here, because the tests import this module without it

    # The judge takes more branches than the accused, and its coverage says nothing about what was tried.
    with atheris.instrument_imports(include=["sse_codec"], exclude=["sse_codec.testing"]):
        import sse_codec  # noqa: F401  # before the laws import it
    from tests.fuzz.laws import TARGETS
    from tests.fuzz.seeds import SEEDS, dictionary

    words = folder / "words"
    words.write_text(dictionary())
    arguments = [f"-max_len={MAX_LENGTH}", f"-dict={words}", *arguments]
    if not any(Path(argument).is_file() for argument in arguments):  # files are inputs to try again, and nothing else
        seeds = folder / "seeds"
        seeds.mkdir()
        for number, seed in enumerate(SEEDS[target]()):
            (seeds / str(number)).write_bytes(seed)
        arguments.append(str(seeds))
    atheris.Setup([sys.argv[0], *arguments], TARGETS[target])
    atheris.Fuzz()


def main() -> int:
    """Fuzz in a process of its own, because libFuzzer leaves no way to clean up; return its exit status."""
    names = ("decoder", "blocks", "lines", "encoder")
    if len(sys.argv) < 2 or sys.argv[1] not in names:
        print(f"usage: {sys.argv[0]} {'|'.join(names)} [libFuzzer's arguments]", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory() as folder:
        child = os.fork()
        if child == 0:
            fuzz(sys.argv[1], sys.argv[2:], Path(folder))
        _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status)


if __name__ == "__main__":
    sys.exit(main())
