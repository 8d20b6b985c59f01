"""Danger in a message: what must not wait in a queue, told from look-alikes, denials and old stories."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache, lru_cache

from services.understanding import vocabulary
from services.understanding.lexicon import MASK, Hit, Lexicon, Word, build
from services.understanding.normalise import lower, mend, normalise

BEFORE = 5  # how far before a word its denial may stand, in Chinese
BEFORE_LATIN = 18
LONGEST_BARE = 40  # signs; more is no bare word, whatever stands around it
AFTER = 5  # how far behind a word a look-alike may be told (a fire *drill*)

_CLAUSE_ENDS = frozenset(",.\u3002!?;\u3001:\n ")  # with the ideographic full stop and comma
_CLAUSE_MARKS = _CLAUSE_ENDS - {" "}
_SENTENCE_ENDS = frozenset("\u3002!?;\n")


class Danger(StrEnum):
    """The kinds of danger, the most pressing first."""

    GAS = "gas"
    FIRE = "fire"
    LIFT_TRAPPED = "lift_trapped"
    ELECTRIC = "electric"
    ASSAULT = "assault"
    INJURY = "injury"
    SMOKE = "smoke"
    BURST_PIPE = "burst_pipe"
    FLOOD = "flood"


@dataclass(frozen=True, slots=True)
class Sayings:
    """Words around a word that turn it into a denial, an old story, a worry or a drill."""

    negation: re.Pattern[str]
    not_negation: re.Pattern[str]
    not_this: re.Pattern[str]
    past: re.Pattern[str]
    past_after: re.Pattern[str]
    still: re.Pattern[str]
    hypothetical: re.Pattern[str]
    not_hypothetical: re.Pattern[str]
    after: re.Pattern[str]
    over: re.Pattern[str]
    again: re.Pattern[str]


@dataclass(frozen=True, slots=True)
class Alarm:
    """The compiled words of danger."""

    words: Lexicon
    sayings: Sayings


@cache
def alarm() -> Alarm:
    """Compile the shipped words of danger, once."""
    words = vocabulary.shipped()
    entries = [Word(word, kind) for kind in Danger for word in words.list("danger", kind, "words")]
    entries += [Word(word, MASK) for word in words.list("danger_masks", "words")]
    lexicon = build(entries, words.words["groups"], spell_word)
    return Alarm(lexicon, sayings())


@dataclass(frozen=True, slots=True)
class Bare:
    """Words that alone only hint at a danger, and what may stand around them."""

    words: Mapping[str, Danger]
    around: re.Pattern[str]


@cache
def bare_words() -> Bare:
    """Compile the shipped bare words, once."""
    words = vocabulary.shipped()
    known = {spell(word): kind for kind in Danger for word in words.list("danger_asked", kind)}
    around = sorted(words.list("danger_asked", "around"), key=len, reverse=True)
    each = "|".join(rf"\b{re.escape(word)}\b" if word.isascii() else re.escape(spell(word)) for word in around)
    return Bare(known, re.compile(rf"^(?:(?:{each})|[\W_])+|(?:(?:{each})|[\W_])+$"))


@cache
def sayings() -> Sayings:
    """Compile the shipped words of denial and time, once."""
    words = vocabulary.shipped()
    return Sayings(**{name: _any_of(words.list("said", name)) for name in Sayings.__slots__})


@lru_cache(maxsize=32)  # within a turn the same words are asked about several times
def spell(text: str) -> str:
    """Spell a text the way it is matched."""
    return lower(mend(normalise(text)))


@lru_cache(maxsize=16384)
def spell_word(word: str) -> str:
    """Spell a word of the vocabulary; Latin ones are already as they should be."""
    return lower(word) if word.isascii() else spell(word)


def danger_in(text: str) -> Danger | None:
    """Name the most pressing danger that a message tells of, if any."""
    return spotted(spell(text))


def danger_asked(text: str) -> Danger | None:
    """Name the danger that a bare word may hint at: a message that is nothing but 煤气 or "gas" asks, it tells nothing."""
    return _hinted(text) if len(text) <= LONGEST_BARE else None


def _hinted(text: str) -> Danger | None:
    kit, spelled = bare_words(), spell(text)
    bare = kit.around.sub("", spelled)
    kind = kit.words.get(bare)
    tells = (
        kind is not None and spotted(bare) is None and spotted(spelled) is not None
    )  # "fire" asks, "help, fire" tells
    return None if tells else kind


def spotted(text: str) -> Danger | None:
    """The same for a text that is already spelled for matching."""
    kit = alarm()
    pressing = {kind: place for place, kind in enumerate(Danger)}
    hits = sorted(kit.words.hits(text), key=lambda hit: pressing[Danger(hit.label)])
    return next((Danger(hit.label) for hit in hits if is_real(text, hit, kit.sayings)), None)


def is_real(text: str, hit: Hit, said: Sayings) -> bool:
    """Tell whether a found word is meant as said: now, here, and not denied."""
    start, end = hit.start, hit.end
    sentence = _back(text, start, _SENTENCE_ENDS)
    clause = _back(text, start, _CLAUSE_ENDS)
    before = text[clause:start]
    doubts = (
        is_denied(text, start, said),
        is_denied(text, hit.last, said),
        bool(said.hypothetical.search(said.not_hypothetical.sub(_blank, text[max(sentence, start - 12) : start]))),
        bool(said.after.match(text[end : end + AFTER + 8].lstrip())),
        bool(said.past.search(before) and not said.still.search(text[clause:start])),
        bool(said.past_after.match(text[end:])) and not said.still.search(before),
        _is_over(text, sentence, end, said),
    )
    return not any(doubts)


def is_denied(text: str, start: int, said: Sayings) -> bool:
    """Tell whether the words right before a place deny it."""
    reach = BEFORE_LATIN if start < len(text) and text[start].isascii() else BEFORE
    window = said.not_negation.sub(_blank, _window(text, start, reach + 3))
    return bool(said.negation.search(window[-reach:]))


def is_another(text: str, start: int, said: Sayings) -> bool:
    """Tell whether the words right before a place say that this is not the matter."""
    window = said.not_negation.sub(_blank, _window(text, start, BEFORE_LATIN))
    return bool(said.not_this.search(window[-BEFORE:] if not text[start : start + 1].isascii() else window))


def _window(text: str, start: int, reach: int) -> str:
    """Give what stands right before a place, in its clause."""
    return text[max(_back(text, start, _CLAUSE_MARKS), start - reach) : start]


def _is_over(text: str, sentence: int, end: int, said: Sayings) -> bool:
    """Tell whether the text says that it is over, or was only a drill, and has not begun again."""
    over = said.over.search(text, end) or said.over.search(text, sentence)
    return over is not None and not said.again.search(text, over.end())


def _back(text: str, position: int, ends: frozenset[str]) -> int:
    """Find where the clause or sentence around a position begins."""
    latin = position < len(text) and text[position].isascii()
    while position and (text[position - 1] not in ends or (latin and text[position - 1] == " ")):
        position -= 1
    return position


def _blank(found: re.Match[str]) -> str:
    """Blank out words without moving the rest."""
    return "#" * len(found.group())


def _any_of(words: Iterable[str]) -> re.Pattern[str]:
    """Match any of the words; Latin ones only as whole words."""
    spelled = sorted((lower(word) for word in words), key=len, reverse=True)
    each = (rf"\b{re.escape(word)}\b" if word.isascii() else re.escape(word) for word in spelled)
    return re.compile("|".join(each))
