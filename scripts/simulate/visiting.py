"""A repair from the call to the last screw: one pair of hands does one job at a time."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta

from scripts.simulate import offers, owners
from scripts.simulate.roster import Employee
from scripts.simulate.stage import Stage
from services.catalog import Kind, Payer, Priority
from services.db import Session
from services.models import Ticket
from services.tickets.rules import Action

HandOver = Callable[[Stage, Session, Ticket, Employee], Awaitable[None]]

ANOTHER_DAY, NOBODY_HOME, PARTS, WEATHER, NOT_OURS, HELP, OTHER_HANDS = 0.1, 0.05, 0.07, 0.02, 0.008, 0.01, 0.02
QUOTED = 0.85  # of what the owner pays; the rest is a trifle
ON_FOOT = timedelta(minutes=7)
AT_WORK = 28.0  # minutes
EARLY = timedelta(minutes=10)
EVENING, MORNING = 20, 8


async def carry_on(stage: Stage, session: Session, ticket: Ticket, hand_over: HandOver) -> None:
    """Do the next step of a repair that somebody said yes to."""
    holder = stage.estate.staff[ticket.holder_id or 0]
    if not holder.is_on_duty(stage.now):
        await hand_over(stage, session, ticket, holder)
    elif ticket.step == "" and ticket.scope == "unit" and ticket.priority != Priority.EMERGENCY:
        await _call(stage, session, ticket, holder)
    elif ticket.step in {"", "called"}:
        await _go(stage, session, ticket, holder)
    elif ticket.step == "on_the_way":
        await _arrive(stage, session, ticket, holder)
    else:
        await _finish(stage, session, ticket, holder)


async def _call(stage: Stage, session: Session, ticket: Ticket, holder: Employee) -> None:
    """Call before coming; now and then another day suits better."""
    await stage.act(session, holder.actor, Action.CALLED, ticket)
    if ticket.from_at is None and ticket.priority == Priority.NORMAL and stage.chance(ANOTHER_DAY):
        start = stage.at_hour(stage.dice.choice((9, 10, 14, 16)), days=stage.dice.choice((1, 1, 2)))
        end = start + timedelta(hours=2)
        await stage.act(session, holder.actor, Action.RESCHEDULE, ticket, start=start, end=end)
    stage.plan_work(ticket.id, max(stage.now + stage.about(10), (ticket.from_at or stage.now) - EARLY))


async def _go(stage: Stage, session: Session, ticket: Ticket, holder: Employee) -> None:
    """Set off when the hands are free; nobody is rung out of bed for what can wait."""
    hour = stage.now.astimezone(stage.estate.house.zone).hour
    waits = [holder.free_at] if ticket.priority != Priority.EMERGENCY else []
    waits += [ticket.from_at - EARLY] if ticket.from_at is not None else []
    if ticket.priority == Priority.NORMAL and not MORNING <= hour < EVENING:
        waits.append(stage.at_hour(MORNING + 0.5, days=1 if hour >= EVENING else 0))
    start = max([stage.now, *waits])
    if start > stage.now:
        stage.plan_work(ticket.id, start + stage.about(1))
        return
    await stage.act(session, holder.actor, Action.ON_THE_WAY, ticket)
    holder.free_at = stage.now + ON_FOOT + timedelta(minutes=AT_WORK)
    stage.plan_work(ticket.id, stage.now + ON_FOOT)


async def _arrive(stage: Stage, session: Session, ticket: Ticket, holder: Employee) -> None:
    nobody = ticket.scope == "unit" and ticket.priority != Priority.EMERGENCY and stage.chance(NOBODY_HOME)
    if nobody:
        until = stage.at_hour(9.5, days=1)
        photo = (stage.estate.photo,)
        holder.free_at = stage.now
        await stage.act(session, holder.actor, Action.NO_ACCESS, ticket, media=photo, reason="absent", until=until)
        owners.plan_reschedule(stage, ticket)
        return
    await stage.act(session, holder.actor, Action.ARRIVED, ticket)
    stage.plan_work(ticket.id, stage.now + stage.about(AT_WORK * 0.8, 0.4))


async def _finish(stage: Stage, session: Session, ticket: Ticket, holder: Employee) -> None:
    """On site: price it, wait for what is missing, get help, or be done."""
    if ticket.payer == Payer.QUOTED and ticket.agreed_cents is None and ticket.kind == Kind.REPAIR:
        if not await offers.was_declined(session, ticket) and stage.chance(QUOTED):
            await offers.ask(stage, session, ticket, holder)
            return
    elif ticket.agreed_cents is not None and await offers.exceeds(stage, session, ticket, holder):
        return
    thrown = stage.dice.random()
    limits = _limits(ticket)
    if thrown < limits[0]:
        until = stage.at_hour(10, days=stage.dice.choice((1, 1, 2, 3)))
        await stage.act(session, holder.actor, Action.PAUSE, ticket, reason="parts", until=until)
    elif thrown < limits[1]:
        until = stage.at_hour(10, days=1)
        await stage.act(session, holder.actor, Action.PAUSE, ticket, reason="weather", until=until)
    elif thrown < limits[2]:
        await stage.act(
            session, holder.actor, Action.NOT_OURS, ticket, whose="water", label=stage.words["contact"], phone="96390"
        )
        stage.plan_work(ticket.id, stage.now + stage.about(30))
    elif thrown < limits[3]:
        await stage.act(session, holder.actor, Action.PROBLEM, ticket, problem="lead")
        stage.plan_work(ticket.id, stage.now + stage.about(40))
    elif thrown < limits[4] and await _other_hands(stage, session, ticket, holder):
        return
    else:
        charge = {"charge": ticket.agreed_cents} if ticket.agreed_cents else {}
        await stage.act(session, holder.actor, Action.DONE, ticket, words=stage.words["said_done"], codes=charge)
        holder.free_at = stage.now
        owners.plan_verdict(stage, ticket)


def _limits(ticket: Ticket) -> list[float]:
    """Return the thresholds of what may happen on site; in an emergency it is done."""
    shares = (PARTS, WEATHER if ticket.scope == "public" else 0.0, NOT_OURS, HELP, OTHER_HANDS)
    if ticket.priority == Priority.EMERGENCY:
        return [0.0] * len(shares)
    return [sum(shares[: number + 1]) for number in range(len(shares))]


async def _other_hands(stage: Stage, session: Session, ticket: Ticket, holder: Employee) -> bool:
    team = stage.estate.on_duty(stage.now, team=holder.post.team, role=holder.post.role)
    others = [one for one in team if one.staff_id != holder.staff_id]
    if not others:
        return False
    other = min(others, key=lambda one: (max(one.free_at, stage.now), one.staff_id))
    words = stage.words["said_hand_on"]
    await stage.act(session, holder.actor, Action.HAND_ON, ticket, words=words, to=other.staff_id)
    stage.plan_work(ticket.id, stage.now + stage.about(8))
    return True
