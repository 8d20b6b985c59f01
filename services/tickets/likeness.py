"""How likely two reports of public faults are one fault: pure, by place, category, words and time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache

from rapidfuzz import fuzz

from services.understanding.normalise import lower, normalise
from services.understanding.places import PlaceWords, places_in

ALIKE = 75  # of 100: from here on people are asked whether it is the same
ONE_SPOT = frozenset({"lift"})  # of these a building's entrance has few: other words for the spot mean the same
SPELLED_ALIKE = 50


@dataclass(frozen=True, slots=True)
class Fault:
    """A report of something broken where everybody goes."""

    category: str
    place: str
    matter: str
    at: datetime


def score(new: Fault, known: Fault, *, within: timedelta) -> int:
    """Return 0 (something else, or too long ago) to 100 (the same)."""
    if new.at - known.at > within:
        return 0
    here, there = _where(new), _where(known)
    apart = ((here.building, there.building), (here.entrance, there.entrance), (_digits(here), _digits(there)))
    if any(one and other and one != other for one, other in apart):
        return 0
    found = _building(here, there) + _entrance(here, there) + _category(new, known) + _floor(new, here, there)
    found += _spot(new.category == known.category and new.category in ONE_SPOT, here, there)
    found += round(fuzz.ratio(_plain(new.matter), _plain(known.matter)) / 10)
    return max(0, min(100, found))


def _building(here: PlaceWords, there: PlaceWords) -> int:
    if here.building is None and there.building is None:
        return 35 if here.spot and here.spot == there.spot else 5
    return 35 if here.building == there.building else 10


def _entrance(here: PlaceWords, there: PlaceWords) -> int:
    return 15 if here.entrance == there.entrance else 8


def _category(new: Fault, known: Fault) -> int:
    return 30 if new.category == known.category else 5


def _floor(new: Fault, here: PlaceWords, there: PlaceWords) -> int:
    """A lift is met on every floor, a lamp on one."""
    differs = here.floor and there.floor and here.floor != there.floor
    return -30 if differs and new.category not in ONE_SPOT else 0


def _spot(is_one: bool, here: PlaceWords, there: PlaceWords) -> int:  # noqa: FBT001 - a fact, not a switch
    if is_one or here.spot == there.spot:
        return 10
    if here.spot is None or there.spot is None:
        return 5
    return 10 if fuzz.ratio(here.spot, there.spot) >= SPELLED_ALIKE else -25


@lru_cache(maxsize=512)
def where(place: str) -> PlaceWords:
    """Read the place that a label names."""
    return places_in(place).place or PlaceWords()


def _where(fault: Fault) -> PlaceWords:
    """Read the place, and from the matter what the place leaves out."""
    said, more = where(fault.place), where(fault.matter)
    return PlaceWords(
        building=said.building,
        entrance=said.entrance,
        floor=said.floor or more.floor,
        spot=said.spot or more.spot,
    )


def _digits(place: PlaceWords) -> str:
    """Return the number in the name of a spot: lift 2 is not lift 1."""
    return "".join(sign for sign in place.spot or "" if sign.isdecimal())


def _plain(words: str) -> str:
    return lower(normalise(words))
