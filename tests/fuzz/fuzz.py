"""Coverage-guided fuzzing of the decoders and the encoder: `python tests/fuzz/fuzz.py TARGET [libFuzzer's arguments]`.

TARGET is `decoder`, `blocks`, `lines` or `encoder`. `laws.py` has the laws of each. In a clone, with pip 25.1 or later
and a CPython that atheris has a wheel for:

    python -m pip install --group fuzz .
    python tests/fuzz/fuzz.py decoder -max_total_time=60
    python tests/fuzz/fuzz.py decoder crash-0123abcd

The second line fuzzes for a minute. A broken law ends the run with a traceback, exit status 77 and a file `crash-...`,
which the third line tries again. A folder among the arguments collects interesting inputs for the next run. Each run
makes the seeds and the dictionary anew, in a temporary folder.

Coverage guidance adds little here, because so little Python has few edges. Measured on `decoder`, for a minute each:
the seeds alone take all 155 edges that a run takes. From there, guidance goes by how often each edge is passed, and
gets from 720 combinations to 1050. It found a fault that needs a fourth `data` line in a block, which no seed has,
after 6,500 inputs; the seeds found most other faults that were tried. Without seeds, a run takes 138 edges, with the
dictionary 147, and the strategies of the property tests, driven through Hypothesis's `fuzz_one_input`, take 152. It
tries 1,200 inputs a second; for `encoder`, 26,000.
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent.parent))  # the clone's package, installed or not

#: Longer inputs reach nothing new, and the reference is slow.
MAX_LENGTH = 512


def fuzz(target: str, arguments: list[str], folder: Path) -> None:
    """Run libFuzzer on a target; it ends the process."""
    import atheris  # here, because the tests import this module without it

    # The judge has more branches than the tested code, and its coverage says nothing about the inputs.
    with atheris.instrument_imports(include=["sse_codec"], exclude=["sse_codec.testing"]):
        import sse_codec  # noqa: F401  # before the laws import it
    from tests.fuzz.laws import TARGETS
    from tests.fuzz.seeds import SEEDS, dictionary

    words = folder / "words"
    words.write_text(dictionary())
    arguments = [f"-max_len={MAX_LENGTH}", f"-dict={words}", *arguments]
    if not any(Path(argument).is_file() for argument in arguments):  # files are inputs to try again alone
        seeds = folder / "seeds"
        seeds.mkdir()
        for number, seed in enumerate(SEEDS[target]()):
            (seeds / str(number)).write_bytes(seed)
        arguments.append(str(seeds))
    atheris.Setup([sys.argv[0], *arguments], TARGETS[target])
    atheris.Fuzz()


def main() -> int:
    """Fuzz in a child process, because libFuzzer leaves no way to clean up; return its exit status."""
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
