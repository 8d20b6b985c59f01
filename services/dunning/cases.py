"""What is known of households that owe, put together for a round: bills, payers, steps taken, what holds it up."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from sqlalchemy import func, select

from services.db import Session
from services.dunning import pauses
from services.dunning.steps import Household, Step, StepList
from services.models import Bill, DunningAttempt, Person, Unit
from services.money import standing

SAID = "said"


@dataclass(slots=True)
class Case:
    """Somebody who owes for a home: who pays for it now, or one who left."""

    home: Unit
    kind: StepList
    bills: list[Bill] = field(default_factory=list)  # open, nothing holds them up, oldest first
    payers: Sequence[Person] = ()
    taken: set[str] = field(default_factory=set)
    last_at: datetime | None = None  # when somebody of it was last written to
    spared: bool = False

    @property
    def state(self) -> Household:
        """What the pure core is asked about."""
        oldest = self.bills[0].due_on if self.bills else None
        return Household(oldest, self.taken, self.last_at, self.spared)

    @property
    def anchor(self) -> str:
        """A step is taken once for the bill that it follows from."""
        return f"{self.kind}:{self.home.id}:{self.bills[0].id}:" if self.bills else ""

    @property
    def cents(self) -> int:
        """What is owed in all."""
        return sum(standing.open_cents(bill) for bill in self.bills)

    def key(self, step: Step) -> str:
        """Name a step of this case."""
        return f"{self.anchor}{step.name}"


async def of_units(
    session: Session, *, units: Sequence[int], upto: date, now: datetime, is_due: Callable[[Case], bool]
) -> Sequence[Case]:
    """Put together what is known of the households of some units, and of who left them, by bills due up to a day.

    `is_due` looks at a case before it is known who pays and what spares him: on most days few are left.
    """
    named = (await session.execute(select(Unit.id, Unit.attached_to).where(Unit.id.in_(units)))).all()
    roots = {row.attached_to or row.id for row in named}
    rows = (await session.scalars(select(Unit).where(Unit.id.in_(roots) | Unit.attached_to.in_(roots)))).all()
    home_of = {unit.id: unit.attached_to or unit.id for unit in rows}
    homes = {unit.id: unit for unit in rows if unit.attached_to is None}
    found = {(home.id, 0): Case(home, _list_of(home)) for home in homes.values()}
    for bill in await _free(session, list(home_of), upto, now):
        home = homes.get(home_of[bill.unit_id])
        if home is not None:
            left = bill.payer_id or 0
            found.setdefault((home.id, left), Case(home, StepList.LEFT)).bills.append(bill)
    await _attempts(session, list(found.values()))
    due = {key: found[key] for key in sorted(found) if is_due(found[key])}
    if not due:
        return []
    await _people(session, due)
    spared = await pauses.spared(session, homes=sorted({home for home, _ in due}), now=now)
    for case in due.values():
        case.spared = case.kind is not StepList.LEFT and case.home.id in spared
    return list(due.values())


def _list_of(home: Unit) -> StepList:
    return StepList.HANDOVER if home.takeover == "waits" else StepList.FEES


async def _free(session: Session, units: Sequence[int], upto: date, now: datetime) -> Sequence[Bill]:
    """Return the open bills that no matter holds up, oldest first."""
    held = await pauses.paused_bills(session, unit_ids=units, now=now)
    due = Bill.unit_id.in_(units), Bill.due_on <= upto, standing.OPEN
    rows = await session.scalars(select(Bill).where(*due).order_by(Bill.due_on, Bill.id))
    return [bill for bill in rows if bill.id not in held]


async def _people(session: Session, found: Mapping[tuple[int, int], Case]) -> None:
    payers = await standing.payers(session, unit_ids=sorted({home for home, _ in found}))
    left = {person for _, person in found if person}
    gone = select(Person).where(Person.id.in_(left))
    persons = {person.id: person for person in await session.scalars(gone)} if left else {}
    for (home, person), case in found.items():
        case.payers = [persons[person]] if person else payers.get(home, ())


async def _attempts(session: Session, found: Iterable[Case]) -> None:
    """Note the steps taken for each case's oldest bill."""
    anchors = {case.anchor: case for case in found if case.bills}
    homes = {case.home.id for case in anchors.values()}
    rows = await session.scalars(select(DunningAttempt.key).where(DunningAttempt.unit_id.in_(homes)))
    for key in rows:
        anchor, _, step = key.rpartition(":")
        if case := anchors.get(f"{anchor}:"):
            case.taken.add(step)


async def hold(session: Session, found: Sequence[Case]) -> None:
    """Hold the rows of the cases' payers, so that homes of one payer take turns, and note when each was written to."""
    persons = sorted({person.id for case in found for person in case.payers})
    homes = sorted({case.home.id for case in found})
    if persons:
        rows = select(Person.id).where(Person.id.in_(persons)).order_by(Person.id)
        await session.execute(rows.with_for_update(key_share=True))
    whose = DunningAttempt.person_id.in_(persons) | DunningAttempt.unit_id.in_(homes)
    said = DunningAttempt.state == SAID, DunningAttempt.community_id.in_({case.home.community_id for case in found})
    by_both = select(DunningAttempt.person_id, DunningAttempt.unit_id, func.max(DunningAttempt.at).label("at"))
    lasts = await session.execute(
        by_both.where(*said, whose).group_by(DunningAttempt.person_id, DunningAttempt.unit_id)
    )
    for row in lasts.all():
        for case in found:
            written(case, row.person_id, row.unit_id, row.at)


def written(case: Case, person_id: int | None, unit_id: int, at: datetime) -> None:
    """Note that somebody was written to, when it concerns a case: one of its payers, or its home."""
    of_home = case.kind is not StepList.LEFT and unit_id == case.home.id
    if of_home or person_id in {person.id for person in case.payers}:
        case.last_at = max(case.last_at or at, at)
