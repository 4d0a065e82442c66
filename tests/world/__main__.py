"""Make the table: `python -m tests.world`. It continues where it stopped; `--help` shows the options."""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

from . import libraries, page, table


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.world", description=__doc__)
    parser.add_argument("names", nargs="*", help="only these libraries, or groups")
    parser.add_argument("--role", choices=table.CHECKS, help="only in this role")
    parser.add_argument("--again", action="store_true", help="also those that these checks saw already")
    parser.add_argument("--examples", type=int, default=50, help="how many cases to draw, besides the fixed cases")
    parser.add_argument("--page", action="store_true", help="only write the pages, from the existing data")
    parser.add_argument(
        "--environments",
        type=Path,
        default=Path(tempfile.gettempdir()) / "sse-codec-world",
        help="the folder in which libraries are installed",
    )
    arguments = parser.parse_args()
    entries = table.read()
    if not arguments.page:
        environments = libraries.Environments(arguments.environments)
        everyone = libraries.read()
        unknown = {*arguments.names} - {name for library in everyone for name in (library.name, library.group)}
        if unknown:
            parser.error(f"the list has no {', '.join(sorted(unknown))}")
        suite = table.suite()
        for library in everyone:
            for role in library.roles:
                key = (library.name, library.group, role)
                known = entries.get(key)
                is_done = known and known.suite == suite and library.version in {"", known.version}
                if (
                    (arguments.names and not {library.name, library.group} & {*arguments.names})
                    or (arguments.role and role != arguments.role)
                    or (is_done and not arguments.again)
                ):
                    continue
                start = time.monotonic()
                try:
                    entries[key] = entry = table.check(library, role, environments, arguments.examples)
                except libraries.Missing as reason:
                    print(f"{library.name}: {reason}")
                    continue
                rules = ", ".join(finding.rule for finding in entry.findings) or "nothing"
                seconds = time.monotonic() - start
                print(
                    f"{entry.name} {entry.version}, {role}, {entry.cases} cases, {seconds:.0f} s: {rules}", flush=True
                )
                # Several runs may work at the same time, each on some of the libraries.
                table.write(in_order({**table.read(), key: entry}, everyone))
    page.write(table.read())


def in_order(
    entries: dict[tuple[str, str, str], table.Entry], everyone: list[libraries.Library]
) -> dict[tuple[str, str, str], table.Entry]:
    """Return the entries in the order of the list, without those that it no longer has."""
    keys = [(library.name, library.group, role) for library in everyone for role in library.roles]
    return {key: entries[key] for key in keys if key in entries}


if __name__ == "__main__":
    main()
