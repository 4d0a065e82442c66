"""`sse-codec lint`: read streams; write findings, and a summary of each stream on standard error."""

from __future__ import annotations

import json
import os
import sys
from typing import TYPE_CHECKING

from sse_codec._text import counted
from sse_codec.lint import Linter, sarif

from ._streams import Failure, Sink, Source, say
from ._terminal import Paint, finding_block

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable

    from sse_codec.lint import Finding

#: The extension of the files to check in a folder.
_EXTENSION = ".sse"


def lint(options: argparse.Namespace) -> int:
    """Run the command; return its exit status."""
    sink = Sink()
    run = _Run(sink, options)
    status = 0
    try:
        for path in options.files:
            try:
                for each in _expand(path):
                    run.file(each)
            except Failure as failure:  # go on with the other files
                if len(options.files) == 1 or failure.reason.startswith("standard output"):
                    raise
                say(f"sse-codec: {failure.reason}")
                status = failure.status
    except KeyboardInterrupt:
        run.end()
        raise
    run.end()
    return status or run.status


def _expand(path: str) -> list[str]:
    """Return the path itself, or the streams in the folder that it names."""
    if not os.path.isdir(path):
        return [path]
    found = [
        os.path.join(folder, name) for folder, _, names in os.walk(path) for name in names if name.endswith(_EXTENSION)
    ]
    if not found:
        raise Failure(2, f"{path}: no *{_EXTENSION} file in this folder")
    return sorted(found)


class _Counts:
    """How many errors and warnings there are."""

    def __init__(self) -> None:
        self.error = 0
        self.warning = 0

    def add(self, finding: Finding) -> None:
        """Count a finding and the equal ones that it stands for."""
        if finding.severity == "error":
            self.error += finding.count
        else:
            self.warning += finding.count

    def __str__(self) -> str:
        return f"{counted(self.error, 'error')} and {counted(self.warning, 'warning')}"


class _Run:
    """One run over several files."""

    def __init__(self, sink: Sink, options: argparse.Namespace) -> None:
        self._sink = sink
        self._options = options
        self._total = _Counts()
        self._files = 0
        self._results: list[tuple[str, Finding]] = []
        self._several = len(options.files) > 1 or os.path.isdir(options.files[0])
        paint = Paint(sys.stdout, options.color)
        layouts: dict[str, Callable[[Finding, str], str]] = {
            "text": lambda finding, file: finding_block(finding, paint, file if self._several else ""),
            "json": _json_line,
            "github": lambda finding, file: finding.annotation(file) + "\n",
            "sarif": lambda _finding, _file: "",
        }
        self._layout = layouts[options.format]

    @property
    def status(self) -> int:
        """The exit status."""
        return int(self._total.error > 0 or (self._options.strict and self._total.warning > 0))

    def file(self, path: str) -> None:
        """Check one file."""
        options = self._options
        source = Source(path, "lint", self._sink, events=False)
        linter = Linter(
            json=options.json,
            require_ids=options.require_ids,
            unique_ids=options.unique_ids,
            sentinel=options.sentinel,
            max_event_size=options.max_event_size,
            ignore=options.ignore,
            fold=not options.all,
        )
        shown = path if source.is_file and path != "-" else ""
        counts = _Counts()
        self._files += 1

        def deal_with(findings: list[Finding]) -> None:
            for finding in findings:
                counts.add(finding)
                self._total.add(finding)
                if options.format == "sarif":
                    self._results.append((shown, finding))
                else:
                    self._sink.write(self._layout(finding, shown))

        try:
            for chunk in source.chunks():
                deal_with(linter.feed(chunk))
            events = linter.events
            deal_with(linter.close())
        except KeyboardInterrupt:
            deal_with(linter.stop())
            source.close()
            say(_interruption(source, linter, counts))
            raise
        finally:
            source.close()
        is_clean = not (counts.error or counts.warning)
        if (
            (is_clean and not events)  # otherwise, a stream without events would look like a success
            or (options.format == "text" and (not is_clean or self._several or sys.stderr.isatty()))
        ):
            say(f"{source.name}: {counts} ({counted(events, 'event')})")

    def end(self) -> None:
        """Write the output that covers all files."""
        if self._options.format == "sarif":
            self._sink.write(sarif(self._results) + "\n")
        elif self._options.format == "text" and self._files > 1:
            say(f"{counted(self._files, 'file')}: {self._total}")


def _json_line(finding: Finding, file: str) -> str:
    line = finding.to_json()
    return f'{{"file": {json.dumps(file, ensure_ascii=False)}, {line[1:]}\n' if file else f"{line}\n"


def _interruption(source: Source, linter: Linter, counts: _Counts) -> str:
    """Say how far the check got and what was unfinished, without a verdict on the stream."""
    part = f" ({source.read * 100 // source.size} % of the file)" if source.size > 0 else ""
    unfinished = linter.unfinished()
    return (
        f"{source.name}: interrupted in line {linter.line:,}, after {counted(source.read, 'byte')}{part} and "
        f"{counted(linter.events, 'event')}; {counts} so far{f'; {unfinished}' if unfinished else ''}"
    )
