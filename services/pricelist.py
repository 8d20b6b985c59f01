"""Finding the items of the price list in what is typed: other names, words around them, slips."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache

from rapidfuzz import process
from rapidfuzz.distance import OSA

from services.catalog import Price
from services.understanding import vocabulary
from services.understanding.figures import reading
from services.understanding.normalise import in_place, lower

LABOUR = "labour"  # the key of the price list that a bare sum for labour stands under
TOTAL, MATERIAL = "=", "+"  # no keys of a price list: the sum of all, the material of what was named
NO_ITEMS = frozenset({LABOUR, TOTAL, MATERIAL})

CLOSE_SIGNS = 0.75  # four signs with one wrong are still read, three are not
CLOSE_LETTERS = 0.83  # six letters with one wrong are still read, five are not
SHORT_SIGNS = 4  # so short a name must also end as the one on the list
MOST_WORDS = 4  # of one name


@dataclass(frozen=True, slots=True)
class _Kit:
    """What finding needs, compiled once."""

    fillers: re.Pattern[str]
    deeds: re.Pattern[str]
    tail: re.Pattern[str]
    size: re.Pattern[str]
    figures: re.Pattern[str]
    special: Mapping[str, str]


class PriceList:
    """Every word of a price list, as it is compared, and what it means; the first to claim a word has it."""

    def __init__(self, prices: Mapping[str, Price]) -> None:
        """Gather the words."""
        self._keys: dict[str, str] = {}
        for key, price in prices.items():
            for word in (*price.labels.values(), *price.words):
                self._keys.setdefault(folded(word), key)
        self._keys = dict(_kit().special) | self._keys
        self._ends = [word for word in self._keys if len(word) > 1 and not word.isascii()]

    def first(self, words: Sequence[str]) -> tuple[int, str | None]:
        """Tell how many of the first words name an item together, the most of them, and which."""
        for size in range(min(len(words), MOST_WORDS), 1, -1):
            key = self._same(" ".join(words[:size]))
            if key is not None:
                return size, key
        return 1, self.find(words[0])

    def find(self, name: str) -> str | None:
        """Find what a name means: the same, a slip away, or with words before it."""
        plain = bare(name)
        return self._same(name) or self._near(plain) or self._at_end(plain)

    def _same(self, name: str) -> str | None:
        plain = bare(name)
        key = self._keys.get(name) or self._keys.get(plain)
        return key or (self._near(plain) if " " in plain and plain.isascii() else None)

    def _at_end(self, plain: str) -> str | None:
        """Find the longest word that a name ends in, unless a number stands before it that was not read."""
        longest = max((word for word in self._ends if plain.endswith(word)), key=len, default="")
        if not longest or self._keys[longest] in NO_ITEMS:
            return None
        rest = _kit().size.sub("", plain.removesuffix(longest))
        return None if _kit().figures.search(rest) else self._keys[longest]

    def _near(self, plain: str) -> str | None:
        """Find the word that is a slip away and begins alike."""
        close = CLOSE_LETTERS if plain.isascii() else CLOSE_SIGNS
        found = process.extractOne(plain, self._keys.keys(), scorer=OSA.normalized_similarity, score_cutoff=close)
        if found is None or found[0][:1] != plain[:1]:
            return None
        if not plain.isascii() and len(plain) <= SHORT_SIGNS and found[0][-1] != plain[-1]:
            return None
        return self._keys[found[0]]


def bare(name: str) -> str:
    """Leave of a name what is neither the deed nor a filler."""
    return _trimmed(name, _kit().fillers)


def label(name: str) -> str:
    """Leave of a name what a quote may call it: "changed a copper joint" is a copper joint."""
    return _trimmed(name, _kit().deeds)


def with_tail(name: str) -> tuple[str, str]:
    """Part a name from the Chinese number at its end, if there is one."""
    found = _kit().tail.search(folded(name))
    if found is None or reading(found.group()) is None:
        return name, ""
    return name[: found.start()].strip(), found.group()


@lru_cache(maxsize=4096)
def folded(word: str) -> str:
    """Spell a word for comparing."""
    return lower(in_place(unicodedata.normalize("NFKC", word))).strip()


def _trimmed(name: str, words: re.Pattern[str]) -> str:
    """Take words off both ends of a name until none is left there."""
    name = name.strip()
    plain = folded(name)
    first, last = 0, len(plain)
    while first < last and (edge := words.match(plain, first, last) or words.search(plain, first, last)):
        first, last = (edge.end(), last) if edge.start() == first else (first, edge.start())
    return name[first:last].strip()


@cache
def _kit() -> _Kit:
    """Compile the shipped words and patterns, once."""
    patterns = vocabulary.shipped().patterns
    table, pieces = patterns["quotes"], {**patterns["pieces"], **patterns["quotes"]["pieces"]}
    tail, size, figures = (re.compile(vocabulary.fill(table[name], pieces)) for name in ("tail", "size", "figures"))
    return _Kit(
        fillers=_edges([*table["deeds"], *table["fillers"], *table["totals"]]),
        deeds=_edges(table["deeds"]),
        tail=tail,
        size=size,
        figures=figures,
        special=dict.fromkeys(table["totals"], TOTAL) | dict.fromkeys(table["materials"], MATERIAL),
    )


def _edges(words: Iterable[str]) -> re.Pattern[str]:
    """Match any of the words at the beginning or the end of a name; those in Latin script whole."""
    ordered = sorted(words, key=len, reverse=True)
    each = "|".join(rf"\b{word}\b" if word.isascii() else word for word in ordered)
    return re.compile(rf"(?:{each})\s*|\s*(?:{each})$")
