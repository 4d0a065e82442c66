"""Check the built distributions: `python .ci/dist.py FOLDER`, after `python -m build --outdir FOLDER`, in a clone.

The wheel must be pure Python and contain exactly the package. The sdist must contain everything that a packager needs
to test it. Their metadata must match pyproject.toml and the package. If the package has a public address
(`address.py`), every link of its page on PyPI must be absolute.
"""

from __future__ import annotations

import email
import re
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

ROOT = Path(__file__).parent.parent
BESIDE = {
    ".pre-commit-hooks.yaml",
    "CHANGELOG.md",
    "CITATION.cff",
    "CONTRIBUTING.md",
    "LICENSE",
    "README.md",
    "SECURITY.md",
    "pyproject.toml",
    ".gitignore",
}


def tracked(*folders: str) -> set[str]:
    listed = subprocess.run(["git", "ls-files", *folders], cwd=ROOT, capture_output=True, check=True, text=True)
    return set(listed.stdout.splitlines())


def check_page(text: str) -> None:
    """Render the page as PyPI does, and check that its links and pictures are absolute."""
    from readme_renderer import markdown

    drawn = markdown.render(text)
    assert drawn
    links = re.findall(r'(?:href|src)="([^"]*)"', drawn)
    assert len(links) > 20, links
    relative = [link for link in links if not link.startswith(("https://", "#"))]
    assert not relative, relative


def main(folder: Path) -> None:
    """Fail with an AssertionError if anything is wrong."""
    [wheel], [sdist] = folder.glob("*.whl"), folder.glob("*.tar.gz")
    [version] = re.findall(r'^__version__ = "(.+)"$', (ROOT / "sse_codec/__init__.py").read_text(), re.MULTILINE)
    assert wheel.name == f"sse_codec-{version}-py3-none-any.whl", wheel.name
    assert sdist.name == f"sse_codec-{version}.tar.gz", sdist.name

    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
        metadata = email.message_from_bytes(archive.read(f"sse_codec-{version}.dist-info/METADATA"))
    about = ("METADATA", "RECORD", "WHEEL", "entry_points.txt", "licenses/LICENSE")
    expected = tracked("sse_codec") | {f"sse_codec-{version}.dist-info/{name}" for name in about}
    assert names == expected, names ^ expected

    with tarfile.open(sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    expected = tracked("sse_codec", "tests", "benchmarks", "docs") | BESIDE | {"PKG-INFO"}
    assert names == expected, names ^ expected

    assert metadata["Version"] == version
    assert metadata["License-Expression"] == "MIT"
    assert metadata.get_all("License-File") == ["LICENSE"]
    assert f"\nversion: {version}\n" in (ROOT / "CITATION.cff").read_text()
    page = metadata.get_payload(decode=True)
    assert isinstance(page, bytes)
    if urls := metadata.get_all("Project-URL"):
        check_page(page.decode())
        print(*urls, sep="\n")
    else:
        assert page == (ROOT / "README.md").read_bytes()
    needed = [need for need in metadata.get_all("Requires-Dist", []) if "extra ==" not in need]
    assert not needed, needed
    for path in (wheel, sdist):
        print(f"{path.name}: {path.stat().st_size:,} bytes")
    print(f"{len(tracked('sse_codec'))} files of the package, nothing else")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
