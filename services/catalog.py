"""The operator's catalogue: what people report, who answers for it, who pays, which words mean it."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType
from typing import TypeVar

SHIPPED = Path(__file__).with_name("catalog.toml")
LOCALES = ("zh_Hans", "zh_Hant", "en")
FALLBACK: Mapping[str, str] = MappingProxyType({"zh_Hant": "zh_Hans", "en": "zh_Hans"})

_REQUIRED = frozenset({"kind", "department", "skill", "payer", "warranty_days", "label", "words"})
_OPTIONAL = frozenset({"public", "first_aid", "where", "tools"})
_Code = TypeVar("_Code", bound=StrEnum)


class CatalogError(ValueError):
    """The catalogue file can't be used; the message is one line for the operator."""


class Kind(StrEnum):
    """What sort of request a category is."""

    REPAIR = "repair"
    COMPLAINT = "complaint"
    INQUIRY = "inquiry"
    SUGGESTION = "suggestion"
    PRAISE = "praise"


class Payer(StrEnum):
    """Who usually pays; "warranty" is free while it lasts and quoted afterwards."""

    FREE = "free"
    WARRANTY = "warranty"
    QUOTED = "quoted"


class Department(StrEnum):
    """Which department answers for the work."""

    ENGINEERING = "engineering"
    DESK = "desk"
    SECURITY = "security"
    CLEANING = "cleaning"
    GREENING = "greening"
    FINANCE = "finance"


@dataclass(frozen=True, slots=True)
class Category:
    """One matter of the catalogue; texts are kept per locale, an absent text is an empty mapping."""

    key: str
    kind: Kind
    labels: Mapping[str, str]
    department: Department
    skill: str
    public: bool | None  # True: always a public area; False: always inside a home; None: either
    payer: Payer
    warranty_days: int
    first_aid: Mapping[str, str]
    where: Mapping[str, str]
    tools: Mapping[str, str]
    words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Catalog:
    """All categories by key, in the order of the file."""

    categories: Mapping[str, Category]

    def label(self, key: str, locale: str) -> str:
        """Say the name of a category in a locale, or in the nearest one there is."""
        return said(self.categories[key].labels, locale)


def said(texts: Mapping[str, str], locale: str) -> str:
    """Pick the text of a locale, falling back to simplified Chinese; empty when there is none."""
    return texts.get(locale) or texts.get(FALLBACK.get(locale, "zh_Hans"), "")


def load(path: Path | None = None) -> Catalog:
    """Read a catalogue file, by default the shipped one; CatalogError names what is wrong in it."""
    source = path or SHIPPED
    try:
        document = tomllib.loads(source.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise CatalogError(f"{source}: cannot be read as TOML: {error}") from error
    extra = sorted(set(document) - {"categories"})
    if extra:
        raise _wrong(source, extra[0], "an unknown table", "categories")
    tables = document.get("categories")
    if not isinstance(tables, dict) or not tables:
        raise _wrong(source, "categories", tables, "a table with at least one category")
    return Catalog(
        MappingProxyType({key: _category(source, key, table) for key, table in tables.items()}),
    )


def _category(source: Path, key: str, table: object) -> Category:
    """Read one category and refuse whatever is missing, unknown or of the wrong type."""
    at = f"categories.{key}"
    if not isinstance(table, dict):
        raise _wrong(source, at, table, "a table")
    for name in sorted(_REQUIRED - set(table)):
        raise _wrong(source, f"{at}.{name}", "nothing", "a value")
    for name in sorted(set(table) - _REQUIRED - _OPTIONAL):
        raise _wrong(source, f"{at}.{name}", table[name], "one of " + ", ".join(sorted(_REQUIRED | _OPTIONAL)))
    labels = _texts(source, f"{at}.label", table["label"])
    if not labels:
        raise _wrong(source, f"{at}.label", "nothing", "a text in " + ", ".join(LOCALES))
    return Category(
        key=key,
        kind=_code(source, f"{at}.kind", table["kind"], Kind),
        labels=labels,
        department=_code(source, f"{at}.department", table["department"], Department),
        skill=_line(source, f"{at}.skill", table["skill"]),
        public=_either(source, f"{at}.public", table.get("public")),
        payer=_code(source, f"{at}.payer", table["payer"], Payer),
        warranty_days=_days(source, f"{at}.warranty_days", table["warranty_days"]),
        first_aid=_texts(source, f"{at}.first_aid", table.get("first_aid", {})),
        where=_texts(source, f"{at}.where", table.get("where", {})),
        tools=_texts(source, f"{at}.tools", table.get("tools", {})),
        words=_words(source, f"{at}.words", table["words"]),
    )


def _code(source: Path, at: str, found: object, codes: type[_Code]) -> _Code:
    """Read one of a fixed set of codes."""
    allowed = {str(code): code for code in codes}
    if not isinstance(found, str) or found not in allowed:
        raise _wrong(source, at, found, "one of " + ", ".join(allowed))
    return allowed[found]


def _line(source: Path, at: str, found: object) -> str:
    """Read one line of text that is not empty."""
    if not isinstance(found, str) or not found.strip() or "\n" in found:
        raise _wrong(source, at, found, "one line of text")
    return found.strip()


def _either(source: Path, at: str, found: object) -> bool | None:
    """Read true, false, or left out."""
    if found is not None and not isinstance(found, bool):
        raise _wrong(source, at, found, "true, false, or left out")
    return found


def _days(source: Path, at: str, found: object) -> int:
    """Read a whole number of days."""
    if isinstance(found, bool) or not isinstance(found, int) or found < 0:
        raise _wrong(source, at, found, "a whole number of days, 0 or more")
    return found


def _texts(source: Path, at: str, found: object) -> Mapping[str, str]:
    """Read a text in every language, or in none."""
    if not isinstance(found, dict):
        raise _wrong(source, at, found, "a text in each of " + ", ".join(LOCALES))
    if found and set(found) != set(LOCALES):
        odd = sorted(set(found) ^ set(LOCALES))
        raise _wrong(source, at, "a missing or unknown language " + ", ".join(odd), ", ".join(LOCALES))
    return MappingProxyType(
        {locale: _line(source, f"{at}.{locale}", found[locale]) for locale in LOCALES if locale in found},
    )


def _words(source: Path, at: str, found: object) -> tuple[str, ...]:
    """Read the list of words."""
    if not isinstance(found, list):
        raise _wrong(source, at, found, "a list of words")
    return tuple(_line(source, at, word) for word in found)


def _wrong(source: Path, at: str, found: object, allowed: str) -> CatalogError:
    """Say in one line what stands where, and what may stand there."""
    shown = " ".join(repr(found).split())
    return CatalogError(f"{source}: {at}: found {shown[:80]}, allowed: {allowed}")
