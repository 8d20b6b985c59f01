"""Where it is: building, entrance, floor, room and named spots, in all the ways people write them."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cache

from services.understanding import vocabulary
from services.understanding.lexicon import Hit, Lexicon, Word, build
from services.understanding.normalise import lower, normalise

SPOT, OWN, WHOSE, UNIT, PUBLIC = "spot", "own", "whose", "unit", "public"


_MARKS = frozenset("\u3002\u3001\u00b7")
_PREPOSITION = re.compile(r"\b(?i:in|on|at|of|from)\s+(?:(?i:the)\s+)?$")


class Scope(StrEnum):
    """Inside a home, or where everybody goes."""

    UNIT = "unit"
    PUBLIC = "public"


@dataclass(frozen=True, slots=True)
class PlaceWords:
    """A place as it was written, brought to one form; parts not said are None."""

    zone: str | None = None
    building: str | None = None
    entrance: str | None = None
    floor: str | None = None
    room: str | None = None
    spot: str | None = None


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """What a text says of a place: the place, whose home, which scope, and the text without it."""

    place: PlaceWords | None
    own: bool  # "my home", whatever its number
    whose: str | None  # somebody else's home, in the writer's words
    scope: Scope | None
    rest: str


@dataclass(frozen=True, slots=True)
class Marked:
    """The same, with the spans of a normalised text that told it, for whoever reads on."""

    place: PlaceWords | None
    own: bool
    whose: str | None
    inside: int  # how many words speak of a home
    outside: int  # how many words speak of a public area
    spans: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class Surroundings:
    """The compiled patterns and words of places."""

    forms: tuple[re.Pattern[str], ...]
    numbered: tuple[re.Pattern[str], ...]
    words: Lexicon
    before: tuple[str, ...]


@cache
def surroundings() -> Surroundings:
    """Compile the shipped patterns of places, once."""
    words = vocabulary.shipped()
    entries = [
        *(Word(word, SPOT) for word in words.list("spots", "words")),
        *(Word(word, name) for name in (OWN, WHOSE, UNIT, PUBLIC) for word in words.list("scope", name)),
    ]
    return Surroundings(
        forms=words.regexes("places", "forms"),
        numbered=words.regexes("places", "spots"),
        words=build(entries, words.words["groups"], lambda word: lower(normalise(word))),
        before=words.list("scope", "before"),
    )


def places_in(text: str) -> Whereabouts:
    """Read the place out of a message, and give the message without it."""
    clean = normalise(text)
    marked = mark(clean)
    return Whereabouts(
        place=marked.place,
        own=marked.own,
        whose=marked.whose,
        scope=scope_of(marked),
        rest=without(clean, marked.spans),
    )


def mark(text: str) -> Marked:
    """Find the place in a normalised text, with the spans that tell it."""
    kit = surroundings()
    hits = kit.words.hits(lower(text))
    found = max(
        (match for form in kit.forms if (match := form.search(text))),
        key=lambda match: len(vocabulary.groups_of(match)),
        default=None,
    )
    taken = found.span() if found else (0, 0)
    spot = _spot(kit, text, [hit for hit in hits if hit.end <= taken[0] or hit.start >= taken[1]])
    place = replace(_place(found) if found else PlaceWords(), spot=spot)
    spans = [found.span()] if found else []
    homes = [hit for hit in hits if hit.label in (OWN, WHOSE)]
    whose = next((text[hit.start : hit.end] for hit in homes if hit.label == WHOSE), None)
    return Marked(
        place=None if place == PlaceWords() else place,
        own=whose is None and any(hit.label == OWN for hit in homes),
        whose=whose,
        inside=sum(hit.label == UNIT for hit in hits),
        outside=len({hit.start for hit in hits if hit.label in (PUBLIC, SPOT)}),
        spans=(*spans, *((hit.start, hit.end) for hit in homes if _stands_apart(kit, text, hit))),
    )


def scope_of(marked: Marked) -> Scope | None:
    """Decide between home and public area by the words of the place alone."""
    place = marked.place or PlaceWords()
    home = 2 * (marked.own or marked.whose is not None) + marked.inside + 2 * (place.room is not None)
    if home == marked.outside:
        return None
    return Scope.UNIT if home > marked.outside else Scope.PUBLIC


def without(text: str, spans: tuple[tuple[int, int], ...]) -> str:
    """Take spans out of a text and tidy what is left."""
    kept = list(text)
    for start, end in spans:
        begin = _PREPOSITION.search(text, 0, start)
        first = begin.start() if begin else start
        kept[first:end] = " " * (end - first)
    return normalise("".join(kept)).strip(" ,.;:\u3001\u3002-!?").strip()


def _stands_apart(kit: Surroundings, text: str, hit: Hit) -> bool:
    """Tell whether a home can be taken out without breaking the sentence around it."""
    before = text[: hit.start].rstrip()
    return not before or before[-1].isascii() or before[-1] in _MARKS or before.endswith(kit.before)


def _place(found: re.Match[str]) -> PlaceWords:
    """Bring the parts of a match to one form."""
    parts = vocabulary.groups_of(found)
    floor = parts.get("floor") or parts.get("floorb")
    below = parts.get("below") or parts.get("belowb") or parts.get("belowc")
    room = _number(parts.get("room"))
    if room and floor and room.isalpha():
        room, floor = floor + room, None
    return PlaceWords(
        zone=_zone(parts.get("zone")),
        building=_number(parts.get("building")),
        entrance=_number(parts.get("entrance")),
        floor=f"B{below}" if below else _number(floor),
        room=room,
    )


def _number(part: str | None) -> str | None:
    """Strip leading noughts and suffixes, and write letters large."""
    if part is None:
        return None
    found = re.match(r"([A-Za-z]*)0*([0-9][0-9-]*)?([A-Za-z]?)", part)
    return "".join(group or "" for group in found.groups()).upper() if found else part


def _zone(part: str | None) -> str | None:
    """Write the letters of a zone large."""
    return part.upper() if part else None


def _spot(kit: Surroundings, text: str, hits: list[Hit]) -> str | None:
    """Name the public spot: a numbered one first (lift 2, column C12), else the longest word."""
    for form in kit.numbered:
        found = form.search(text)
        if found:
            return found.group()
    spots = [hit for hit in hits if hit.label == SPOT]
    best = max(spots, key=lambda hit: (hit.end - hit.start, -hit.start), default=None)
    return text[best.start : best.end] if best else None
