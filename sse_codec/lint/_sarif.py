"""Findings as SARIF, the format of static analysis results that GitHub, GitLab and editors read."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ._codes import CODES
from ._finding import Finding

_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"


def sarif(results: Iterable[tuple[str, Finding]]) -> str:
    """Return findings as one SARIF 2.1.0 document, a JSON text.

    Args:
        results: each finding with the path of its stream, as it should be shown; "" for standard input.

    >>> import json
    >>> from sse_codec.lint import lint, sarif
    >>> text = sarif(("streams/a.sse", finding) for finding in lint(b"retry: 0\\n\\n"))
    >>> [result] = json.loads(text)["runs"][0]["results"]
    >>> result["ruleId"], result["level"], result["locations"][0]["physicalLocation"]["region"]["startLine"]
    ('unlikely-retry', 'warning', 1)
    """
    import json

    from sse_codec import __version__

    rules = [
        {
            "id": code.name,
            "shortDescription": {"text": code.title},
            "fullDescription": {"text": code.explanation},
            "help": {"text": f"{code.effect}; {code.fix}"},
            "defaultConfiguration": {"level": code.severity},
        }
        for code in CODES.values()
    ]
    driver = {"name": "sse-codec", "version": __version__, "rules": rules}
    document = {
        "$schema": _SCHEMA,
        "version": "2.1.0",
        "runs": [{"tool": {"driver": driver}, "results": [_result(file, finding) for file, finding in results]}],
    }
    return json.dumps(document, ensure_ascii=False, indent=2)


def _result(file: str, finding: Finding) -> dict[str, Any]:
    result: dict[str, Any] = {
        "ruleId": finding.code,
        "level": finding.severity,
        "message": {"text": f"{finding.what}: {finding.effect}; {finding.fix}"},
        "occurrenceCount": finding.count,
    }
    region = {"startLine": finding.line, "startColumn": finding.column, "byteOffset": finding.offset}
    location: dict[str, Any] = {"region": region}
    if file:
        import urllib.parse

        location["artifactLocation"] = {"uri": urllib.parse.quote(file.replace("\\", "/"), errors="surrogateescape")}
    else:
        location["artifactLocation"] = {"uri": "stdin"}
    result["locations"] = [{"physicalLocation": location}]
    return result
