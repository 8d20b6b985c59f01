"""Prepaid meters and accounts that run low: whoever pays is warned once per threshold, until they are filled up."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import or_, select

from services import conversations, houses, people, places, timers
from services.db import Session
from services.messages import Cents, Style, T, When
from services.models import Balance, Timer, Unit
from services.money import landed, standing
from services.outbox import Priority
from services.settings import Policy

SUBJECT, WARN = "community", "balance.warn"
CHUNK = 50
CENTS = 100


def level(cents: int, thresholds: Sequence[int]) -> int | None:
    """Return the lowest threshold (in cents) that a balance has reached; None while there is enough."""
    return min((one * CENTS for one in thresholds if cents <= one * CENTS), default=None)


async def begin(session: Session, *, now: datetime) -> None:
    """See that the balances of every community that has some are looked at; a look under way goes on."""
    communities = (await session.scalars(select(Balance.community_id).distinct())).all()
    waiting = select(Timer.subject_id).where(Timer.kind == WARN, Timer.state == "waiting")
    busy = set((await session.scalars(waiting)).all())
    for community_id in sorted(set(communities) - busy):
        await _look(session, community_id, 0, now)


async def _look(session: Session, community_id: int, after: int, now: datetime) -> None:
    await timers.move(
        session,
        key=f"balances:{community_id}",
        kind=WARN,
        subject=SUBJECT,
        subject_id=community_id,
        due_at=now,
        community_id=community_id,
        given={"after": after},
    )


async def warn(session: Session, *, community_id: int, after: int, now: datetime, policy: Policy) -> None:
    """Look at some of a community's balances, the next ones in a turn of their own."""
    thresholds = policy.fees.low_balance
    most = max(thresholds, default=None)
    low = Balance.cents <= most * CENTS if most is not None else Balance.warned_cents.is_not(None)
    found = (
        await session.scalars(
            select(Balance)
            .where(Balance.community_id == community_id, Balance.id > after)
            .where(or_(low, Balance.warned_cents.is_not(None)))
            .order_by(Balance.id)
            .limit(CHUNK)
            .with_for_update(skip_locked=True)
        )
    ).all()
    house = await houses.by_id(session, community_id=community_id)
    for balance in found:
        reached, warned = level(balance.cents, thresholds), balance.warned_cents
        balance.warned_cents = reached
        if reached is not None and (warned is None or reached < warned):
            await _tell(session, balance, house.phone, now)
    if len(found) == CHUNK:
        await _look(session, community_id, found[-1].id, now)


async def _tell(session: Session, balance: Balance, phone: str, now: datetime) -> None:
    """Tell whoever pays for the unit, each where he is reached best; the sum only where the address is proven."""
    unit = await session.get_one(Unit, balance.unit_id)
    persons = (await standing.payers(session, unit_ids=[unit.id])).get(unit.id, ())
    reached = await people.addresses_of(session, [person.id for person in persons])
    proven = await landed.trusted(session, address_ids=[to.address_id for to in reached.values()])
    place = places.unit_label(unit)
    for person_id, to in reached.items():
        sure = to.address_id in proven
        day = When(balance.as_of, Style.DAY)
        await conversations.tell(
            session,
            to=to,
            key=f"balance:{balance.id}:{balance.warned_cents}:{balance.as_of.isoformat()}:{person_id}",
            text=T("balance.low", unit=place, item=balance.item, cents=Cents(balance.cents), day=day, phone=phone)
            if sure
            else T("balance.low_plain", unit=place, item=balance.item, phone=phone),
            person_id=person_id,
            priority=Priority.NOTICE,
            now=now,
        )
