"""Households for whom a letter or the legal list is due, as rows that a round would have written."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from sqlalchemy import select

from services import actors, houses
from services.access import Deed
from services.actors import House
from services.db import Session
from services.dunning import letters
from services.dunning.letters import Printed, Waits
from services.dunning.steps import Does
from services.models import Bill, Community, DunningAttempt, Unit
from services.money import ledger
from services.money.ledger import Money
from tests.support.line import START

CENTS = 12_345
OLD = date(2025, 1, 31)
CLERK = actors.system("office", Deed.SEND_LETTERS, Deed.TAKE_PAYMENT)


async def house_of(session: Session) -> House:
    """Return the only estate."""
    return await houses.by_id(session, community_id=int(await session.scalar(select(Community.id)) or 0))


async def owing(session: Session, way: Does, count: int, *, which: str = "fees") -> Sequence[DunningAttempt]:
    """Let households owe for so long that the office is to do something."""
    units = (await session.scalars(select(Unit).where(Unit.kind == "flat").order_by(Unit.id).limit(count))).all()
    return [await owing_of(session, unit, way, which=which) for unit in units]


async def owing_of(session: Session, unit: Unit, way: Does, *, which: str = "fees") -> DunningAttempt:
    """Let one household owe a bill, an attempt at which is wanted."""
    row = {"community_id": unit.community_id, "unit_id": unit.id}
    bill = Bill(**row, item="物业费", period="2025-01", cents=CENTS, due_on=OLD, as_of=START)
    known = select(Bill).where(Bill.unit_id == unit.id, Bill.period == bill.period)
    bill = (await session.scalars(known)).one_or_none() or bill
    session.add(bill)
    await session.flush()
    key = f"{which}:{unit.id}:{bill.id}:{way}"
    attempt = DunningAttempt(
        **row, key=key, list=which, step=way, way=way, state="wanted", at=START, bills=[bill.id], cents=CENTS
    )
    session.add(attempt)
    await session.flush()
    return attempt


async def pays(session: Session, attempt: DunningAttempt) -> None:
    """Let a household pay what an attempt is about."""
    unit = await session.get_one(Unit, attempt.unit_id)
    money = Money(cents=CENTS, way="cash", source="desk", key=f"p{attempt.id}", paid_on=START.date())
    await ledger.record(session, CLERK, unit=unit, money=money, bills=attempt.bills, tell=False, now=START)


async def printed(session: Session, *, batch: str = "b", no: str = "") -> tuple[Sequence[Printed], Sequence[Waits]]:
    """Number all letters that are wanted, step by step; signs of `no` can't be printed."""
    house, after, waiting = await house_of(session), 0, list[Waits]()
    while True:
        step = await letters.number(
            session,
            CLERK,
            house=house,
            batch=batch,
            after=after,
            lacking=lambda words: "".join(sign for sign in words if sign in no),
            how="扫门口的码",
            now=START,
        )
        waiting += step.waiting
        if step.after is None:
            break
        after = step.after
    return await letters.batch(session, CLERK, community_id=house.id, name=batch), waiting
