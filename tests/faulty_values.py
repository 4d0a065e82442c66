"""Changes that faulty code makes to values, each with the rules that a report may name.

`faulty_consumers` makes them to values that it has read, `faulty_producers` to values that it sends.
"""

# Rules about lambdas are off here: pyright can't infer the parameter types of lambdas in these tables.
# pyright: reportUnknownLambdaType=false, reportUnknownMemberType=false
# pyright: reportUnknownArgumentType=false, reportUnknownVariableType=false

from __future__ import annotations

import contextlib
import html
import json
import re
import string
import unicodedata
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import quote, quote_plus, unquote, unquote_plus

if TYPE_CHECKING:
    from collections.abc import Callable


class Change(NamedTuple):
    """A change that code makes to a value that it should pass on unchanged."""

    function: Callable[[str], str]
    rules: set[str]


#: The rules for a change of plain letters, which any value of the field shows.
PLAIN = {"data", "event", "id"}
_SPACES = "\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000"
_JAVASCRIPT = f"\t\n\v\f\r {_SPACES}\ufeff"
_GO = f"\t\n\v\f\r \x85{_SPACES}"


def _if_possible(function: Callable[[str], object]) -> Callable[[str], str]:
    """Apply the function, and leave values alone for which it raises."""

    def change(value: str) -> str:
        with contextlib.suppress(Exception):
            return str(function(value))
        return value

    return change


def _removing(pattern: str, new: str = "") -> Callable[[str], str]:
    return lambda value: re.sub(pattern, new, value)


def _without_categories(*categories: str) -> Callable[[str], str]:
    return lambda value: "".join(each for each in value if unicodedata.category(each) not in categories)


def _normalizing(form: str) -> Callable[[str], str]:
    return lambda value: unicodedata.normalize(form, value)  # type: ignore[arg-type]  # one of the four


def _taking_for_nothing(*values: str) -> Callable[[str], str]:
    return lambda value: "" if value in values else value


def _cutting(limit: int) -> Callable[[str], str]:
    return lambda value: value[:limit]


def _refusing_over_2000(value: str) -> str:
    if len(value) > 2000:
        raise ValueError(value)
    return value


