"""The wording guard: finds what staff should not say to owners, small slips included, and offers better words."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache

from rapidfuzz import fuzz
from rapidfuzz.distance import OSA

from services.catalog import Fault, Phrase
from services.understanding import vocabulary
from services.understanding.normalise import in_place

# Chosen by the tests: from six signs on one may be wrong, in Latin script one letter in seven.
CLOSE_SIGNS = 0.83
CLOSE_LETTERS = 0.86
SIEVE = 70  # partial ratio below which a phrase is not looked for any closer
SHORT_SIGNS = 3  # so short a phrase only counts as a sentence of its own
SHORT_WORDS = 2
LONGEST = 2000  # nobody relays more in one message; the rest is not read
MOST_MENDS = 5
REST = "\u2026"  # "who told you to…": whatever follows belongs to it

_TOKEN = re.compile(
    r"[^\W\u3400-\u9fff_]+(?:['\u2019][^\W\u3400-\u9fff_]+)*|[\u3400-\u9fff\U00020000-\U0003ffff]|\n|[^\w\s]"
)
_ENDS = frozenset(",.!?;:~\u3001\u3002\n")


@dataclass(frozen=True, slots=True)
class Hit:
    """A phrase found in what somebody is about to send, and the text with better words in its place."""

    phrase: str
    better: str
    kind: Fault
    suggestion: str


@dataclass(frozen=True, slots=True)
class _Token:
    """A sign or a word as it is compared, and where it stands."""

    text: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class _Sought:
    """A phrase as it is compared."""

    text: str
    size: int
    latin: bool
    goes_on: bool

    @property
    def short(self) -> bool:
        """Tell whether it is too short to be looked for inside a sentence."""
        return self.size <= (SHORT_WORDS if self.latin else SHORT_SIGNS) and not self.goes_on

    def like(self, tokens: Sequence[_Token]) -> float:
        """Compare with some tokens: 1 is the same, 0 is too far."""
        text = _joined(tokens, latin=self.latin)
        if text[:1] != self.text[:1] or not (self.latin or text[-1:] == self.text[-1:]):
            return 0.0
        least = CLOSE_LETTERS if self.latin else CLOSE_SIGNS
        return OSA.normalized_similarity(self.text, text, score_cutoff=least)


def check(words: str, phrases: Sequence[Phrase]) -> Hit | None:
    """Find the phrase that is nearest to something in the words, if any is near enough."""
    found = _nearest(words, phrases)
    if found is None:
        return None
    first, mended = found[0], words
    for _ in range(MOST_MENDS):
        if found is None:
            break
        phrase, start, end = found
        mended = mended[:start] + phrase.better + mended[end:]
        found = _nearest(mended, phrases)
    return Hit(phrase=first.say, better=first.better, kind=first.kind, suggestion=mended)


def _nearest(words: str, phrases: Sequence[Phrase]) -> tuple[Phrase, int, int] | None:
    """Find the nearest phrase and the span of it; of equally near ones the longest."""
    best: tuple[float, int, Phrase, int, int] | None = None
    for clause in _clauses(words[:LONGEST]):
        for phrase in phrases:
            sought = _sought(phrase.say)
            for score, start, end in _places(sought, clause):
                if best is None or (score, sought.size) > best[:2]:
                    best = (score, sought.size, phrase, start, end)
    return best and best[2:]


def _places(sought: _Sought, clause: Sequence[_Token]) -> Iterator[tuple[float, int, int]]:
    """Yield where in a clause the phrase may stand: how near, and the span to put better words into."""
    if not sought.size or fuzz.partial_ratio(sought.text, _joined(clause, latin=sought.latin)) < SIEVE:
        return
    for first, last in _windows(sought, len(clause)):
        score = sought.like(clause[first:last])
        if score:
            yield score, *_span(sought, clause, first, last)


def _windows(sought: _Sought, length: int) -> Iterable[tuple[int, int]]:
    """Give the stretches of a clause that are about as long as the phrase."""
    if sought.short:
        return [(0, length)]
    return [
        (first, first + size)
        for size in range(max(sought.size - 1, 1), sought.size + 2)
        for first in range(length - size + 1)
    ]


def _span(sought: _Sought, clause: Sequence[_Token], first: int, last: int) -> tuple[int, int]:
    """Stretch the span so that what is left still reads: in Latin script the clause, else a last particle."""
    if sought.latin:
        return clause[0].start, clause[-1].end
    if sought.goes_on or len(clause) - last == 1:
        last = len(clause)
    return clause[first].start, clause[last - 1].end


def _clauses(words: str) -> Iterator[list[_Token]]:
    """Cut a text at its marks, and each piece into signs and words with their places."""
    held: list[_Token] = []
    alike, same = _alike(), in_place(words)
    for found in _TOKEN.finditer(words):
        text = unicodedata.normalize("NFKC", same[found.start() : found.end()]).lower()
        if text[:1] in _ENDS:
            yield held
            held = []
        elif text[:1].isalnum():
            plain = "".join(alike.get(sign, sign) for sign in text if sign.isalnum())
            held.append(_Token(plain, found.start(), found.end()))
    yield held


@lru_cache(maxsize=2048)
def _sought(say: str) -> _Sought:
    """Bring a phrase to the form in which it is compared."""
    tokens = [token for clause in _clauses(say.removesuffix(REST)) for token in clause]
    latin = all(token.text.isascii() for token in tokens)
    return _Sought(_joined(tokens, latin=latin), len(tokens), latin, say.endswith(REST))


def _joined(tokens: Iterable[_Token], *, latin: bool) -> str:
    return (" " if latin else "").join(token.text for token in tokens)


@cache
def _alike() -> Mapping[str, str]:
    """Read which signs are typed for each other, once."""
    table: Mapping[str, str] = vocabulary.shipped().patterns["wording"]["alike"]
    return table
