"""Give the package its public address: run `python .ci/address.py ADDRESS` once, when the repository has one.

This changes pyproject.toml. It adds the links that PyPI shows beside the page, and has the build turn the relative
links and pictures of the README into addresses of the same version. In the repository they stay relative.
"""

from __future__ import annotations

import sys
from pathlib import Path

PLACES = (
    ('requires = ["hatchling>=1.27"]', 'requires = ["hatch-fancy-pypi-readme>=25.1", "hatchling>=1.27"]'),
    ('readme = "README.md"\n', ""),
    ('dynamic = ["version"]\n', 'dynamic = ["readme", "version"]\n'),
)
URLS = {
    "Source": "",
    "Documentation": "/tree/main/docs",
    "Changelog": "/blob/main/CHANGELOG.md",
    "Issues": "/issues",
    "Security": "/security/policy",
}
README = """
[tool.hatch.metadata.hooks.fancy-pypi-readme]
content-type = "text/markdown"

[[tool.hatch.metadata.hooks.fancy-pypi-readme.fragments]]
path = "README.md"

[[tool.hatch.metadata.hooks.fancy-pypi-readme.substitutions]] # pictures
pattern = '(?m)^\\[([\\w-]+)\\]: (?!https:)(\\S+\\.svg)$'
replacement = '[\\1]: ADDRESS/raw/v$HFPR_VERSION/\\2'

[[tool.hatch.metadata.hooks.fancy-pypi-readme.substitutions]] # and pages
pattern = '(?m)^\\[([\\w-]+)\\]: (?!https:)(\\S+)$'
replacement = '[\\1]: ADDRESS/blob/v$HFPR_VERSION/\\2'
"""


def main(address: str) -> None:
    """Change pyproject.toml."""
    if not address.startswith("https://") or address.endswith("/"):
        sys.exit(f"an address starts with https:// and does not end with a slash: {address}")
    path = Path(__file__).parent.parent / "pyproject.toml"
    text = path.read_text(encoding="utf-8")
    for old, new in PLACES:
        if text.count(old) != 1:
            sys.exit(f"pyproject.toml has {old!r} {text.count(old)} times")
        text = text.replace(old, new)
    urls = "".join(f'{name} = "{address}{rest}"\n' for name, rest in URLS.items())
    text += f"\n[project.urls]\n{urls}{README.replace('ADDRESS', address)}"
    path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1])
