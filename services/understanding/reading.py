"""Reading one message: intent, category, scope, place, danger, times, ticket, and the matter itself."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

from services.catalog import Catalog, Category
from services.understanding import danger as dangers
from services.understanding import intents, matter, normalise, places, times, vocabulary
from services.understanding.danger import Danger
from services.understanding.intents import Evidence, Intent
from services.understanding.lexicon import Lexicon
from services.understanding.places import Marked, PlaceWords, Scope
from services.understanding.times import Window

CONFIDENT = 0.55  # from here on a reading may be acted on without asking which was meant

_LATIN_WORD = re.compile(r"[a-z]{4,}")


@dataclass(frozen=True, slots=True)
class Reading:
    """What one message says, as far as its words tell."""

    intent: Intent
    confidence: float
    also: tuple[tuple[Intent, float], ...]
    category: str | None
    scope: Scope | None
    place: PlaceWords | None
    own: bool
    whose: str | None
    danger: Danger | None
    when: tuple[Window, ...]
    ticket: str | None
    rest: str  # the matter without place, time and filler words

    @property
    def confident(self) -> bool:
        """Whether the intent is sure enough to act on."""
        return self.confidence >= CONFIDENT


class Reader:
    """The compiled vocabulary of one catalogue; built once, reads any number of messages."""

    __slots__ = (
        "_choices",
        "_courtesy",
        "_endangered",
        "_known",
        "_lately",
        "_matters",
        "_meant",
        "_placeless",
        "_ticket",
        "_usual",
        "_wants",
    )

    def __init__(self, catalog: Catalog, words: vocabulary.Vocabulary | None = None) -> None:
        """Compile the words of a catalogue together with the shipped vocabulary."""
        words = words or vocabulary.shipped()
        said = dangers.sayings()
        self._matters = matter.compile_matters(catalog, words, said)
        self._wants = intents.compile_words(words, said)
        self._courtesy = _courtesy(words)
        self._ticket = words.regex("ticket", "form")
        self._placeless = frozenset(words.list("placeless", "categories") + words.list("placeless", "intents"))
        self._meant = words.words["intent_category"]
        self._endangered = words.words["danger_category"]
        self._usual = {key: scope for scope in Scope for key in words.list("usual_scope", scope)}
        self._known = _latin_words(self._matters.lexicon, self._wants.lexicon, dangers.alarm().words)
        self._choices = tuple(sorted(word for word in self._known if len(word) > 5))
        # Within a turn the same words are asked about several times.
        self._lately = lru_cache(maxsize=32)(self._read)
        places.mark("")

    def read(self, text: str, *, now: datetime, zone: ZoneInfo) -> Reading:
        """Read one message; any text can be read, and what is not clear has a low confidence."""
        return self._lately(text, now, zone)

    def _read(self, text: str, now: datetime, zone: ZoneInfo) -> Reading:
        clean = normalise.normalise(text)
        spelled = normalise.nearest(normalise.lower(normalise.mend(clean)), self._known, self._choices)
        marked = places.mark(clean)
        when, told = times.windows(clean, now=now, zone=zone)
        danger = dangers.spotted(spelled)
        category = self._matters.find(spelled)
        ours = category is not None or marked.place is not None or marked.own
        ranked = self._wants.rank(spelled, Evidence(category, danger, ours))
        intent, confidence = ranked[0]
        ticket = self._ticket.search(clean)
        key = category.key if category else self._endangered.get(danger, self._meant.get(intent))
        return Reading(
            intent=intent,
            confidence=confidence,
            also=ranked[1:],
            category=key,
            scope=self._scope(marked, category, key, intent),
            place=marked.place,
            own=marked.own,
            whose=marked.whose,
            danger=danger,
            when=when,
            ticket=ticket["number"] if ticket else None,
            rest=self._rest(clean, marked, told, ticket),
        )

    def _scope(self, marked: Marked, category: Category | None, key: str | None, intent: Intent) -> Scope | None:
        """Decide between home and public area: the category knows best, then the words, then habit."""
        if category is not None and category.public is not None:
            return Scope.PUBLIC if category.public else Scope.UNIT
        told = places.scope_of(marked)
        if key in self._placeless or intent in self._placeless:
            return None if told is Scope.PUBLIC else told
        return told or self._usual.get(key or "")

    def _rest(
        self,
        clean: str,
        marked: Marked,
        told: tuple[tuple[int, int], ...],
        ticket: re.Match[str] | None,
    ) -> str:
        """Keep the matter: no place, no time, no ticket, no words of courtesy."""
        spans = (*marked.spans, *told, *((ticket.span(),) if ticket else ()))
        bare = places.without(clean, spans)
        return places.without(self._courtesy.sub(" ", bare), ()) or bare or clean


def _courtesy(words: vocabulary.Vocabulary) -> re.Pattern[str]:
    """Compile the words that open, close or fill a clause and say nothing of the matter."""
    lead, tail, alone = (_any_of(words.list("fillers", name)) for name in ("lead", "tail", "alone"))
    start, end = r"(?:(?<=[,.\u3002!?;:\u3001])|^)\s*", r"\s*(?=[,.\u3002!?;:\u3001]|$)"
    return re.compile(f"{start}(?:{alone}){end}|{start}(?:(?:{lead})[\\s,]*)+|(?:\\s*(?:{tail}))+{end}")


def _any_of(words: Iterable[str]) -> str:
    """Write an alternative of words, longest first; Latin ones only as whole words, in any case."""
    each = (normalise.normalise(word) or word for word in sorted(words, key=len, reverse=True))
    return "|".join(rf"(?i:\b{re.escape(word)}\b)" if word.isascii() else re.escape(word) for word in each)


def _latin_words(*lexicons: Lexicon) -> frozenset[str]:
    """Collect the Latin words of lexicons, which slips of typing are compared with."""
    return frozenset(token for lexicon in lexicons for word in lexicon.parts for token in _LATIN_WORD.findall(word))
