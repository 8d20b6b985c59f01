"""One spelling for what people type: widths, scripts, numerals, marks and emoji brought together."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache

from rapidfuzz import process
from rapidfuzz.distance import OSA

from services.understanding import vocabulary

ROUNDS = 6  # a second round only settles what the first one brought together
SHORT = 24  # signs
LONGEST = 4000  # nobody writes more in one message; the rest is not read

_LOWER = {upper: upper + 32 for upper in range(ord("A"), ord("Z") + 1)}
_KEPT_MARKS = frozenset("$+<=>^`|~°©®")  # symbols that may carry meaning; the rest of their kind is decoration
_DROPPED = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "So", "Sk", "Mn", "Me"})
_TOKEN = re.compile(r"[A-Za-z]{6,}")
_NEAR = 0.83

Converter = Callable[[str], str]


@dataclass(frozen=True, slots=True)
class Spelling:
    """What normalising needs, compiled once."""

    simplify: Converter
    emoji: Mapping[str, str]
    marks: re.Pattern[str]
    dashes: re.Pattern[str]
    spaces: re.Pattern[str]
    stutter: re.Pattern[str]
    numerals: tuple[re.Pattern[str], ...]
    digits: Mapping[str, int]
    ten: str
    hundred: str
    interjections: re.Pattern[str]


@cache
def simplifier() -> Converter:
    """Load the converter from traditional to simplified characters, once and only when needed."""
    import opencc  # noqa: PLC0415 - heavy: loaded when the first text is read

    convert: Converter = opencc.OpenCC("t2s").convert
    return convert


@cache
def spelling() -> Spelling:
    """Compile the shipped patterns of spelling, once."""
    words = vocabulary.shipped()
    numerals = words.patterns["times"]["numerals"]
    interjections = sorted(words.list("fillers", "interjections"), key=len, reverse=True)
    cjk = [re.escape(word) for word in interjections if not word.isascii()]
    plain = [re.escape(word) for word in interjections if word.isascii()]
    return Spelling(
        simplify=simplifier(),
        emoji=dict(words.words["emoji"]["words"]),
        marks=words.regex("text", "marks"),
        dashes=words.regex("text", "dashes"),
        spaces=words.regex("text", "cjk_space"),
        stutter=words.regex("text", "stutter"),
        numerals=(words.regex("text", "numerals_of_places"), words.regex("text", "numerals_of_rooms")),
        digits=numerals["digits"],
        ten=numerals["ten"],
        hundred=numerals["hundred"],
        interjections=re.compile(rf"^(?:(?:{'|'.join(cjk)})|(?i:(?:{'|'.join(plain)})\b))[\s,.\u3002!~]*(?=\S)"),
    )


def normalise(text: str, simplify: Converter | None = None) -> str:
    """Write a text the one way the reader knows; doing it twice changes nothing more."""
    if simplify is None and len(text) <= SHORT:
        return _short(text)
    kit = spelling()
    return _settled(text[:LONGEST], simplify or kit.simplify, kit)


@lru_cache(maxsize=512)
def _short(text: str) -> str:
    """Write a few signs the one way, once: the beginnings of what is said are held against every word that is known."""
    kit = spelling()
    return _settled(text, kit.simplify, kit)


def in_place(text: str) -> str:
    """Write in simplified characters, every one in its place."""
    simplify = simplifier()
    whole = simplify(text)
    return whole if len(whole) == len(text) else "".join(simplify(sign)[:1] or sign for sign in text)


def lower(text: str) -> str:
    """Lower the Latin letters only, so that every position stays where it was."""
    return text.translate(_LOWER)


def number(text: str) -> int | None:
    """Read digits or Chinese numerals, in positions or digit by digit; None when it is neither."""
    kit = spelling()
    if text.isdecimal():
        return int(text)
    if not text or any(sign not in kit.digits and sign not in (kit.ten, kit.hundred) for sign in text):
        return None
    if kit.ten not in text and kit.hundred not in text:
        return int("".join(str(kit.digits[sign]) for sign in text))
    total, held = 0, 0
    for sign in text:
        if sign in kit.digits:
            held = kit.digits[sign]
        else:
            total += max(held, 1) * (10 if sign == kit.ten else 100)
            held = 0
    return total + held


def mend(text: str) -> str:
    """Bring slips of voice and pinyin typing, and Hong Kong words, to the words of the vocabulary."""
    pattern, words = _mends()
    return pattern.sub(lambda found: words.get(lower(found.group()), found.group()), text)


def nearest(text: str, known: frozenset[str], choices: tuple[str, ...]) -> str:
    """Replace English words that are one slip away from a known word."""

    def better(found: re.Match[str]) -> str:
        token = found.group().lower()
        if token in known:
            return found.group()
        return _near(token, choices) or found.group()

    return _TOKEN.sub(better, text)


@lru_cache(maxsize=4096)
def _near(token: str, choices: tuple[str, ...]) -> str | None:
    """Find the known word with the same first letter that is one slip away."""
    found = process.extractOne(
        token,
        choices,
        scorer=OSA.normalized_similarity,
        score_cutoff=_NEAR,
        processor=None,
    )
    return found[0] if found and found[0][0] == token[0] else None


@cache
def _mends() -> tuple[re.Pattern[str], Mapping[str, str]]:
    """Compile the table of mends, longest first; Latin ones stand for whole words."""
    words: Mapping[str, str] = vocabulary.shipped().words["mends"]["words"]
    ordered = sorted(words, key=len, reverse=True)
    each = (rf"(?<![a-z0-9]){re.escape(word)}(?![a-z0-9])" if word.isascii() else re.escape(word) for word in ordered)
    return re.compile("|".join(each), re.IGNORECASE), words


def _settled(text: str, simplify: Converter, kit: Spelling) -> str:
    """Repeat the rounds of normalising until nothing changes."""
    for _ in range(ROUNDS):
        after = _once(text, simplify, kit)
        if after == text:
            break
        text = after
    return text


def _once(text: str, simplify: Converter, kit: Spelling) -> str:
    """One round of normalising."""
    for sign, word in kit.emoji.items():
        text = text.replace(sign, word)
    text = unicodedata.normalize("NFKC", text)
    text = "".join(_sign(sign) for sign in text)
    text = kit.dashes.sub("-", simplify(text))
    for pattern in kit.numerals:
        text = pattern.sub(lambda found: _digits(found.group()), text)
    text = kit.stutter.sub(r"\1\1\1", kit.marks.sub(r"\1", text))
    text = kit.spaces.sub("", " ".join(text.split()))
    return kit.interjections.sub("", text)


def _sign(sign: str) -> str:
    """Keep a character, turn white space into a blank, or drop what is decoration."""
    if sign.isascii() and sign.isprintable():
        return sign
    if sign.isspace():
        return " "
    return "" if unicodedata.category(sign) in _DROPPED and sign not in _KEPT_MARKS else sign


def _digits(text: str) -> str:
    """Write a Chinese number with digits."""
    value = number(text)
    return text if value is None else str(value)
