"""What the site needs beyond Sphinx: its navigation, docstrings in Markdown, and a look at every link at the end."""

from __future__ import annotations

import inspect
import re
import shutil
import textwrap
from html.parser import HTMLParser
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from sphinx.domains.python import PyObject
from sphinx.util import logging

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sphinx.application import Sphinx

LOG = logging.getLogger(__name__)
ROOT = Path(__file__).parents[2]

#: A heading of the navigation, and its pages in order.
NAVIGATION = {
    "Read": ["docs/reading", "docs/resuming", "docs/migrating", "docs/proxies", "docs/pyodide"],
    "Serve": ["docs/serving", "docs/gateway"],
    "Find faults": [
        "docs/lint",
        "docs/command-line",
        "docs/testing",
        "docs/conformance-suite",
        "docs/rules",
        "docs/vectors",
        "docs/fuzz-protocol",
    ],
    "Know": [
        "docs/security",
        "docs/disputed-cases",
        "docs/conformance",
        "docs/world",
        "docs/performance",
        "docs/adopting",
        "docs/compatibility",
    ],
    "Reference": [f"docs/site/api/{name}" for name in ("sse_codec", "clients", "serving", "resume", "lint", "testing")],
    "Project": ["CHANGELOG", "CONTRIBUTING", "SECURITY", "tests/README", "benchmarks/README"],
}
#: Pages that stand in no list, but under another page.
BELOW = {
    "tests/README": sorted(f"tests/{page.parent.name}/README" for page in ROOT.glob("tests/*/README.md")),
    "benchmarks/README": sorted(f"benchmarks/results/{page.stem}" for page in ROOT.glob("benchmarks/results/*.md")),
}


def add_navigation(app: Sphinx, page: str, source: list[str]) -> None:
    """Write the lists of pages below the front page, where a code host would show them as text.

    A guide that has no place in them yet comes last.
    """
    if page == app.config.root_doc:
        placed = {name for names in NAVIGATION.values() for name in names}
        guides = {name for name in app.project.docnames if re.fullmatch(r"docs/[\w-]+", name)}
        more = sorted(guides - placed)
        for heading, names in (NAVIGATION | {"More": more}).items():
            source[0] += toctree(app, heading, names)
    source[0] += toctree(app, "", BELOW.get(page, []))


def toctree(app: Sphinx, heading: str, names: Iterable[str]) -> str:
    listed = "\n".join(f"/{name}" for name in names if name in app.project.docnames)
    caption = f":caption: {heading}\n" if heading else ""
    return f"\n\n```{{toctree}}\n:hidden:\n{caption}\n{listed}\n```\n" if listed else ""


def public_names() -> dict[str, tuple[str, object]]:
    """Return each public name as docstrings use it, with its full name and what it stands for."""
    found: dict[str, tuple[str, object]] = {}
    for page in NAVIGATION["Reference"]:
        name = page.rpartition("/")[2]
        if name != "sse_codec":
            name = f"sse_codec.{name}"
        module = import_module(name)
        own = [each for each, value in vars(module).items() if getattr(value, "__module__", None) == name]
        for each in getattr(module, "__all__", [each for each in own if not each.startswith("_")]):
            found.setdefault(each, (f"{name}.{each}", getattr(module, each)))
    return found


PUBLIC = public_names()


