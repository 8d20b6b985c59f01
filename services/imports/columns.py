"""What the columns of files are called and how their cells are read: the data file, compiled once."""

from __future__ import annotations

import tomllib
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path

SHIPPED = Path(__file__).with_name("columns.toml")


class Kind(StrEnum):
    """What a file is of."""

    UNITS = "units"
    OWNERS = "owners"
    PARKING = "parking"
    BILLS = "bills"
    PAYMENTS = "payments"
    METERS = "meters"
    BALANCES = "balances"


UNIT_PARTS = ("building", "entrance", "room")


@dataclass(frozen=True, slots=True)
class Sort:
    """What a kind of file needs and may have."""

    needs: Sequence[str]
    telling: frozenset[str]  # fields that other kinds seldom have
    fields: Sequence[str]
    words: Sequence[str]


@dataclass(frozen=True, slots=True)
class Columns:
    """Everything of the data file."""

    sorts: Mapping[Kind, Sort]
    reads: Mapping[str, str]  # field → how its cells are read
    called: Mapping[str, Sequence[str]]  # field → its words, the first is ours
    titles: Mapping[Kind, Mapping[str, str]]  # kind → folded word → field
    codes: Mapping[str, Mapping[str, str]]  # way of reading → folded word → code
    marks: Sequence[str]  # what may stand beside a figure
    endings: Sequence[str]  # of the parts of a unit's name
    totals: frozenset[str]
    nothing: frozenset[str]

    def label(self, field: str) -> str:
        """Return what we call a column ourselves."""
        return self.called[field][0]

    def word(self, reads: str, code: str) -> str:
        """Return the word that stands for a code in our own files."""
        return next(word for word, known in self.codes[reads].items() if known == code)


def folded(text: str) -> str:
    """Return a text as it is compared: one width, one case, no marks and no spaces."""
    plain = unicodedata.normalize("NFKC", text).casefold()
    return plain if plain.isalnum() else "".join(sign for sign in plain if sign.isalnum())


@cache
def shipped() -> Columns:
    """Read the data file, once."""
    found = tomllib.loads(SHIPPED.read_text(encoding="utf-8"))
    codes = {
        reads: {folded(word): code for code, words in by_code.items() for word in words}
        for reads, by_code in found["codes"].items()
    }
    sorts = {
        Kind(name): Sort(tuple(one["needs"]), frozenset(one["telling"]), tuple(one["fields"]), tuple(one["words"]))
        for name, one in found["kinds"].items()
    }
    called = {name: tuple(one["words"]) for name, one in found["fields"].items()}
    titles = {
        kind: {folded(word): field for field in reversed(sort.fields) for word in called[field]}
        for kind, sort in sorts.items()
    }
    return Columns(
        sorts,
        {name: one["as"] for name, one in found["fields"].items()},
        called,
        titles,
        codes,
        tuple(unicodedata.normalize("NFKC", mark).lower() for mark in found["rows"]["marks"]),
        tuple(found["rows"]["endings"]),
        frozenset(map(folded, found["rows"]["totals"])),
        frozenset(word.casefold() for word in found["rows"]["nothing"]),
    )
