"""What is typed on a job, cut into names, counts and sums of money."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from functools import cache

from services.understanding import vocabulary
from services.understanding.normalise import in_place, lower, number, spelling

LONGEST = 2000  # nobody types more on a job; the rest is not read


class Sort(StrEnum):
    """What a piece of the text is."""

    NAME = "name"
    COUNT = "count"
    MONEY = "money"
    NUMBER = "number"  # a count or a sum: what stands before it decides
    EACH = "each"
    PLUS = "plus"
    CUT = "cut"
    BLANK = "blank"


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of the text: as it was typed, as it is compared, and its figure; of money in cents."""

    sort: Sort
    shown: str
    plain: str
    figure: int = 0
    each: bool = False


@cache
def _pattern() -> re.Pattern[str]:
    """Compile the shipped patterns, once."""
    table = vocabulary.shipped().patterns["quotes"]
    pieces = {**vocabulary.shipped().patterns["pieces"], **table["pieces"]}
    sorts = (Sort.CUT, Sort.BLANK, Sort.MONEY, Sort.COUNT, Sort.EACH, Sort.NUMBER)
    forms = [f"(?P<is_{sort}>{vocabulary.fill(table[sort], pieces)})" for sort in sorts]
    return re.compile("|".join([*forms, rf"(?P<is_{Sort.PLUS}>\+)"]))


def tokens(text: str) -> list[Token]:
    """Cut a text into its tokens."""
    shown = unicodedata.normalize("NFKC", "".join(_sign(sign) for sign in text[:LONGEST]))
    plain = lower(in_place(shown))
    found, done = list[Token](), 0
    for match in _pattern().finditer(plain):
        found += _name(shown[done : match.start()], plain[done : match.start()])
        found.append(_token(match, shown[match.start() : match.end()]))
        done = match.end()
    return [*found, *_name(shown[done:], plain[done:])]


def reading(text: str) -> int | None:
    """Read digits or Chinese numerals as people say sums: two hundred and "five" is 250; None when it is no number."""
    spoken = _hundreds().fullmatch(text)
    if spoken:
        return (number(spoken["hundreds"]) or 0) * 100 + (number(spoken["tens"]) or 0) * 10
    units = [sign for sign in text if not sign.isdecimal() and sign not in spelling().digits]
    return number(text) if len(set(units)) == len(units) else None


@cache
def _hundreds() -> re.Pattern[str]:
    pattern = vocabulary.shipped().patterns
    return re.compile(vocabulary.fill(pattern["quotes"]["tens"], pattern["pieces"]))


def _sign(sign: str) -> str:
    """Keep a sign that can be seen, make white space a blank, drop the rest."""
    if sign in "\r\n":
        return "\n"
    if sign.isspace():
        return " "
    return sign if sign.isprintable() else ""


def _name(shown: str, plain: str) -> Iterator[Token]:
    if plain.strip():
        yield Token(Sort.NAME, shown.strip(), plain.strip())


def _token(match: re.Match[str], shown: str) -> Token:
    groups = match.groupdict()
    sort = next(sort for sort in Sort if groups.get(f"is_{sort}") is not None)
    figure = _figure(groups)
    if figure is None:
        return Token(Sort.NAME, shown, match.group())
    return Token(sort, shown, match.group(), figure, each=groups["each"] is not None)


def _figure(groups: Mapping[str, str | None]) -> int | None:
    """Read the figure of a token, money in cents; 0 where there is none, None where it is no number."""
    money, count = groups["money1"] or groups["money2"], groups["count1"] or groups["count2"]
    if count:
        return reading(count)
    sum_ = money or groups["number"]
    cents = _cents(sum_) if sum_ else 0
    return None if cents is None else cents + int(groups["tenth"] or 0) * 10


def _cents(text: str) -> int | None:
    """Read a sum as cents, exactly."""
    if text[0].isdecimal():
        return int(Decimal(text) * 100)
    figure = reading(text)
    return None if figure is None else figure * 100