#: Changes to values of one line, in any field.
CHANGES: dict[str, Change] = {
    # Unicode
    "NormalizesToNFC": Change(_normalizing("NFC"), {"non-ascii"}),
    "NormalizesToNFD": Change(_normalizing("NFD"), {"non-ascii"}),
    "NormalizesToNFKC": Change(_normalizing("NFKC"), {"non-ascii"}),
    "NormalizesToNFKD": Change(_normalizing("NFKD"), {"non-ascii"}),
    "StripsAccents": Change(
        lambda value: _removing("[\u0300-\u036f]")(unicodedata.normalize("NFD", value)), {"non-ascii"}
    ),
    "DropsZeroWidth": Change(_removing("[\u200b-\u200d\u2060]"), {"non-ascii"}),
    "DropsJoiners": Change(_removing("\u200d"), {"non-ascii"}),
    "DropsSoftHyphens": Change(_removing("\xad"), {"non-ascii"}),
    "DropsBidiMarks": Change(_removing("[\u200e\u200f\u202a-\u202e\u2066-\u2069]"), {"non-ascii"}),
    "DropsOverrides": Change(_removing("[\u202d\u202e]"), {"non-ascii"}),
    "DropsVariationSelectors": Change(_removing("[\ufe00-\ufe0f]"), {"non-ascii"}),
    "DropsFormatCharacters": Change(_without_categories("Cf"), {"non-ascii", "late-bom"}),
    "DropsPrivateUse": Change(_without_categories("Co"), {"non-ascii"}),
    "DropsUnassigned": Change(_without_categories("Cn"), {"non-ascii"}),
    "ReplacesNoncharacters": Change(_removing("[\ufdd0-\ufdef\ufffe\uffff]", "\ufffd"), {"non-ascii"}),
    "DropsReplacementCharacters": Change(_removing("\ufffd"), {"non-ascii", "invalid-utf-8"}),
    "KnowsOnlyTheBMP": Change(_removing("[\U00010000-\U0010ffff]", "\ufffd"), {"non-ascii"}),
    "DropsEmoji": Change(_removing("[\U0001f300-\U0001faff]"), {"non-ascii"}),
    "WritesQuestionMarks": Change(lambda value: value.encode("ascii", "replace").decode(), {"non-ascii"}),
    "DropsNonASCII": Change(lambda value: value.encode("ascii", "ignore").decode(), {"non-ascii"}),
    "KnowsOnlyLatin1": Change(lambda value: value.encode("latin-1", "replace").decode("latin-1"), {"non-ascii"}),
    "KnowsOnlyCP1252": Change(lambda value: value.encode("cp1252", "replace").decode("cp1252"), {"non-ascii"}),
    "ReadsUTF8AsLatin1": Change(lambda value: value.encode("utf-8", "surrogatepass").decode("latin-1"), {"non-ascii"}),
    "MendsMojibake": Change(_if_possible(lambda value: value.encode("latin-1").decode()), {"non-ascii"}),
    "MakesQuotesStraight": Change(
        lambda value: value.translate(dict(zip(map(ord, "\u201c\u201d\u2018\u2019"), "\"\"''", strict=True))),
        {"non-ascii"},
    ),
    "WritesASCIIDigits": Change(lambda value: "".join(str(unicodedata.decimal(c, c)) for c in value), {"non-ascii"}),
    "WritesEscapes": Change(lambda value: value.encode("ascii", "backslashreplace").decode(), {"non-ascii"}),
    # case
    "Lowers": Change(str.lower, PLAIN | {"magic-value"}),
    "Uppers": Change(str.upper, PLAIN),
    "Capitalizes": Change(str.capitalize, PLAIN),
    "FoldsCaseOfValues": Change(str.casefold, PLAIN),
    "FoldsCaseBeyondASCII": Change(lambda value: value if value.isascii() else value.casefold(), {"non-ascii"}),
    # white space
    "StripsLikePython": Change(str.strip, {"padded-value"}),
    "StripsLikeBytes": Change(lambda value: value.strip(" \t\n\r\v\f"), {"padded-value"}),
    "StripsLikeJavaScript": Change(lambda value: value.strip(_JAVASCRIPT), {"padded-value"}),
    "StripsLikeGo": Change(lambda value: value.strip(_GO), {"padded-value"}),
    "StripsBeyondASCII": Change(lambda value: value.strip(_GO[6:]), {"padded-value"}),
    "StripsNBSP": Change(lambda value: value.strip("\xa0"), {"padded-value"}),
    "StripsIdeographicSpaces": Change(lambda value: value.strip("\u3000"), {"padded-value"}),
    "StripsTabs": Change(lambda value: value.strip("\t"), {"padded-value"}),
    "StripsTheEndOfSpaces": Change(lambda value: value.rstrip(" "), {"padded-value"}),
    "CollapsesSpaces": Change(_removing("  +", " "), PLAIN | {"padded-value"}),
    "CollapsesWhiteSpace": Change(_removing(r"\s+", " "), PLAIN | {"padded-value", "control-character"}),
    "TakesNBSPForASpace": Change(_removing("\xa0", " "), {"non-ascii", "padded-value"}),
    "ExpandsTabs": Change(str.expandtabs, {"control-character", "padded-value"}),
    "StripsBOMs": Change(lambda value: value.strip("\ufeff"), {"late-bom"}),
    "StripsQuotes": Change(lambda value: value.strip("\"'"), {"special-character", "magic-value"}),
    # control characters
    "DropsControls": Change(_removing("[\x01-\x08\x0e-\x1f\x7f]"), {"control-character"}),
    "DropsDEL": Change(_removing("\x7f"), {"control-character"}),
    "DropsESC": Change(_removing("\x1b(\\[[0-9;]*m)?"), {"control-character"}),
    "DropsC1": Change(_removing("[\x80-\x84\x86-\x9f]"), {"control-character"}),
    "StopsAtSUB": Change(lambda value: value.partition("\x1a")[0], {"control-character"}),
    "DropsNULAtTheEnd": Change(lambda value: value.rstrip("\0"), {"nul", "id-with-null"}),
    "StopsAtNUL": Change(lambda value: value.partition("\0")[0], {"nul", "id-with-null"}),
    # escapes
    "EscapesHTML": Change(html.escape, {"special-character"}),
    "EscapesTags": Change(lambda value: html.escape(value, quote=False), {"special-character"}),
    "UnescapesHTML": Change(html.unescape, {"special-character"}),
    "UnescapesAmp": Change(lambda value: value.replace("&amp;", "&"), {"special-character"}),
    "UnescapesNumericReferences": Change(_removing("&#[0-9]+;", "?"), {"special-character"}),
    "StripsTags": Change(_removing("<[^>]*>"), {"special-character"}),
    "StripsHTMLComments": Change(_removing("<!--.*?-->"), {"special-character"}),
    "QuotesURLs": Change(lambda value: quote(value, safe="", errors="surrogatepass"), PLAIN),
    "QuotesForms": Change(lambda value: quote_plus(value, errors="surrogatepass"), PLAIN),
    "UnquotesURLs": Change(unquote, {"special-character"}),
    "UnquotesForms": Change(unquote_plus, {"special-character"}),
    "ReadsPlusAsSpace": Change(lambda value: value.replace("+", " "), {"special-character", "magic-value"}),
    "UnescapesBackslashN": Change(lambda value: value.replace("\\n", " "), {"special-character"}),
    "UnescapesUnicode": Change(_removing(r"\\u[0-9a-f]{4}", "?"), {"special-character", "magic-value"}),
    "UnescapesHex": Change(_removing(r"\\x[0-9a-f]{2}", "?"), {"special-character"}),
    "StripsSlashes": Change(_removing(r"\\(.?)", r"\1"), {"special-character"}),
    "DoublesSlashes": Change(lambda value: value.replace("\\", "\\\\"), {"special-character"}),
    "EscapesQuotes": Change(lambda value: value.replace("'", "''"), {"special-character"}),
    "EscapesLikeJSON": Change(lambda value: json.dumps(value, ensure_ascii=False)[1:-1], {"special-character"}),
    "TakesPercentForAFormat": Change(_if_possible(lambda value: value % ()), {"special-character"}),
    "FailsAtPercents": Change(lambda value: value % (), {"special-character"}),
    "FailsAtBraces": Change(lambda value: value.format(), {"special-character", "magic-value"}),
    "FillsTemplates": Change(lambda value: string.Template(value).safe_substitute(a="1"), {"special-character"}),
    "FillsBraces": Change(_removing(r"\{\{.*?\}\}"), {"special-character"}),
    "ExpandsShellVariables": Change(_removing(r"\$[a-zA-Z0-9]+"), {"special-character"}),
    "StripsBackticks": Change(lambda value: value.replace("`", ""), {"special-character"}),
    "SplitsAtCommas": Change(lambda value: value.partition(",")[0], {"special-character", "magic-value"}),
    "SplitsAtSemicolons": Change(lambda value: value.partition(";")[0], {"special-character"}),
    "StripsHashes": Change(lambda value: value.partition("#")[0], {"special-character"}),
    "SplitsAtEqualsSigns": Change(lambda value: value.rpartition("=")[2], {"special-character"}),
    "JoinsSlashes": Change(_removing("//+", "/"), {"special-character", "colon"}),
    # special meanings of values
    "ReadsNumbers": Change(_if_possible(int), {"magic-value"}),
    "ReadsFloats": Change(_if_possible(lambda value: f"{float(value):g}"), {"magic-value"}),
    "ReadsLongNumbers": Change(
        _if_possible(lambda value: int(float(value)) if len(value) > 15 else value), {"magic-value"}
    ),
    "StripsZeros": Change(lambda value: value.lstrip("0") or value[-1:], PLAIN | {"magic-value"}),
    "ReadsJSON": Change(_if_possible(lambda value: json.dumps(json.loads(value))), {"magic-value"}),
    "TakesZeroForNothing": Change(_taking_for_nothing("0"), {"magic-value"}),
    "TakesNullForNothing": Change(_taking_for_nothing("null"), {"magic-value"}),
    "TakesNoneForNothing": Change(_taking_for_nothing("None", "nil", "undefined"), {"magic-value"}),
    "TakesFalseForNothing": Change(_taking_for_nothing("false", "False"), {"magic-value"}),
    "TakesTrueForOne": Change(lambda value: {"true": "1", "True": "1"}.get(value, value), {"magic-value"}),
    "RefusesPrototypes": Change(_taking_for_nothing("__proto__", "constructor"), {"magic-value"}),
    "ReadsInheritedNames": Change(_taking_for_nothing("toString", "hasOwnProperty"), {"magic-value"}),
    "TakesPingForNothing": Change(_taking_for_nothing("ping", "heartbeat"), {"magic-value"}),
    "TakesFieldNamesForNothing": Change(_taking_for_nothing("data", "id"), {"magic-value"}),
    # length
    **{f"CutsAt{limit}": Change(_cutting(limit), {"long"}) for limit in (64, 100, 255, 1000, 4095, 16_384)},
    "CutsBytesAt1024": Change(
        lambda value: value.encode("utf-8", "surrogatepass")[:1024].decode("utf-8", "ignore"), {"long"}
    ),
    "LosesOneOf4096": Change(lambda value: value[:-1] if len(value) == 4096 else value, {"long"}),
    "LosesOneOf256": Change(
        lambda value: value[:-1] if len(value) % 256 == 0 else value, {"long", "empty-data", "empty-id"}
    ),
    "RefusesOver2000": Change(_refusing_over_2000, {"long"}),
}

