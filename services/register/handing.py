"""What somebody leaves behind: open repairs go on with who comes, bills of his time stay his, his cars go with him."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from sqlalchemy import func, or_, select, update

from services import actors, people
from services.actors import House
from services.catalog import Kind
from services.db import Session
from services.models import Bill, Occupancy, Person, Ticket, Vehicle
from services.money import standing
from services.register import ties
from services.settings import Policy
from services.tickets import engine, finding
from services.tickets.dispatch import ENDED
from services.tickets.rules import Action

SYSTEM = "register"
OF_THE_FLAT = (Kind.REPAIR,)  # a complaint, a question, a suggestion stays with who made it


async def tickets(
    session: Session,
    *,
    unit_ids: Sequence[int],
    leavers: Sequence[int],
    heir: Person | None,
    house: House,
    now: datetime,
    policy: Policy,
) -> int:
    """Hand open repairs of the flats to who comes, by a row of their history; return how many. Nobody: they stay."""
    if heir is None:
        return 0
    found = await session.scalars(
        select(Ticket.id)
        .where(
            Ticket.unit_id.in_(unit_ids),
            Ticket.requester_id.in_([one for one in leavers if one != heir.id]),
            Ticket.kind.in_(OF_THE_FLAT),
            Ticket.scope == "unit",
            Ticket.confidential.is_(False),
            Ticket.state.not_in(ENDED),
        )
        .order_by(Ticket.id)
    )
    to = (await people.addresses_of(session, [heir.id])).get(heir.id)
    clerk = actors.system(SYSTEM, Action.INHERIT, house=house)
    count = 0
    for ticket_id in found.all():
        ticket = await finding.locked(session, ticket_id=ticket_id)
        if ticket is None:
            continue
        codes = {"requester": heir.id, "address": to.address_id if to is not None else None}
        await engine.act(session, clerk, Action.INHERIT, ticket=ticket, now=now, policy=policy, codes=codes)
        count += 1
    return count


async def bills(session: Session, *, unit_ids: Sequence[int], payer_id: int, before: date) -> int:
    """Let the open bills of the time before a day stay with who left; return their sum in cents."""
    over = or_(func.coalesce(Bill.to_on, Bill.due_on) < before, Bill.due_on < before)
    his = Bill.unit_id.in_(unit_ids), Bill.payer_id.is_(None), standing.OPEN, over
    left = select(func.coalesce(func.sum(Bill.cents + Bill.adjusted_cents - Bill.paid_cents), 0)).where(*his)
    cents = int(await session.scalar(left) or 0)
    if cents:
        changed = update(Bill).where(*his).values(payer_id=payer_id).execution_options(synchronize_session=False)
        await session.execute(changed)
    return cents


async def cars(session: Session, *, community_id: int, leavers: Sequence[int], last: date) -> int:
    """End the cars of those who have nothing here any more; the rows stay as they were. Return how many."""
    here = select(Occupancy.person_id).where(Occupancy.community_id == community_id, Occupancy.status != ties.ENDED)
    theirs = Vehicle.community_id == community_id, Vehicle.person_id.in_(leavers), Vehicle.until.is_(None)
    kept = select(Vehicle.id).where(*theirs, Vehicle.person_id.not_in(here))
    ids = (await session.scalars(kept)).all()
    ended = update(Vehicle).where(Vehicle.id.in_(ids)).values(until=last)
    await session.execute(ended.execution_options(synchronize_session=False))
    return len(ids)
