"""docs/lint.md and docs/command-line.md: the table of codes is generated, and every example runs.

`python -m tests.test_lint_docs` writes the table.
"""

from __future__ import annotations

import os
import re
import subprocess
import sysconfig
from pathlib import Path

import pytest

import sse_codec
from sse_codec._command import _arguments
from sse_codec.lint import CODES, Code, Linter
from sse_codec.lint._codes import shown_stream

ROOT = Path(__file__).parent.parent
LINT = ROOT / "docs" / "lint.md"
COMMAND_LINE = ROOT / "docs" / "command-line.md"
MADE = re.compile("(?<=<!-- codes -->\n).*?(?=<!-- /codes -->\n)", re.DOTALL)
COMMAND = "python -m tests.test_lint_docs"


def made() -> str:
    """Return the part of docs/lint.md that is generated from the table of codes."""
    text = "\n| code | | |\n| --- | --- | --- |\n"
    for code in CODES.values():
        text += f"| [`{code.name}`](#{code.name}) | {code.severity} | {_cell(code.title)} |\n"
    return text + "".join(map(section, CODES.values())) + "\n"


def section(code: Code) -> str:
    """Return the section of docs/lint.md about a code."""
    options = "".join(f", with `{name}={value!r}`" for name, value in code.options.items())
    example = "\n".join(line[4:] for line in shown_stream(code.example))
    healthy = "\n".join(line[4:] for line in shown_stream(code.healthy))
    return (
        f"\n### {code.name}\n\n{code.severity.capitalize()}: {code.title}.\n\n{code.explanation}\n\n"
        f"- Effect: {code.effect}.\n- Fix: {code.fix}.\n\nFor example{options}:\n\n```text\n{example}\n```\n\n"
        f"Better:\n\n```text\n{healthy}\n```\n"
    )


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def blocks(path: Path, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", path.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)


def test_the_page_has_the_table_of_codes() -> None:
    assert MADE.findall(LINT.read_text(encoding="utf-8")) == [made()], f"{COMMAND} writes it"


def test_every_block_is_tested() -> None:
    for path, known in ((LINT, {"console", "python", "yaml", "sh", "text"}), (COMMAND_LINE, {"console", "sh"})):
        text = path.read_text(encoding="utf-8")
        assert set(re.findall(r"^```(\w+)$", text, re.MULTILINE)) == known
        assert text.count("```") == 2 * sum(len(blocks(path, language)) for language in known)


@pytest.mark.parametrize("block", blocks(LINT, "python"))
def test_an_example_in_Python(block: str) -> None:
    exec(compile(block, str(LINT), "exec"), {})  # noqa: S102  # our own example


@pytest.mark.skipif(os.name != "posix", reason="needs a POSIX shell")
@pytest.mark.parametrize("path", [LINT, COMMAND_LINE], ids=lambda path: path.name)
def test_commands_print_the_output_that_is_shown(path: Path, tmp_path: Path) -> None:
    search = sysconfig.get_path("scripts") + os.pathsep + os.environ["PATH"]
    examples = "".join(blocks(path, "console")).replace("/tmp/", f"{tmp_path}/")  # noqa: S108  # only in the text
    count = 0
    for example in re.split(r"^\$ ", examples, flags=re.MULTILINE)[1:]:
        command, _, expected = example.partition("\n")
        shell = ["sh", "-c", f"({command}) 2>&1"]
        done = subprocess.run(shell, capture_output=True, check=False, cwd=ROOT, env=os.environ | {"PATH": search})
        assert done.stdout.decode() == expected, command
        count += 1
    assert count


@pytest.mark.parametrize("path", [LINT, COMMAND_LINE], ids=lambda path: path.name)
def test_the_commands_of_a_shell(path: Path) -> None:
    """The parser accepts them. They are not run, because their URLs and folders don't exist."""
    commands = re.findall(r"sse-codec ((?:decode|encode|lint|fuzz)\b[^|>\n]*)", "".join(blocks(path, "sh")))
    assert commands
    for command in commands:
        _arguments.parser().parse_args(command.split())


@pytest.mark.parametrize("command", ["decode", "lint", "fuzz consumer", "fuzz producer"])
def test_the_page_has_every_option(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        _arguments.parser().parse_args([*command.split(), "--help"])
    options = set(re.findall(r"(?<= )--[a-z-]+", capsys.readouterr().out.partition("examples:")[0])) - {"--help"}
    text = COMMAND_LINE.read_text(encoding="utf-8")
    for option in options:
        assert f"`{option}" in text, option


def test_the_options_of_the_linter() -> None:
    rows = "".join(re.findall(r"^\| (`.*`) \| .* \|$", LINT.read_text(encoding="utf-8"), re.MULTILINE))
    assert set(re.findall(r"`(\w+)`", rows)) == set(Linter.__init__.__kwdefaults__ or ())


def test_the_hook_for_pre_commit() -> None:
    hook = (ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8")
    fields = dict(line.removeprefix("- ").strip().split(": ", 1) for line in hook.splitlines())
    page = LINT.read_text(encoding="utf-8")
    assert f"- id: {fields['id']}" in page
    assert f"rev: v{sse_codec.__version__}\n" in page
    assert fields["files"] == r"\.sse$"
    program, *arguments = fields["entry"].split()
    assert program == "sse-codec"
    _arguments.parser().parse_args([*arguments, "--json", "--strict", "a.sse", "b.sse"])


def main() -> None:
    """Write the table of codes into docs/lint.md."""
    text = LINT.read_text(encoding="utf-8")
    LINT.write_text(MADE.sub(lambda _: made(), text), encoding="utf-8")


if __name__ == "__main__":
    main()