#: Changes that only values longer than most ids and types show.
LARGE_CHANGES = {
    **{f"CutsAt{limit}": Change(_cutting(limit), {"long"}) for limit in (65_535, 131_072, 1_048_576)},
}

#: The changes that are made to ids and to types. Data gets all of them.
OF_IDS = [
    *(
        "NormalizesToNFC",
        "Lowers",
        "StripsLikePython",
        "StripsLikeJavaScript",
        "StripsQuotes",
        "DropsControls",
        "UnquotesURLs",
    ),
    *("ReadsNumbers", "ReadsFloats", "ReadsLongNumbers", "StripsZeros", "TakesZeroForNothing", "TakesNullForNothing"),
    *("CutsAt64", "CutsAt255", "CutsAt4095", "UnescapesHTML", "SplitsAtCommas", "WritesQuestionMarks"),
]
OF_TYPES = [
    *("NormalizesToNFKC", "Lowers", "Capitalizes", "StripsLikePython", "StripsNBSP", "DropsZeroWidth", "UnquotesURLs"),
    *("ReadsNumbers", "RefusesPrototypes", "ReadsInheritedNames", "TakesPingForNothing", "TakesFieldNamesForNothing"),
    *("CutsAt64", "CutsAt100", "CutsAt1000", "UnescapesHTML", "StopsAtNUL", "SplitsAtSemicolons", "DropsEmoji"),
]
