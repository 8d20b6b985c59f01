"""What may be asked of households that the office deals with now: of whom, for what, and what holds it up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select

from services.actors import House, Tie
from services.db import Session
from services.dunning import pauses
from services.dunning.steps import StepList
from services.models import Bill, DunningAttempt, Occupancy, Person, Unit
from services.money import standing
from services.money.standing import open_cents


@dataclass(frozen=True, slots=True)
class Claim:
    """An attempt with what is open of it now, oldest first, and whom it is for."""

    attempt: DunningAttempt
    unit: Unit
    person: Person | None
    tie: Tie
    owed: Sequence[Bill]
    overdue: Sequence[Bill]  # no matter, promise, hardship or complaint holds it up
    stayed: bool  # something is open that stayed with who sold or moved out

    @property
    def cents(self) -> int:
        """What is overdue, in all."""
        return sum(map(open_cents, self.overdue))


async def claims(
    session: Session, attempts: Sequence[DunningAttempt], *, house: House, now: datetime
) -> Sequence[Claim]:
    """Look at some attempts together, in a few statements however many they are."""
    homes = sorted({one.unit_id for one in attempts})
    rows = (await session.scalars(select(Unit).where(Unit.id.in_(homes)))).all()
    units = {unit.id: unit for unit in rows}
    bills = await _open(session, sorted({bill_id for one in attempts for bill_id in one.bills}))
    spared = await pauses.spared(session, homes=homes, now=now)
    held = await pauses.paused_bills(session, unit_ids=sorted({bill.unit_id for bill, _ in bills.values()}), now=now)
    today = now.astimezone(house.zone).date()
    people = await _people(session, attempts)
    found = []
    for one in attempts:
        its = [bills[bill_id] for bill_id in one.bills if bill_id in bills]
        owed = sorted((bill for bill, home in its if _is_his(one, bill, home)), key=lambda bill: (bill.due_on, bill.id))
        free = [] if one.list != StepList.LEFT and one.unit_id in spared else owed
        overdue = [bill for bill in free if bill.id not in held and bill.due_on < today]
        person, tie = people[one.id]
        found.append(Claim(one, units[one.unit_id], person, tie, owed, overdue, stayed=bool(its) and not owed))
    return found


async def _open(session: Session, bill_ids: Sequence[int]) -> Mapping[int, tuple[Bill, int]]:
    """Return bills that are still open, each with the home that it belongs to now."""
    home = func.coalesce(Unit.attached_to, Unit.id)
    its = Bill.id.in_(bill_ids), standing.OPEN
    rows = await session.execute(select(Bill, home).join(Unit, Unit.id == Bill.unit_id).where(*its))
    return {bill.id: (bill, home_id) for bill, home_id in rows.all()}


def _is_his(attempt: DunningAttempt, bill: Bill, home: int) -> bool:
    """Whether a bill is still of those whom the attempt is for: of the home's present payer, or of who left."""
    payer_id = attempt.person_id if attempt.list == StepList.LEFT else None
    return home == attempt.unit_id and bill.payer_id == payer_id


async def _people(session: Session, attempts: Sequence[DunningAttempt]) -> Mapping[int, tuple[Person | None, Tie]]:
    """Return whom each attempt is for, and as what: who left, else who pays for the home now."""
    homes = sorted({one.unit_id for one in attempts if one.list != StepList.LEFT})
    payers = await standing.payers(session, unit_ids=homes)
    left = select(Person).where(Person.id.in_([one.person_id for one in attempts if one.list == StepList.LEFT]))
    gone = {person.id: person for person in await session.scalars(left)}
    rents = Occupancy.unit_id.in_(homes), Occupancy.role == Tie.TENANT, Occupancy.status == "active"
    tenants = {
        tuple(row) for row in await session.execute(select(Occupancy.unit_id, Occupancy.person_id).where(*rents))
    }
    found: dict[int, tuple[Person | None, Tie]] = {}
    for one in attempts:
        if one.list == StepList.LEFT:
            found[one.id] = gone.get(one.person_id or 0), Tie.OWNER
            continue
        person = next(iter(payers.get(one.unit_id, ())), None)
        is_tenant = person is not None and (one.unit_id, person.id) in tenants
        found[one.id] = person, Tie.TENANT if is_tenant else Tie.OWNER
    return found
