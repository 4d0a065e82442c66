"""Checks the types of the examples in README.md and docs/ that are not files: `python -m tests.typed_blocks`.

The others are files in interop/, where mypy and pyright check them. Here each block becomes a module in a temporary
folder, which both check in strict mode. docs/testing.md shows tests as people write them, without annotations, so there
they check only the calls. docs/vectors.md is left out: it tests other libraries, and imports one that does not exist.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parent.parent
FILES = {path.read_text(encoding="utf-8") for path in (ROOT / "tests" / "interop").glob("*/*.py")}
TESTS = ROOT / "docs" / "testing.md"
OTHERS = ROOT / "docs" / "vectors.md"
RELAXED = (
    *("--allow-untyped-defs", "--allow-untyped-calls", "--allow-incomplete-defs", "--check-untyped-defs"),
    "--disable-error-code=var-annotated",
)


def blocks(page: Path) -> dict[str, str]:
    """Return the Python examples of a page that are not files, by module name."""
    found = re.findall(r"<!-- ([\w ]+) -->\n```python\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)
    return {
        f"{page.stem}_{name}".replace("-", "_").replace(" ", "_"): text for name, text in found if text not in FILES
    }


def check(pages: list[Path], *, strict: bool) -> bool:
    """Check the examples of pages; return whether both checkers pass."""
    with tempfile.TemporaryDirectory() as folder:
        for page in pages:
            for name, text in blocks(page).items():
                Path(folder, f"{name}.py").write_text(text, encoding="utf-8")
        mode = "strict" if strict else "standard"
        Path(folder, "pyrightconfig.json").write_text(json.dumps({"typeCheckingMode": mode, "pythonVersion": "3.10"}))
        mypy = [
            sys.executable,
            "-m",
            "mypy",
            "--config-file",
            str(ROOT / "pyproject.toml"),
            *(() if strict else RELAXED),
        ]
        pyright = [sys.executable, "-m", "pyright", "--project", folder]
        failures = [subprocess.run(command, check=False).returncode for command in ([*mypy, folder], pyright)]
    return not any(failures)


def main() -> None:
    """Check all pages."""
    pages = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
    strict = check([page for page in pages if page not in {TESTS, OTHERS}], strict=True)
    sys.exit(not (check([TESTS], strict=False) and strict))


if __name__ == "__main__":
    main()
