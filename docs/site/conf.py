"""The site: README.md, docs/ and the pages of the API, made by Sphinx. CONTRIBUTING.md has the command.

The pages are the repository's own Markdown files, at their own places. So a link between two of them works here as it
does on a code host. Only the pages under docs/site/api are the site's own; docstrings fill them.
"""

from __future__ import annotations

import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parents[1])]  # the docstrings of this checkout, whatever is installed

import sse_codec  # noqa: E402  # from there

project = "sse-codec"
author = project_copyright = "The sse-codec authors"
version = release = sse_codec.__version__

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "sphinx_copybutton", "site_extension"]
root_doc = "README"
include_patterns = [
    "*.md",
    "docs/*.md",
    "docs/site/api/*.md",
    "benchmarks/**.md",
    "tests/README.md",
    "tests/*/README.md",
]

smartquotes = False  # "" is a value here

# Markdown
myst_heading_anchors = 4  # headings have the anchors that a code host gives them
suppress_warnings = ["myst.header"]  # a page may skip a level

# Python
autodoc_member_order = "bysource"
autodoc_default_options = {"inherited-members": "object, tuple, BaseException, Exception, OSError"}
autodoc_type_aliases = {name: f"sse_codec.{name}" for name in ("AsyncChunks", "Chunks", "Line", "OnEOF", "Until")} | {
    "Sendable": "sse_codec.serving.Sendable"
}
napoleon_use_ivar = True  # "Attributes:" makes a list, and no second entry beside a property's own
python_use_unqualified_type_names = True
python_maximum_signature_line_length = 100
toc_object_entries_show_parents = "hide"
nitpicky = True
# Neither other people's pages nor what is private is here.
nitpick_ignore_regex = [("py:.*", r"(?!sse_codec).*"), ("py:.*", r".*\._.*")]

# HTML
html_theme = "furo"
html_title = f"sse-codec {version}"
html_static_path = ["static"]
html_css_files = ["site.css"]
html_copy_source = False
html_show_sphinx = False
pygments_style = "a11y-high-contrast-light"
pygments_dark_style = "a11y-high-contrast-dark"
copybutton_exclude = ".linenos, .gp, .go"  # of a session only what was typed
html_theme_options = {
    "light_css_variables": {"color-code-background": "#f4f6f9"},
    "dark_css_variables": {"color-code-background": "#1d2127"},
}
