"""Reading the operator's catalogue file: whatever does not fit is refused in one line that names it."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeVar

LOCALES = ("zh_Hans", "zh_Hant", "en")
LONGEST_SHOWN = 80

_Code = TypeVar("_Code", bound=StrEnum)


class CatalogError(ValueError):
    """The catalogue file can't be used; the message is one line for the operator."""


@dataclass(frozen=True, slots=True)
class Table:
    """A table of the file with its place in it, read key by key; a key left out gives the fallback."""

    source: Path
    at: str
    entries: Mapping[str, Any]

    def only(self, *, required: Iterable[str] = (), optional: Iterable[str] = ()) -> None:
        """Refuse a key that is missing and one that nobody knows."""
        needed = frozenset(required)
        allowed = needed | frozenset(optional)
        for name in sorted(needed - set(self.entries)):
            raise self.wrong(name, "nothing", "a value")
        for name in sorted(set(self.entries) - allowed):
            raise self.wrong(name, self.entries[name], "one of " + ", ".join(sorted(allowed)))

    def tables(self, name: str) -> Iterator[tuple[str, Table]]:
        """Yield the tables below a key, in the order of the file."""
        found = self.entries.get(name, {})
        if not isinstance(found, dict):
            raise self.wrong(name, found, "a table of tables")
        below = Table(self.source, self._place(name), found)
        yield from ((key, below.table(key)) for key in found)

    def table(self, name: str) -> Table:
        """Read the table below a key."""
        found = self.entries[name]
        if not isinstance(found, dict):
            raise self.wrong(name, found, "a table")
        return Table(self.source, self._place(name), found)

    def rows(self, name: str) -> Iterator[Table]:
        """Yield the tables of a list below a key."""
        found = self.entries[name]
        if not isinstance(found, list):
            raise self.wrong(name, found, "a list of tables")
        for number, row in enumerate(found, start=1):
            place = f"{name}[{number}]"
            if not isinstance(row, dict):
                raise self.wrong(place, row, "a table")
            yield Table(self.source, self._place(place), row)

    def code(self, name: str, codes: type[_Code], fallback: _Code | None = None) -> _Code:
        """Read one of a fixed set of codes."""
        found = self.entries.get(name, fallback)
        allowed = {str(code): code for code in codes}
        if not isinstance(found, str) or found not in allowed:
            raise self.wrong(name, found, "one of " + ", ".join(code or '""' for code in allowed))
        return allowed[found]

    def line(self, name: str, *, empty: bool = False) -> str:
        """Read one line of text; an empty one, or none, only where that means something."""
        return self._line(name, self.entries.get(name, "" if empty else None), empty=empty)

    def flag(self, name: str) -> bool | None:
        """Read true, false, or left out."""
        found = self.entries.get(name)
        if found is not None and not isinstance(found, bool):
            raise self.wrong(name, found, "true, false, or left out")
        return found

    def days(self, name: str, fallback: int) -> int:
        """Read a whole number of days."""
        return self._whole(name, self.entries.get(name, fallback), 0, "a whole number of days, 0 or more")

    def deadline(self, name: str, fallback: int | None) -> int | None:
        """Read a number of days within which something is due, if there is one."""
        found = self.entries.get(name, fallback)
        return None if found is None else self._whole(name, found, 1, "a whole number of days, 1 or more")

    def cents(self, name: str) -> int:
        """Read a sum of money."""
        return self._whole(name, self.entries.get(name, 0), 0, "a sum in whole cents, 0 or more")

    def texts(self, name: str, *, required: bool = False) -> Mapping[str, str]:
        """Read a text in every language, or in none."""
        found = self.entries.get(name, {})
        if not isinstance(found, dict):
            raise self.wrong(name, found, "a text in each of " + ", ".join(LOCALES))
        if required and not found:
            raise self.wrong(name, "nothing", "a text in " + ", ".join(LOCALES))
        if found and set(found) != set(LOCALES):
            odd = sorted(set(found) ^ set(LOCALES))
            raise self.wrong(name, "a missing or unknown language " + ", ".join(odd), ", ".join(LOCALES))
        return MappingProxyType(
            {locale: self._line(f"{name}.{locale}", found[locale]) for locale in LOCALES if locale in found},
        )

    def words(self, name: str) -> tuple[str, ...]:
        """Read a list of words."""
        found = self.entries.get(name, [])
        if not isinstance(found, list):
            raise self.wrong(name, found, "a list of words")
        return tuple(self._line(name, word) for word in found)

    def wrong(self, name: str, found: object, allowed: str) -> CatalogError:
        """Say in one line what stands where, and what may stand there."""
        shown = " ".join(repr(found).split())
        return CatalogError(f"{self.source}: {self._place(name)}: found {shown[:LONGEST_SHOWN]}, allowed: {allowed}")

    def _place(self, name: str) -> str:
        return f"{self.at}.{name}" if self.at else name

    def _line(self, name: str, found: object, *, empty: bool = False) -> str:
        if not isinstance(found, str) or len(found.splitlines()) > 1 or not (found.strip() or empty):
            raise self.wrong(name, found, "one line of text" + (', or ""' if empty else ""))
        return found.strip()

    def _whole(self, name: str, found: object, least: int, allowed: str) -> int:
        if isinstance(found, bool) or not isinstance(found, int) or found < least:
            raise self.wrong(name, found, allowed)
        return found


def opened(source: Path) -> Table:
    """Read a file as TOML."""
    try:
        document = tomllib.loads(source.read_bytes().decode("utf-8-sig"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as error:
        why = " ".join(str(error).split())
        raise CatalogError(f"{source}: cannot be read as TOML: {why}") from error
    return Table(source, "", document)
