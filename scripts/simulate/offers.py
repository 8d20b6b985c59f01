"""Prices: asked, agreed, declined, exceeded; who is silent is called by the desk."""

from __future__ import annotations

from functools import partial

from sqlalchemy import func, select

from scripts.simulate.roster import Employee
from scripts.simulate.stage import Stage
from services.actors import Actor, Role
from services.db import Session
from services.models import Quote, Ticket
from services.pricing import Line
from services.tickets import quotes
from services.tickets.deeds import Wait
from services.tickets.rules import Action, State

AGREES, SILENT, EXCEEDS = 0.78, 0.15, 0.08
CENTS = (2_000, 40_000)
GUARANTEE = 90


async def ask(stage: Stage, session: Session, ticket: Ticket, holder: Employee, *, at_least: int = 0) -> None:
    """Quote, and plan what the owner says to it."""
    total = at_least + stage.dice.randrange(*CENTS, 500)
    quote = await quotes.offer(
        session,
        holder.actor,
        ticket=ticket,
        lines=[Line("labour", stage.words["part"], 1, total // 2, total - total // 2)],
        guarantee_days=GUARANTEE,
        now=stage.now,
        policy=stage.policy,
    )
    stage.counts[Action.QUOTE] += 1
    holder.free_at = stage.now
    owner = stage.owner_of(ticket)
    silent = owner is None or owner.address_id is None or stage.chance(SILENT)
    decision = partial(_decide, stage, ticket_id=ticket.id, quote_id=quote.id)
    if silent:
        stage.plan(stage.at_hour(9.5, days=1) + stage.about(30), partial(decision, owner=None))
    else:
        stage.later(stage.about(20, 1.0), partial(decision, owner=owner))


async def was_declined(session: Session, ticket: Ticket) -> bool:
    """Whether the owner has said no."""
    asked = select(Quote.id).where(Quote.ticket_id == ticket.id, Quote.state == quotes.DECLINED).limit(1)
    return await session.scalar(asked) is not None


async def exceeds(stage: Stage, session: Session, ticket: Ticket, holder: Employee) -> bool:
    """More is broken than was seen: above the agreed sum the owner is asked again, once."""
    count = await session.scalar(select(func.count()).where(Quote.ticket_id == ticket.id)) or 0
    if count != 1 or not stage.chance(EXCEEDS):
        return False
    await ask(stage, session, ticket, holder, at_least=ticket.agreed_cents or 0)
    return True


async def _decide(stage: Stage, session: Session, *, ticket_id: int, quote_id: int, owner: Actor | None) -> None:
    ticket = await stage.ticket(session, ticket_id)
    if ticket.state != State.PAUSED or ticket.pause_reason != Wait.QUOTE:
        return
    actor = owner or _by_phone(stage)
    if actor is None:
        decision = partial(_decide, stage, ticket_id=ticket_id, quote_id=quote_id, owner=None)
        stage.plan(stage.at_hour(10, days=1), decision)
        return
    agrees = stage.chance(AGREES)
    words = "" if owner else stage.words["said_agree" if agrees else "said_decline"]
    await quotes.decide(
        session,
        actor,
        ticket=ticket,
        agreed=agrees,
        words=words,
        now=stage.now,
        policy=stage.policy,
        quote_id=quote_id,
    )
    stage.counts[Action.AGREE if agrees else Action.DECLINE] += 1
    stage.plan_work(ticket.id, stage.now + stage.about(15))


def _by_phone(stage: Stage) -> Actor | None:
    """Return who at the desk calls the owner."""
    desk = stage.estate.on_duty(stage.now, team="desk", role=Role.DESK)
    return stage.dice.choice(desk).actor if desk else None
