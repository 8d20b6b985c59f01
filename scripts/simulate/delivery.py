"""Delivery for the simulation: everything that may leave is claimed and settled as accepted; nothing is rendered."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import select

from scripts.simulate.estate import ACCOUNT
from scripts.simulate.stage import Stage
from services import delivered, outbox, surveys
from services.db import Session
from services.delivered import Arrival
from services.messages import Channel
from services.models import Card, Prompt
from services.outbox import Account, Claimed, Result, State

OWNER = "simulation"
LEASE = timedelta(hours=1)
SLOTS = 200
ACCOUNTS = tuple(Account(channel, ACCOUNT) for channel in (Channel.TELEGRAM, Channel.SMS))


async def drain(stage: Stage) -> None:
    """Deliver until nothing may leave any more; results are written with the next claim, as delivery does it."""
    batch: Sequence[Arrival] = ()
    while True:
        async with stage.db.transaction() as session:
            if batch:
                await delivered.note(session, batch, owner=OWNER, now=stage.now)
            rows: list[Claimed] = []
            for account in ACCOUNTS:
                rows += await outbox.claim(session, account, owner=OWNER, lease=LEASE, slots=SLOTS, desk_now=stage.now)
            batch = await _arrivals(session, rows)
        stage.counts["sent"] += len(rows)
        if not rows:
            stage.quiet()
            return


async def _arrivals(session: Session, rows: Sequence[Claimed]) -> Sequence[Arrival]:
    cards = await _found(session, select(Card.id, Card.wanted, Card.shown), Card.id, [row.card_id for row in rows])
    prompts = await _found(
        session, select(Prompt.id, Prompt.state), Prompt.id, [row.prompt_id for row in rows if row.kind == "prompt"]
    )
    return [await _arrival(session, row, cards, prompts) for row in rows]


async def _found(session: Session, statement: Any, key: Any, ids: Sequence[int | None]) -> dict[int, Any]:  # noqa: ANN401
    wanted = sorted({one for one in ids if one is not None})
    if not wanted:
        return {}
    return {row[0]: row for row in (await session.execute(statement.where(key.in_(wanted)))).all()}


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
