"""Words that mean the same in every dialogue; the catalogues list them with `|` between."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

from handlers.turn import Turn
from services.messages import T
from services.texts import LOCALES, Texts
from services.understanding.normalise import normalise

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)  # for labels that name no time
SHORT = 16
SPELLED_LONGER = 2  # full-width or traditional spellings may take more signs
STANDS_ALONE = 3
STRIP = " \t\r\n\u3002.!\uff01?\uff1f~\uff5e,\uff0c"
BETWEEN_CLAUSES = re.compile(r"[^\w\s'\u2019]+|(?<=[\u4e00-\u9fff])\s+(?=[\u4e00-\u9fff])")


def variants(turn: Turn, key: str) -> frozenset[str]:
    """Return the words of a key in every language, normalised."""
    return _variants(turn.world.texts, key)


@lru_cache(maxsize=256)
def _variants(texts: Texts, key: str) -> frozenset[str]:
    return frozenset(normalise(word).lower() for locale in LOCALES for word in texts.label(T(key), locale).split("|"))


def spellings(turn: Turn, label: T) -> frozenset[str]:
    """Return what may have been on somebody's screen for a label, normalised."""
    zone = turn.actor.house.zone if turn.actor.house else turn.world.zone
    if not label.params:
        return _spellings(turn.world.texts, label.key, zone)
    return frozenset(normalise(said).lower() for said in turn.world.texts.variants(label, zone, turn.now))


@lru_cache(maxsize=256)
def _spellings(texts: Texts, key: str, zone: ZoneInfo) -> frozenset[str]:
    return frozenset(normalise(said).lower() for said in texts.variants(T(key), zone, EPOCH))


def means(turn: Turn, key: str) -> bool:
    """Whether the message is nothing but the key's words, and courtesies: "fixed, thanks"."""
    said = normalise(turn.text).lower().strip(STRIP)
    if said in variants(turn, key):
        return bool(said)
    clauses = {clause.strip() for clause in BETWEEN_CLAUSES.split(said)} - variants(turn, "words.courtesy") - {""}
    return bool(clauses) and clauses <= variants(turn, key)


def after(turn: Turn, key: str, *, glued: bool = False) -> str | None:
    """Return what follows one of the key's words at the start of the message, or None; `glued`: without a space."""
    said = turn.text
    for word in sorted(variants(turn, key), key=len, reverse=True):
        for length in range(len(word), min(len(word) + SPELLED_LONGER, len(said)) + 1):
            rest = said[length:]
            if normalise(said[:length]).lower() == word and (glued or _ends_word(word, rest)):
                return rest.strip(STRIP + ":\uff1a")
    return None


def _ends_word(word: str, rest: str) -> bool:
    """Whether a word ends before the rest: nothing or a sign follows, or the word is long enough to stand alone."""
    return not rest or not rest[0].isalnum() or (not word.isascii() and len(word) >= STANDS_ALONE)


def within(turn: Turn, key: str) -> bool:
    """Whether the short message holds one of the key's words, such as a time and "arrived"."""
    said = normalise(turn.text).lower()
    return len(said) <= SHORT and any(word in said for word in variants(turn, key))


def beside(turn: Turn, key: str) -> str:
    """Return what was typed beside the words of a verb: all of it without them, nothing with a tap."""
    if turn.inbound.tap:
        return ""
    rest = after(turn, key, glued=True)
    return turn.text if rest is None else rest


def reason_in(turn: Turn, said: str, reasons: Iterable[str]) -> tuple[str | None, str]:
    """Return the reason that words begin or end with, and the words without it."""
    lower = normalise(said).lower()
    for reason in reasons:
        for word in sorted(variants(turn, f"reason.{reason}"), key=len, reverse=True):
            if lower.startswith(word):
                return reason, said[len(word) :].strip(STRIP)
            if lower.endswith(word):
                return reason, said[: -len(word)].strip(STRIP)
    return None, said
