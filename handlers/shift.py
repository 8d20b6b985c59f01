"""Shifts in chat: who is on duty, whose duty it is when, and going off duty with each ticket in hand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from itertools import groupby
from typing import Annotated

from handlers import tickets, words
from handlers.answers import Answers, Question, filled, one_of, pick
from handlers.form import Form
from handlers.turn import Turn
from handlers.workforms import colleagues
from services import people, shifts
from services.conversations import Option
from services.messages import Reply, Start, Style, T, Text, When, joined, lines, plain, reply
from services.models import Ticket
from services.refusals import NotAllowed
from services.shifts import Colleague, Shift
from services.stretches import Stretch
from services.tickets import faces, finding, passing
from services.tickets.history import Said
from services.tickets.rules import IN_HAND, Action
from services.understanding import shifttimes
from services.understanding.normalise import normalise
from services.understanding.shifttimes import Told

# ---------------------------------------------------------------- the roster


async def duty(turn: Turn, rest: str) -> Reply:
    """Show who is on duty, or let a lead change it: `/duty 27 tomorrow 8-20`, `/duty 27 off`."""
    if turn.actor.staff is None:
        raise NotAllowed
    return await (_changed(turn, rest) if rest else _shown(turn))


async def _shown(turn: Turn) -> Reply:
    now_on = await shifts.on_duty(turn.session, turn.house.id, turn.now)
    today = turn.now.astimezone(turn.house.zone).date()
    days = [await _day(turn, today, "today"), await _day(turn, today + timedelta(days=1), "tomorrow")]
    present = _list([plain(one.who.name) for one in now_on]) if now_on else T("duty.nobody")
    how = T("duty.how") if turn.actor.is_lead else None
    return reply(lines(T("duty.now", names=present), *days, how))


async def _day(turn: Turn, date: date, which: str) -> Text:
    day = shifttimes.whole(date, turn.house.zone)
    found = await shifts.roster(turn.session, turn.house.id, day.starts_at, day.ends_at)
    teams = [_team(team, list(those), day) for team, those in groupby(found, key=lambda one: one.who.team)]
    return lines(T(f"duty.{which}", day=When(day.starts_at, Style.DAY)), *(teams or [T("duty.nobody")]))


def _team(team: str, those: Sequence[Shift], day: Stretch) -> T:
    """Name a team's people with their hours, each once."""
    hours: dict[Colleague, list[Text]] = {}
    for one in those:
        hours.setdefault(one.who, []).append(_on_day(one.stretch, day))
    names = [joined([plain(who.name), joined(theirs, " / ")], " ") for who, theirs in hours.items()]
    return T("duty.team", team=T(f"team.{team}"), names=_list(names))


def _list(parts: Sequence[Text]) -> Text:
    return joined(parts, " \u00b7 ")


def _named(who: Colleague) -> T:
    return T("staff.name", name=who.name, badge=who.badge)


def _on_day(stretch: Stretch, day: Stretch) -> Text:
    """Say somebody's hours as far as they belong to the day."""
    begins, ends = stretch.starts_at > day.starts_at, stretch.ends_at < day.ends_at
    start, end = When(stretch.starts_at, Style.CLOCK), When(stretch.ends_at, Style.CLOCK)
    if begins and (ends or stretch.ends_at - stretch.starts_at < timedelta(days=1)):
        return T("duty.hours_over" if stretch.ends_at > day.ends_at else "duty.hours", start=start, end=end)
    if begins:
        return T("duty.from", start=start)
    return T("duty.until", end=end) if ends else T("duty.whole")


async def _changed(turn: Turn, rest: str) -> Reply:
    if not turn.actor.is_lead:
        raise NotAllowed
    told = shifttimes.read(rest, now=turn.now, zone=turn.house.zone)
    name, off = _whose(turn, told.rest)
    if not name:
        return reply(T("duty.how"))
    found = await shifts.called(turn.session, community_id=turn.house.id, words=name)
    if len(found) != 1:
        names = _list([_named(one) for one in found])
        return reply(T("duty.which", names=names) if found else T("duty.unknown", words=name))
    return await (_taken_off(turn, found[0], told) if off else _put_on(turn, found[0], told))


def _whose(turn: Turn, text: str) -> tuple[str, bool]:
    """Return the name that is left, and whether the words send him home."""
    said = normalise(text).strip()
    for word in sorted(words.variants(turn, "words.off_duty"), key=len, reverse=True):
        if said.lower().endswith(word):
            return said[: -len(word)].strip(), True
    return said, False


async def _put_on(turn: Turn, who: Colleague, told: Told) -> Reply:
    if told.hours is None:
        return reply(T("duty.when", name=_named(who)))
    if told.hours.ends_at <= turn.now:
        return reply(T("duty.past", span=shifts.span(told.hours, turn.house.zone)))
    hours = told.hours
    changed = await shifts.put_on(
        turn.session, turn.actor, staff_id=who.staff_id, starts_at=hours.starts_at, ends_at=hours.ends_at
    )
    if not changed:
        return reply(T("duty.on_before", name=_named(who), span=shifts.span(hours, turn.house.zone)))
    await _tell(turn, who, "told_on", hours)
    return reply(T("duty.on", name=_named(who), span=shifts.span(hours, turn.house.zone)))


