"""Rectification notices: written by employees, answered by the household with a photo, checked until it is right."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Any, ClassVar

from handlers import later, places
from handlers import tickets as shown
from handlers.answers import Answers, filled, pick
from handlers.answers import words as free_words
from handlers.form import Form, Numbered
from handlers.later import Moment
from handlers.tickets import Verb
from handlers.turn import Turn
from services import media
from services.catalog import OTHER, Kind
from services.conversations import Option
from services.messages import Channel, Choice, Reply, Start, T, Text, When, joined, lines, plain, reply
from services.refusals import NotAllowed
from services.tickets import rectify
from services.tickets.history import Said
from services.tickets.rectify import NothingToRectify, Notice
from services.tickets.rules import Action

DAYS = (1, 3, 7)
AT_LEAST = timedelta(hours=1)


async def new(turn: Turn, rest: str) -> Reply:
    """Write a notice: `/rectify 3-2-1502 rubbish in the stairway, by Friday`."""
    if turn.actor.staff is None:
        raise NotAllowed
    if not rest and not turn.inbound.media:
        return Reply(then=Start("rectify", {}))
    reading = turn.understood(rest)
    place = await places.from_reading(turn, reading)
    due = later.ends(turn, rest) if reading.when else None
    given: dict[str, Any] = {
        "what": reading.rest or rest or None,
        "where": place,
        "due": due.isoformat() if due is not None and due > turn.now + AT_LEAST else None,
    }
    if turn.inbound.media:
        given["files"] = await media.keep(turn.session, turn.actor, turn.inbound, now=turn.now)
    return Reply(then=Start("rectify", given))


async def _dues(turn: Turn, so_far: Answers) -> Sequence[Option]:  # noqa: ARG001
    evenings = [later.at(turn, turn.now, later.EVENING, days=days) for days in DAYS]
    return [Option(when.isoformat(), T("later.at", until=When(when))) for when in evenings]


async def _nowhere(turn: Turn, so_far: Answers) -> Sequence[Option]:  # noqa: ARG001
    return []


@dataclass(frozen=True, kw_only=True)
class WriteNotice(Form, name="rectify"):
    """Who is to put what right, by when."""

    confirms: ClassVar[bool] = True

    where: Annotated[Mapping[str, Any], pick(_nowhere, other=places.any_unit)]
    what: Annotated[str, free_words(least=2)]
    due: Annotated[datetime, Moment(of=_dues)]
    files: Annotated[Sequence[int], filled()] = ()

    @classmethod
    async def more(cls, turn: Turn, so_far: Answers) -> Mapping[str, Any] | None:
        """Photos and words that come while the summary waits belong to it."""
        changes: dict[str, Any] = {}
        if turn.inbound.media:
            kept = await media.keep(turn.session, turn.actor, turn.inbound, now=turn.now)
            changes["files"] = [*(so_far.get("files") or ()), *kept]
        if turn.text:
            changes["what"] = f"{so_far.get('what') or ''}{turn.label(T('join.words'))}{turn.text}"
        return changes or None

    async def summary(self, turn: Turn) -> Text:  # noqa: ARG002
        """Say back to whom it goes, and what it says."""
        files = T("repair.summary.photos", count=len(self.files)) if self.files else None
        return lines(
            T("rectify.summary"),
            T("repair.summary.where", place=plain(self.where["label"])),
            joined([T("repair.summary.what", what=self.what), files], " "),
            T("card.rectify_by", by=When(self.due)),
        )

    async def submit(self, turn: Turn) -> Reply:
        """File it; the household hears it, or the writer how to tell it."""
        notice = Notice(
            category=turn.world.catalog.of_kind(OTHER, Kind.RECTIFICATION),
            matter=self.what,
            place=self.where["label"],
            due=self.due,
            unit_id=self.where.get("unit"),
            firm="" if self.where.get("unit") else self.where["label"],
            media=tuple(self.files),
        )
        ticket, told = await rectify.file(
            turn.session, turn.actor, house=turn.house, notice=notice, now=turn.now, policy=turn.policy
        )
        return reply(T("rectify.filed" if told else "rectify.filed_by_hand", number=ticket.number))


async def rectified(turn: Turn, rest: str) -> Reply:
    """The household says that it is put right: a photo is asked for."""
    mine = {ticket.id: ticket for ticket in await rectify.waiting(turn.session, turn.actor)}
    ticket = mine.get(int(rest) if rest.isdecimal() else 0)
    if ticket is None:
        raise NothingToRectify
    if turn.inbound.media or turn.inbound.channel is Channel.SMS:
        return await _send(turn, ticket.id, turn.label(T("rectify.done")))
    return Reply(then=shown.start("rectified", ticket))


async def typed(turn: Turn) -> Reply | None:
    """Words that say it is put right; None when no notice waits for them."""
    waiting = await rectify.waiting(turn.session, turn.actor)
    if not waiting:
        return None
    if len(waiting) > 1:
        choices = [[Choice(plain(f"{one.number} {one.matter}"), f"go:rectified:{one.id}")] for one in waiting]
        return reply(T("rectify.which"), *choices)
    if not turn.inbound.media and turn.inbound.channel is not Channel.SMS:  # a picture shows more than words
        return Reply(then=shown.start("rectified", waiting[0]))
    return await _send(turn, waiting[0].id, turn.text)


async def _send(turn: Turn, ticket_id: int, words: str) -> Reply:
    kept = await media.keep(turn.session, turn.actor, turn.inbound, now=turn.now)
    said = Said(words, tuple(kept))
    ticket = await rectify.rectified(turn.session, turn.actor, ticket_id=ticket_id, said=said, now=turn.now)
    return reply(T("rectify.reported", number=ticket.number))


@dataclass(frozen=True, kw_only=True)
class Rectified(Numbered, name="rectified"):
    """A photo, or a line, of what was put right."""

    ticket: Annotated[int, filled()]
    number: Annotated[str, filled()]
    words: Annotated[str, free_words()]

    async def submit(self, turn: Turn) -> Reply:
        """Send it to who checks."""
        return await _send(turn, self.ticket, self.words)


async def passes(turn: Turn, ticket_id: int) -> Reply:
    """It is put right."""
    ticket, change = await shown.act(turn, ticket_id, Action.FOUND_RIGHT)
    return reply(T("work.closed_before" if change.repeated else "rectify.closed", number=ticket.number))


async def fails(turn: Turn, ticket_id: int) -> Reply:
    """It is not: why, and by when then."""
    return Reply(then=shown.start("found_wrong", await shown.may(turn, ticket_id, Action.FOUND_WRONG)))


@dataclass(frozen=True, kw_only=True)
class Fail(Numbered, name="found_wrong"):
    """Why a check was not passed, and the new date."""

    ticket: Annotated[int, filled()]
    number: Annotated[str, filled()]
    words: Annotated[str, free_words(least=2)]
    until: Annotated[datetime, Moment(of=_dues)]

    async def submit(self, turn: Turn) -> Reply:
        """Tell the household."""
        said, codes = Said(self.words), {"until": self.until}
        ticket, _ = await shown.act(turn, self.ticket, Action.FOUND_WRONG, said=said, codes=codes)
        return reply(T("rectify.again", number=ticket.number, due=When(self.until)))


VERBS: Mapping[str, Verb] = {"found_right": passes, "found_wrong": fails}
