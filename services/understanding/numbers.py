"""Numbers that answer a menu or a survey, in whatever way they are typed."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from services.understanding import vocabulary
from services.understanding.normalise import lower, normalise, number, simplifier

LAST_CHOICE = 20
STARS = range(1, 6)


@dataclass(frozen=True, slots=True)
class Answers:
    """The compiled ways to answer with a number."""

    choice: re.Pattern[str]
    score: re.Pattern[str]
    choices: Mapping[str, int]
    scores: Mapping[str, int]
    phrases: re.Pattern[str]
    stars: str
    noise: re.Pattern[str]


@cache
def answers() -> Answers:
    """Compile the shipped ways, once."""
    words = vocabulary.shipped()
    table = words.patterns["numbers"]
    scores = {_plain(word): int(score) for score, told in words.words["scores"].items() for word in told}
    phrases = sorted((word for word in scores if len(word) > 1), key=len, reverse=True)
    return Answers(
        choice=words.regex("numbers", "choice"),
        score=words.regex("numbers", "score"),
        choices={lower(word): int(value) for value, told in table["words"].items() for word in told},
        scores=scores,
        phrases=re.compile("|".join(rf"\b{word}\b" if word.isascii() else word for word in phrases)),
        stars=table["stars"],
        noise=re.compile(f"[{table['noise']}]"),
    )


def choice_number(text: str) -> int | None:
    """Read the number of a choice, 0 to 20; None when it is something else."""
    kit = answers()
    plain = _bare(text)
    if plain in kit.choices:
        return kit.choices[plain]
    found = kit.choice.match(plain)
    value = number(found["n"]) if found else None
    return value if value is not None and 0 <= value <= LAST_CHOICE else None


def score(text: str) -> int | None:
    """Read a score from 0 to 5 (digit, stars or words); None when there is none or it contradicts itself."""
    kit = answers()
    stars = sum(text.count(sign) for sign in kit.stars)
    if stars:
        return stars if stars in STARS else None
    plain = _bare(text)
    found = kit.score.match(plain)
    if found is None:
        return _in_words(kit, plain)
    digit = number(found["n"])
    words = _plain(found["words"])
    told = _in_words(kit, words) if words else digit
    if told is None and found["apart"] and not words[:1].isdecimal():
        return digit
    return digit if told == digit else None


def _in_words(kit: Answers, text: str) -> int | None:
    """Read a score from words; None when they tell different scores."""
    plain = _plain(text)
    if plain in kit.scores:
        return kit.scores[plain]
    told = {kit.scores[each] for each in kit.phrases.findall(plain)}
    return told.pop() if len(told) == 1 else None


def _bare(text: str) -> str:
    """Bring widths and circled digits to plain ones and drop the frames of key-cap emoji."""
    plain = simplifier()(unicodedata.normalize("NFKC", answers().noise.sub("", text[:200])))
    return lower(plain).strip()


def _plain(text: str) -> str:
    """Spell words for looking them up."""
    return lower(normalise(text)).strip(" .,\u3002!\u3001:")
