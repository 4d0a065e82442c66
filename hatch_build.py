"""Compiles the codec with mypyc, for who asks for it: `HATCH_BUILD_HOOK_ENABLE_CUSTOM=true pip wheel .`.

The default wheel is pure Python and never comes here. The compiled one holds all that the pure one holds, and beside
each source that matters when a stream is read or written an extension module, which the interpreter prefers.

mypyc makes two things stricter than they are in Python: a function refuses arguments that don't fit its annotations, by
an error that is not ours, and no Python class can inherit from a compiled one. Nobody should have to know which build
they have. So the compiler reads copies of the sources in which the functions that users call take anything, and all
classes are open. Lines keep their numbers.
"""

from __future__ import annotations

import ast
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

#: The modules that are compiled, and of each the functions whose arguments users choose; None: all, and what they
#: return follows from those.
COMPILED: dict[str, set[str] | None] = {
    "_grammar": set(),
    "_event": None,
    "_input": {"__init__", "_admit"},
    "_interpret": set(),
    "_framing": {"__init__", "last_event_id", "reconnection_time"},
    "_lines": {"__init__", "feed"},
    "_blocks": {"__init__", "feed"},
    "_decoder": {"__init__", "feed"},
    "_encoder": None,
}


class CompileHook(BuildHookInterface[Any]):
    """Adds the extension modules to a wheel, which then is for this machine's kind and this Python's version only."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Compile them; an editable install stays as it is."""
        if version == "editable":
            return
        self._folder = folder = Path(tempfile.mkdtemp())
        shutil.copytree(Path(self.root, "sse_codec"), folder / "sse_codec")
        sources = [folder / "sse_codec" / f"{name}.py" for name in COMPILED]
        for source in sources:
            source.write_text(for_compiler(source.read_text("utf-8"), COMPILED[source.stem]), "utf-8")
        names = [str(source.relative_to(folder)) for source in sources]
        subprocess.run([sys.executable, "-m", "mypyc", "--config-file=", *names], cwd=folder, check=True)
        # One beside each source, and one beside the package that holds the code of all.
        for module in [*folder.glob("*.*"), *folder.glob("sse_codec/*.*")]:
            if module.suffix in {".so", ".pyd"}:
                build_data["force_include"][str(module)] = module.relative_to(folder).as_posix()
        build_data["pure_python"] = False
        build_data["infer_tag"] = True

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:  # noqa: ARG002  # Hatch's
        """Remove what the wheel was made from."""
        if version != "editable":
            shutil.rmtree(self._folder)


def for_compiler(source: str, lax: set[str] | None) -> str:
    """Return a source whose classes are open, with Any for the annotations of the functions named; None: of all."""
    lines = source.splitlines()

    def fill(blank: int, line: str) -> None:
        if lines[blank]:
            raise ValueError(f"line {blank + 1} is not blank, so there is no room for {line}")
        lines[blank] = line

    replaced = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ClassDef):
            fill(node.lineno - 2, "@mypyc_attr(allow_interpreted_subclasses=True)")
        elif isinstance(node, ast.FunctionDef) and (lax is None or node.name in lax):
            arguments = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
            replaced += [argument.annotation for argument in arguments if argument.annotation]
            if lax is None and node.returns and node.name != "__init__":
                replaced.append(node.returns)
    # From right to left, so that places stay where they are.
    for annotation in sorted(replaced, key=lambda annotation: -annotation.col_offset):
        line = lines[annotation.lineno - 1]
        lines[annotation.lineno - 1] = f"{line[: annotation.col_offset]}Any{line[annotation.end_col_offset :]}"
    # Read by the compiler, and never run.
    imports = "if False: from typing import Any; from mypy_extensions import mypyc_attr"
    fill(lines.index("from __future__ import annotations") + 1, imports)
    return "\n".join(lines) + "\n"
