"""The day as a workbook, and building by building."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime

from sqlalchemy import select

from services import inlined, reports_people
from services.actors import Actor, House
from services.db import Session
from services.digests import counts, periods
from services.digests.pages import Cell, Page, Table
from services.digests.pressing import sees
from services.messages import Style, T, When, lines, plain
from services.models import Person, Staff, Ticket
from services.stretches import Stretch
from services.tickets.dispatch import ENDED

Label = Callable[[str], str]


async def by_building(session: Session, *, house: House, now: datetime) -> Page:
    """Say for every building what came yesterday, what is open and what is late: counts only."""
    yesterday = periods.day_of(now, house.zone, ago=1)
    came = Counter(one.building for one in await counts.filed(session, community_id=house.id, span=yesterday))
    waits = await counts.still_open(session, community_id=house.id)
    open_ones = Counter(one.building for one in waits)
    late = Counter(
        one.building for one in waits if one.state in counts.RUNS and one.due_at is not None and one.due_at < now
    )
    names = sorted(set(came) | set(open_ones), key=_in_order)
    listed = [
        T(
            "buildings.line",
            building=T("buildings.one", building=name) if name else T("buildings.public"),
            came=came[name],
            open=open_ones[name],
            late=late[name],
        )
        for name in names
    ]
    head = T("buildings.head", estate=house.name, day=When(now, Style.DAY))
    return Page(lines(head, *(listed or [T("digest.open.none")])))


def _in_order(name: str) -> tuple[bool, int, str]:
    """Order buildings as people count them; what belongs to none comes last."""
    return name == counts.PUBLIC, int(name) if name.isdecimal() else 0, name


async def of_the_day(session: Session, actor: Actor, *, house: House, now: datetime, label: Label) -> Page:
    """Write what is open, and what came yesterday, as a workbook: a row a ticket, as far as the reader may see it."""
    yesterday = periods.day_of(now, house.zone, ago=1)
    open_ones = select(Ticket).where(Ticket.community_id == house.id, inlined.outside(Ticket.state, ENDED))
    came = select(Ticket).where(
        Ticket.community_id == house.id,
        Ticket.created_at >= yesterday.starts_at,
        Ticket.created_at < yesterday.ends_at,
    )
    names = {
        staff_id: f"{name} {badge}"
        for staff_id, name, badge in await session.execute(
            select(Staff.id, Person.name, Staff.badge)
            .join(Person, Person.id == Staff.person_id)
            .where(Staff.community_id == house.id)
        )
    }
    tables = []
    for title, statement in ((T("book.open"), open_ones), (T("book.yesterday"), came)):
        found = [one for one in await session.scalars(statement.order_by(Ticket.id)) if sees(actor, one)]
        tables.append(Table(title, HEADS, [_row(one, names, label) for one in found], WIDTHS))
    name = f"today-{now.astimezone(house.zone):%Y-%m-%d}.xlsx"
    return Page(T("digest.table_ready", day=When(now, Style.DAY)), workbook=tables, filename=name)


async def of_people(session: Session, actor: Actor, *, house: House, span: Stretch) -> Table:
    """Write for everybody who closed repairs how many were right at once; for those who lead alone."""
    found = await reports_people.first_time_fixes(session, actor, start=span.starts_at, end=span.ends_at)
    rows = await session.execute(
        select(Staff.id, Person.name, Staff.badge, Staff.team)
        .join(Person, Person.id == Staff.person_id)
        .where(Staff.community_id == house.id, Staff.id.in_(found))
        .order_by(Staff.badge)
    )
    cells = [
        (f"{name} {badge}", T(f"team.{team}"), found[one].of, found[one].count, f"{100 * (found[one].rate or 0):.0f}%")
        for one, name, badge, team in rows
    ]
    return Table(T("book.people"), PEOPLE, cells, (16, 10, 12, 34, 10))


PEOPLE = (T("book.holder"), T("book.team"), T("book.closed"), T("book.right"), T("book.rate"))
HEADS = (
    *(T("book.number"), T("book.kind"), T("book.category"), T("book.state"), T("book.place"), T("book.matter")),
    *(T("book.source"), T("book.team"), T("book.holder"), T("book.filed"), T("book.due")),
)
WIDTHS = (10, 8, 14, 10, 24, 30, 8, 8, 14, 17, 17)


def _row(ticket: Ticket, names: dict[int, str], label: Label) -> Sequence[Cell]:
    return (
        *(ticket.number, T(f"kind.{ticket.kind}"), label(ticket.category), T(f"state.{ticket.state}")),
        *(plain(ticket.place), ticket.matter, T(f"source.{ticket.source}"), T(f"team.{ticket.team}")),
        *(names.get(ticket.holder_id or 0, ""), ticket.created_at, ticket.due_at),
    )