def to_rst(_app: Sphinx, what: str, name: str, obj: object, _options: Any, lines: list[str]) -> None:
    """Take a docstring from Markdown to what Sphinx reads: `code`, and a link where the code is a public name."""
    scope: object = obj
    if what in {"method", "property"}:
        module, owner, _ = name.rsplit(".", 2)
        scope = getattr(import_module(module), owner)

    def mark(match: re.Match[str]) -> str:
        code = " ".join(match[1].split())
        found = target(code, scope)
        marked = f":py:obj:`{code} <{found}>`" if found and found != name else f"``{code}``"
        return f"{marked}\\ {match[2]}" if match[2] else marked  # as of an "s" behind it

    rst: list[str] = []
    for paragraph in "\n".join(lines).split("\n\n"):
        if paragraph.lstrip().startswith(">>>"):  # it may hold anything, a heading or a `quote`
            indent = paragraph[: paragraph.index(">")]
            rst += [f"{indent}.. code-block:: pycon", "", *textwrap.indent(paragraph, "   ").split("\n"), ""]
        else:
            rst += [*re.sub(r"(?<![`:])`([^`]+)`(?!`)(\w?)", mark, paragraph).split("\n"), ""]
    if what == "property":
        rst[0] = f": {rst[0]}"  # else napoleon takes what stands before a colon in it for a type
    lines[:] = rst


def plain_signature(
    _app: Sphinx, _what: str, _name: str, _obj: object, _options: Any, signature: str | None, returns: str | None
) -> tuple[str | None, str | None]:
    """Write a signature as the source has it: aliases of types by their names, and no place where a value should be."""

    def plain(text: str | None) -> str | None:
        return text and re.sub(r"TypeAliasForwardRef\('([^']+)'\)", r"\1", text).replace("<factory>", "...")

    return plain(signature), plain(returns)


def target(code: str, scope: object) -> str | None:
    """Return the full name of what `code` means in the docstring of `scope`; None if these pages do not describe it."""
    name, _, member = code.removesuffix("()").partition(".")
    if not member and isinstance(scope, type) and has_entry(scope, name):
        return f"{scope.__module__}.{scope.__qualname__}.{name}"
    full, value = PUBLIC.get(name, (None, None))
    if not full or not (inspect.isroutine(value) or isinstance(value, type)):
        return None
    if member:
        return f"{full}.{member}" if has_entry(value, member) else None
    return full


def has_entry(owner: object, member: str) -> bool:
    """Whether a class has a public method or property of this name with a docstring."""
    if member.startswith("_") or not member.isidentifier():
        return False
    value = inspect.getattr_static(owner, member, None)
    return (inspect.isroutine(value) or isinstance(value, property)) and bool(value.__doc__)


class Page(HTMLParser):
    """What a page links to, and the anchors that it has."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: set[str] = set()
        self.anchors: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value for name, value in attrs if value}
        self.links.update(found[name] for name in ("href", "src") if name in found and tag != "link")
        self.anchors.update(found[name] for name in ("id", "name") if name in found)


def check(app: Sphinx, exception: Exception | None) -> None:
    """Warn of each link that leads nowhere, and each public name that no page describes."""
    if exception or app.builder.name != "html":
        return
    folder = Path(app.outdir)
    shutil.copyfile(folder / f"{app.config.root_doc}.html", folder / "index.html")  # where a browser looks first
    made = [path for path in folder.rglob("*.html") if path.relative_to(folder).parts[0] != "_downloads"]
    pages = {path.resolve(): Page(path.read_text("utf-8")) for path in made}
    for path, page in pages.items():
        for link in page.links:
            to = urlsplit(link)
            if to.scheme or to.netloc:
                continue
            where = (path.parent / unquote(to.path)).resolve() if to.path else path
            anchor = where in pages and unquote(to.fragment)
            if not where.is_file() or (anchor and anchor not in pages[where].anchors):
                LOG.warning("%s has a link that leads nowhere: %s", path.relative_to(folder.resolve()), link)
    described = {entry[0] for entry in app.env.get_domain("py").get_objects()}
    for full, _ in PUBLIC.values():
        if full not in described:
            LOG.warning("no page under docs/site/api describes %s", full)


def setup(app: Sphinx) -> dict[str, bool]:
    for field in PyObject.doc_field_types:
        if field.name == "variable":
            field.label = "Attributes"  # Sphinx calls them variables
    app.connect("source-read", add_navigation)
    app.connect("autodoc-process-docstring", to_rst, priority=400)  # napoleon comes after it
    app.connect("autodoc-process-signature", plain_signature)
    app.connect("build-finished", check)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
