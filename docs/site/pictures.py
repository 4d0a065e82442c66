"""Pictures of a terminal, made from what the command line really prints.

`python docs/site/pictures.py` writes docs/pictures/; tests/test_pictures.py fails when they are out of date.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple
from xml.sax.saxutils import escape

if TYPE_CHECKING:
    from collections.abc import Iterator

FOLDER = Path(__file__).parent.parent / "pictures"

STREAM = """\
: hello
retry: 3000

id: 1
event: token
data: {"text": "Hel"}

id: 2
event: token
data: {"text": "lo"}

"""
BROKEN = """\
id: 1
event: token
data: {"text": "Hel"}

id: 2
event: token
Data: {"text": "lo"}

data: {"text": "!"}
"""
#: For each picture the file that its command reads, and the command.
PICTURES = {
    "decode": (STREAM, "sse-codec decode --comments answer.sse"),
    "lint": (BROKEN, "sse-codec lint answer.sse"),
}

#: The colours that the command line uses, by their codes.
COLOURS = {"31": "#ff7b72", "33": "#e3b341", "36": "#76e3ea"}
FONT = 'font-size="14" font-family="ui-monospace, SFMono-Regular, Menlo, Consolas, DejaVu Sans Mono, monospace"'
TEXT, DIM, PAPER = "#e6edf3", "#8b949e", "#161b22"
WIDE, HIGH, MARGIN, BAR = 8.4, 19, 16, 34  # of a character, a line, the margin, and the bar on top


class Run(NamedTuple):
    """Characters that look alike."""

    text: str
    colour: str = TEXT
    bold: bool = False


def runs(line: str) -> Iterator[Run]:
    """Cut a line where its escape sequences change how it looks."""
    look = Run("")
    for code, text in re.findall(r"(?:\x1b\[([\d;]*)m)?([^\x1b]*)", line):
        for number in code.split(";") if code else ():
            if number in {"", "0"}:
                look = Run("")
            elif number == "1":
                look = look._replace(bold=True)
            elif number == "2":
                look = look._replace(colour=DIM)
            else:
                look = look._replace(colour=COLOURS[number])
        if text:
            yield look._replace(text=text)


def printed(stream: str, command: str) -> list[str]:
    """Run a command on a file, in a folder of its own; return the lines that a terminal would show."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "answer.sse").write_text(stream, encoding="utf-8")
        arguments = [sys.executable, "-m", *command.replace("sse-codec", "sse_codec").split(), "--color=always"]
        done = subprocess.run(arguments, cwd=folder, capture_output=True, check=False, encoding="utf-8")
    return [f"\x1b[2m$\x1b[0m \x1b[1m{command}\x1b[0m", *done.stdout.splitlines(), *done.stderr.splitlines()]


def draw(lines: list[str]) -> str:
    """Return lines of a terminal as SVG."""
    plain = [re.sub(r"\x1b\[[\d;]*m", "", line) for line in lines]
    width = round(max(map(len, plain)) * WIDE) + 2 * MARGIN
    height = len(lines) * HIGH + MARGIN + BAR
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" {FONT}>',
        f"<title>{escape(plain[0])}</title>",
        f'<rect width="{width}" height="{height}" rx="8" fill="{PAPER}"/>',
        *(f'<circle cx="{MARGIN + 4 + 18 * at}" cy="16" r="5" fill="#30363d"/>' for at in range(3)),
    ]
    for row, line in enumerate(lines):
        column = 0
        for text, colour, bold in runs(line):
            shown = text.strip(" ")
            if shown:
                x = MARGIN + (column + len(text) - len(text.lstrip(" "))) * WIDE
                weight = ' font-weight="bold"' if bold else ""
                parts.append(
                    f'<text x="{x:.1f}" y="{BAR + 14 + row * HIGH}" fill="{colour}"{weight} xml:space="preserve"'
                    f' textLength="{len(shown) * WIDE:.1f}">{escape(shown)}</text>'
                )
            column += len(text)
    return "\n".join([*parts, "</svg>\n"])


def made() -> dict[str, str]:
    """Return each picture by the name of its file."""
    return {f"{name}.svg": draw(printed(*what)) for name, what in PICTURES.items()}


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for file, picture in made().items():
        (FOLDER / file).write_text(picture, encoding="utf-8")
