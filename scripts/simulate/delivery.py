"""Delivery for the simulation: everything that may leave is claimed and settled as accepted; nothing is rendered."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from functools import cache
from typing import Any

from sqlalchemy import Select, bindparam, select

from scripts.simulate.estate import ACCOUNT
from scripts.simulate.stage import Stage
from services import delivered, direct, outbox, surveys
from services.db import Session
from services.delivered import Arrival
from services.messages import Channel
from services.models import Card, Prompt, table_of
from services.outbox import Account, Claimed, Result, State

OWNER = "simulation"
LEASE = timedelta(hours=1)
SLOTS = 200
ACCOUNTS = tuple(Account(channel, ACCOUNT) for channel in (Channel.TELEGRAM, Channel.SMS))


async def drain(stage: Stage) -> None:
    """Deliver until nothing may leave any more, in one transaction: nobody else is at it."""
    async with stage.db.transaction() as session:
        while rows := await _claim(session, stage):
            stage.counts["sent"] += len(rows)
            await delivered.note(session, await _arrivals(session, rows), owner=OWNER, now=stage.now)
    stage.quiet()


async def _claim(session: Session, stage: Stage) -> Sequence[Claimed]:
    waiting = await outbox.waiting(session)
    rows: list[Claimed] = []
    for account in ACCOUNTS:
        if waiting is None or (account.channel, account.account) in waiting:
            rows += await outbox.claim(session, account, owner=OWNER, lease=LEASE, slots=SLOTS, desk_now=stage.now)
    return rows


async def _arrivals(session: Session, rows: Sequence[Claimed]) -> Sequence[Arrival]:
    cards = await _found(session, _cards(), [row.card_id for row in rows])
    prompts = await _found(session, _prompts(), [row.prompt_id for row in rows if row.kind == "prompt"])
    return [await _arrival(session, row, cards, prompts) for row in rows]


async def _found(session: Session, statement: Select[Any], ids: Sequence[int | None]) -> dict[int, Any]:
    wanted = sorted({one for one in ids if one is not None})
    if not wanted:
        return {}
    return {row[0]: row for row in await direct.execute(session, statement, {"wanted": wanted})}


@cache
def _cards() -> Select[Any]:
    card = table_of(Card).c
    return select(card.id, card.wanted, card.shown).where(card.id.in_(bindparam("wanted", expanding=True)))


@cache
def _prompts() -> Select[Any]:
    prompt = table_of(Prompt).c
    return select(prompt.id, prompt.state).where(prompt.id.in_(bindparam("wanted", expanding=True)))


async def _arrival(session: Session, row: Claimed, cards: dict[int, Any], prompts: dict[int, Any]) -> Arrival:
    card = cards.get(row.card_id or 0)
    idle = card is not None and card.wanted == card.shown
    ended = row.kind == "prompt" and prompts[row.prompt_id or 0].state != "open"
    if idle or ended or (row.still_wanted and not await _wanted(session, row.still_wanted)):
        return Arrival(row, Result(id=row.id, state=State.SKIPPED, code="nothing to say any more"))
    result = Result(id=row.id, state=State.ACCEPTED, provider_id=f"m{row.id}", parts=1)
    return Arrival(row, result, account=ACCOUNT, revision=card.wanted if card is not None else 0)


async def _wanted(session: Session, subject: str) -> bool:
    kind, _, number = subject.partition(":")
    return kind != "survey" or await surveys.still_wanted(session, int(number))
