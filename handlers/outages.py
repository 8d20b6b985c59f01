"""What the desk is asked about an incident: what, where, from when until when, in which words."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Any, ClassVar

from handlers import later, wording, words
from handlers.answers import Answers, Pick, Question, Unclear, filled, pick
from handlers.answers import words as free_words
from handlers.form import Ask, Form
from handlers.turn import Turn
from services import incidents, publishing
from services import wording as phrases
from services.conversations import Option
from services.incidents import News
from services.messages import Reply, T, Text, lines, reply
from services.models import Incident
from services.publishing import Stage
from services.understanding.normalise import normalise

RANGE = re.compile(r"(\d{1,3})\s*-\s*(\d{1,3})")
NAME = re.compile(r"[0-9A-Za-z]+")
BETWEEN = re.compile(r"[\s,;/\u3001\uff0c]+")
CLOCK = re.compile(r"\d{1,2}(?:[:.]\d\d)?")
OFFERED = ("water_off", "power_off", "lift", "gas", "heating_air", "signal")
HOURS = (2, 4)  # from now on, that are offered
OPEN_END = ""


async def known(turn: Turn, rest: str) -> dict[str, Any]:
    """Return what a message says of an incident: the matter, the buildings, the time; its words are asked for."""
    given: dict[str, Any] = {}
    what = _matters_in(turn, rest)
    if what:
        given["what"] = what
    names = await _names(turn)
    said = _buildings(turn, _before_suffix(turn, rest), names)
    if said is not None:
        given["where"] = said
    span = _span(turn, rest)
    if span is not None:
        given["when"] = span
    return given


def _before_suffix(turn: Turn, text: str) -> str:
    """Return the part of a message in which buildings are named: up to the word for one."""
    said = normalise(text)
    ends = [said.rfind(word) + len(word) for word in words.variants(turn, "words.building") if word in said]
    whole = any(word in said.lower() for word in words.variants(turn, "words.everywhere"))
    return said if whole else said[: max(ends)] if ends else ""


async def _matters(turn: Turn, so_far: Answers) -> Sequence[Option]:  # noqa: ARG001
    return [Option([key], T(f"incident.what.{key}")) for key in OFFERED]


async def _typed_matters(turn: Turn) -> list[str] | None:
    """Read one matter or several out of typed words; what is none of them is something else."""
    return _matters_in(turn, turn.text) or (["other"] if turn.text else None)


def _matters_in(turn: Turn, text: str) -> list[str]:
    found = [turn.understood(piece).category for piece in BETWEEN.split(text) if piece]
    return list(dict.fromkeys(key for key in found if key in incidents.CATEGORIES))


async def _names(turn: Turn) -> Sequence[str]:
    return await incidents.building_names(turn.session, community_id=turn.house.id)


@dataclass(frozen=True, kw_only=True)
class Buildings(Pick):
    """Some buildings, or all of them."""

    async def read(self, turn: Turn, options: Sequence[Option]) -> Any:  # noqa: ANN401, ARG002
        """Read names first: "3" is building 3, not the third button."""
        names = await _names(turn)
        found = _buildings(turn, turn.text, names) if turn.text else None
        if found is None:
            raise Unclear(T("incident.where.unclear", names=" ".join(names)))
        return found


def _buildings(turn: Turn, text: str, names: Sequence[str]) -> list[str] | None:
    """Return the buildings that are named, none for all; None where something is no building."""
    said = normalise(text).upper()
    if any(word and word.upper() in said for word in words.variants(turn, "words.everywhere")):
        return []
    for first, last in RANGE.findall(said):
        said = RANGE.sub(" ".join(str(one) for one in range(int(first), int(last) + 1)), said, count=1)
    for word in sorted(words.variants(turn, "words.building"), key=len, reverse=True):
        said = said.replace(word.upper(), " ")
    found = list(dict.fromkeys(NAME.findall(said)))
    return sorted(found, key=list(names).index) if found and set(found) <= set(names) else None


async def _everywhere(turn: Turn, so_far: Answers) -> Sequence[Option]:  # noqa: ARG001
    return [Option([], T("incident.everywhere"))]


def _span(turn: Turn, text: str) -> list[str] | None:
    """Read from when until when; an empty beginning is now, an empty end is not known."""
    window = next(iter(turn.understood(text).when), None)
    if window is None:
        return None
    if window.end - window.start <= later.AN_HOUR and len(CLOCK.findall(normalise(text))) < len(("from", "until")):
        return ["", window.start.isoformat()]
    return [window.start.isoformat() if window.start > turn.now else "", window.end.isoformat()]


async def _typed_span(turn: Turn) -> list[str] | None:
    return _span(turn, turn.text)


async def _spans(turn: Turn, so_far: Answers) -> Sequence[Option]:  # noqa: ARG001
    ahead = [(hours, turn.now + timedelta(hours=hours)) for hours in HOURS]
    timed = [Option(["", until.isoformat()], T("incident.when.hours", hours=hours)) for hours, until in ahead]
    return [Option(["", OPEN_END], T("incident.when.open")), *timed]


def _moment(text: str) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


async def _reworded(turn: Turn, so_far: Answers) -> Ask | None:
    """What all homes read is looked at as words to one owner are."""
    hit = phrases.check(so_far.get("text") or "", wording.phrases(turn.world.catalog, turn.actor.locale))
    return Ask("text", T("incident.reword", phrase=hit.phrase, better=hit.suggestion)) if hit else None


@dataclass(frozen=True, kw_only=True)
class OpenIncident(Form, name="incident"):
    """Something that many homes have, or will have."""

    announces: ClassVar[str] = "text"
    confirms: ClassVar[bool] = True

    what: Annotated[Sequence[str], pick(_matters, other=_typed_matters)]
    where: Annotated[Sequence[str], Buildings(of=_everywhere)]
    when: Annotated[Sequence[str], pick(_spans, other=_typed_span)]
    text: Annotated[str, free_words(least=4)]

    @classmethod
    async def ask(cls, turn: Turn, name: str, so_far: Answers, options: Sequence[Option]) -> Question:  # noqa: ARG003
        """Name the buildings there are; times stand one below the other."""
        if name == "where":
            return Question(T("incident.where", names=" ".join(await _names(turn))), options)
        return Question(T(f"incident.{name}"), options, across=1 if name == "when" else 2)

    @classmethod
    async def check(cls, turn: Turn, so_far: Answers) -> Ask | None:
        """Look at the words."""
        return await _reworded(turn, so_far)

    async def summary(self, turn: Turn) -> Text:
        """Show it as the homes will read it."""
        told = self._news(turn)
        shown = Incident(
            categories=told.categories,
            buildings=told.buildings,
            planned=told.from_at > turn.now + incidents.SOON,
            from_at=told.from_at,
            until_at=told.until_at,
        )
        count = await publishing.count(turn.session, community_id=turn.house.id, buildings=told.buildings)
        text = publishing.worded(shown, Stage.START, told.words, short=False)
        return lines(T("incident.summary", count=count), text)

    def _news(self, turn: Turn) -> News:
        start, end = self.when
        return News(
            categories=list(self.what),
            buildings=list(self.where),
            from_at=_moment(start) or turn.now,
            until_at=_moment(end),
            words=self.text,
        )

    async def submit(self, turn: Turn) -> Reply:
        """Open it and begin to tell."""
        incident = await incidents.begin(turn.session, turn.actor, told=self._news(turn), now=turn.now)
        return reply(T("incident.begun.by_day" if incident.planned else "incident.begun", number=incident.id))


async def _ends(turn: Turn, so_far: Answers) -> Sequence[Option]:  # noqa: ARG001
    return [Option(OPEN_END, T("incident.when.unknown"))]


async def _typed_end(turn: Turn) -> str | None:
    until = later.ends(turn, turn.text)
    return until.isoformat() if until else None


@dataclass(frozen=True, kw_only=True)
class ChangeIncident(Form, name="incident_change"):
    """It takes longer, or less long, or is something else than was said."""

    announces: ClassVar[str] = "text"
    confirms: ClassVar[bool] = True

    incident: Annotated[int, filled()]
    until: Annotated[str, pick(_ends, other=_typed_end)]
    text: Annotated[str, free_words(least=4, optional=True)] = ""

    @classmethod
    async def check(cls, turn: Turn, so_far: Answers) -> Ask | None:
        """Look at the words."""
        return await _reworded(turn, so_far)

    async def summary(self, turn: Turn) -> Text:
        """Show it as the homes will read it."""
        known = await incidents.find(turn.session, turn.actor, incident_id=self.incident)
        changed = Incident(
            categories=known.categories,
            buildings=known.buildings,
            planned=known.planned,
            from_at=known.from_at,
            until_at=_moment(self.until),
        )
        words_then = self.text or known.words
        return lines(T("incident_change.summary"), publishing.worded(changed, Stage.CHANGE, words_then, short=False))

    async def submit(self, turn: Turn) -> Reply:
        """Say it to all homes again."""
        changed = await incidents.change(
            turn.session,
            turn.actor,
            incident_id=self.incident,
            until_at=_moment(self.until),
            words=self.text,
            now=turn.now,
        )
        return reply(T("incident.changed", number=changed.id))


@dataclass(frozen=True, kw_only=True)
class EndIncident(Form, name="incident_end"):
    """It is over; a word about what to mind now may go along."""

    announces: ClassVar[str] = "text"
    confirms: ClassVar[bool] = True

    incident: Annotated[int, filled()]
    text: Annotated[str, free_words(least=2, optional=True)] = ""

    @classmethod
    async def check(cls, turn: Turn, so_far: Answers) -> Ask | None:
        """Look at the words."""
        return await _reworded(turn, so_far)

    async def summary(self, turn: Turn) -> Text:
        """Show it as the homes will read it."""
        known = await incidents.find(turn.session, turn.actor, incident_id=self.incident)
        return lines(T("incident_end.summary"), publishing.worded(known, Stage.END, self.text, short=False))

    async def submit(self, turn: Turn) -> Reply:
        """Say it to all homes."""
        ended = await incidents.end(turn.session, turn.actor, incident_id=self.incident, words=self.text, now=turn.now)
        return reply(T("incident.ended", number=ended.id))