async def _taken_off(turn: Turn, who: Colleague, told: Told) -> Reply:
    """Cut the time that was named; without one, the stretch that runs, or the next one."""
    cut = told.hours or told.day or await shifts.stretch_now(turn.session, staff_id=who.staff_id, now=turn.now)
    cut = Stretch(max(cut.starts_at, turn.now), cut.ends_at) if cut and cut.ends_at > turn.now else None
    if cut is None or not await shifts.take_off(
        turn.session, turn.actor, staff_id=who.staff_id, starts_at=cut.starts_at, ends_at=cut.ends_at
    ):
        return reply(T("duty.off_before", name=_named(who)))
    now_off = "" if told.hours or told.day or cut.starts_at > turn.now else "_now"
    await _tell(turn, who, f"told_off{now_off}", cut)
    holds = len(await finding.in_hand(turn.session, staff_id=who.staff_id))
    left = T("duty.holds", count=holds) if holds else None
    return reply(lines(T(f"duty.off{now_off}", name=_named(who), span=shifts.span(cut, turn.house.zone)), left))


async def _tell(turn: Turn, who: Colleague, what: str, stretch: Stretch) -> None:
    by = await people.staff_name(turn.session, turn.actor.staff.staff_id if turn.actor.staff else None)
    text = T(f"duty.{what}", name=by, span=shifts.span(stretch, turn.house.zone))
    await shifts.tell(turn.session, turn.actor, staff_id=who.staff_id, text=text, now=turn.now)


# ---------------------------------------------------------------- going off duty


class Leaving(StrEnum):
    """What becomes of a ticket when its holder goes home."""

    KEEP = "keep"
    PASS = "pass"  # noqa: S105 - no password
    BACK = "back"


def _passes(so_far: Answers) -> bool:
    return so_far.get("what") == Leaving.PASS


async def off(turn: Turn) -> Reply:
    """Go off duty: what is in hand is asked for one by one."""
    if turn.actor.staff is None:
        raise NotAllowed
    return await _next(turn, kept=(), told=())


async def _next(turn: Turn, *, kept: Sequence[int], told: Sequence[Sequence[str]]) -> Reply:
    staff = turn.actor.staff
    if staff is None:
        raise NotAllowed
    held = await finding.in_hand(turn.session, staff_id=staff.staff_id)
    left = [ticket for ticket in held if ticket.id not in kept]
    if left:
        given = {"ticket": left[0].id, "left": len(left) - 1, "kept": list(kept), "told": [list(one) for one in told]}
        return Reply(then=Start("off", given))
    was_on = await shifts.go_off(turn.session, turn.actor, now=turn.now)
    end = T("off.done", at=When(turn.now, Style.CLOCK)) if was_on else T("off.not_on")
    became = [T(f"off.became.{what}", number=number, name=name) for what, number, name in told]
    return reply(lines(end, *(became or [T("off.nothing")])))


@dataclass(frozen=True, kw_only=True)
class GoingOff(Form, name="off"):
    """What becomes of one ticket; the next one is asked for after it."""

    ticket: Annotated[int, filled()]
    left: Annotated[int, filled()] = 0
    kept: Annotated[Sequence[int], filled()] = ()
    told: Annotated[Sequence[Sequence[str]], filled()] = ()
    what: Annotated[Leaving, one_of(Leaving, "off.what")]
    to: Annotated[int, pick(colleagues, when=_passes)] = 0

    @classmethod
    async def ask(cls, turn: Turn, name: str, so_far: Answers, options: Sequence[Option]) -> Question:
        """Show the ticket with the question."""
        ticket = await finding.find(turn.session, turn.actor, ticket_id=int(so_far["ticket"]))
        if name == "to":
            return Question(T("off.to", number=ticket.number), options)
        more = T("off.more", count=so_far["left"]) if so_far.get("left") else None
        return Question(
            lines(faces.one_line(ticket, now=turn.now), joined([T("off.what"), more], "")), options, across=3
        )

    async def submit(self, turn: Turn) -> Reply:
        """Do as he said, and go on with the next ticket; what is no longer his is passed over."""
        ticket = await finding.find(turn.session, turn.actor, ticket_id=self.ticket, lock=True)
        staff = turn.actor.staff
        kept, told = [*self.kept, self.ticket], list(self.told)
        if staff is not None and ticket.holder_id == staff.staff_id and ticket.state in IN_HAND:
            name = await self._do(turn, ticket)
            told.append([self.what.value if name else "pool", ticket.number, name])
        return await _next(turn, kept=kept, told=told)

    async def _do(self, turn: Turn, ticket: Ticket) -> str:
        """Return the name of who has the ticket after it, if somebody else has."""
        if self.what is Leaving.PASS:
            codes = {"to": self.to, "reason": "off_duty"}
            await tickets.act(turn, ticket.id, Action.HAND_ON, codes=codes)
        elif self.what is Leaving.BACK:
            await passing.give_back(
                turn.session,
                turn.actor,
                ticket=ticket,
                reason="off_duty",
                said=Said(),
                now=turn.now,
                policy=turn.policy,
            )
        name = await people.staff_name(turn.session, ticket.holder_id)
        return turn.label(name) if name is not None else ""
