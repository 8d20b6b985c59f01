"""Who looked at whose personal data: each look is a row, and who leads can read them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import insert, or_, select

from services import access
from services.access import Deed, Subject
from services.actors import Actor
from services.db import Session
from services.messages import Channel
from services.models import DataView, NumberView, Occupancy, Person
from services.refusals import NotAllowed

MOST = 20
EXPORT = "export"


@dataclass(frozen=True, slots=True)
class Look:
    """One look: who, at whose, at what, when."""

    viewer: str  # empty: whoever runs commands on the server
    whose: str
    what: str
    at: datetime
    table: str = ""  # what was taken out …
    rows: int = 0  # … and how many rows


async def note(
    session: Session,
    actor: Actor,
    *,
    what: str,
    now: datetime,
    person_id: int | None = None,
    unit_id: int | None = None,
) -> None:
    """Write down that an employee saw somebody's data; what residents see of their own is nobody's look."""
    if actor.staff is None or actor.person_id is None or actor.community_id is None:
        return
    row = {"community_id": actor.community_id, "viewer_id": actor.person_id, "person_id": person_id, "unit_id": unit_id}
    await session.execute(insert(DataView).values(**row, what=what, channel=actor.channel or "", at=now))


async def person_taken(session: Session, *, person_id: int, rows: int, now: datetime) -> None:
    """Write down that a command on the server took out all that is kept of a person, wherever he lived."""
    lived = select(Occupancy.community_id).where(Occupancy.person_id == person_id).distinct()
    for community_id in (await session.scalars(lived)).all():
        await taken(session, community_id=community_id, table="person", rows=rows, now=now, person_id=person_id)


async def taken(
    session: Session, *, community_id: int, table: str, rows: int, now: datetime, person_id: int | None = None
) -> None:
    """Write down that a command on the server took a table out, or what is kept of a person."""
    row = {"community_id": community_id, "viewer_id": None, "person_id": person_id, "unit_id": None}
    said = {"what": EXPORT, "table": table, "rows": rows, "channel": Channel.CONSOLE.value, "at": now}
    await session.execute(insert(DataView).values(**row, **said))


async def listed(session: Session, actor: Actor, *, unit_id: int) -> Sequence[Look]:
    """Return who looked at a unit and at the people tied to it, newest first; raises `NotAllowed`."""
    community_id = actor.community_id
    if community_id is None or not access.may(actor, Deed.SEE_LOOKS, Subject(community_id, unit_id)):
        raise NotAllowed
    lives = select(Occupancy.person_id).where(Occupancy.unit_id == unit_id)
    whole = (DataView.what == EXPORT) & DataView.person_id.is_(None)  # a table of all homes is a look at this one
    views = await session.execute(
        select(DataView)
        .where(
            DataView.community_id == community_id,
            or_(DataView.unit_id == unit_id, DataView.person_id.in_(lives), whole),
        )
        .order_by(DataView.id.desc())
        .limit(MOST)
    )
    numbers = await session.execute(
        select(NumberView.viewer_id, NumberView.owner_id, NumberView.at)
        .where(NumberView.community_id == community_id, NumberView.owner_id.in_(lives))
        .order_by(NumberView.id.desc())
        .limit(MOST)
    )
    seen = [_Seen(one.viewer_id, one.person_id, one.what, one.at, one.table, one.rows or 0) for one in views.scalars()]
    seen += [_Seen(viewer, owner, "number", at) for viewer, owner, at in numbers]
    newest = sorted(seen, key=lambda one: one.at, reverse=True)[:MOST]
    ids = {person_id for one in newest for person_id in (one.viewer_id, one.person_id) if person_id is not None}
    named = await session.execute(select(Person.id, Person.name).where(Person.id.in_(ids)))
    names: dict[int | None, str] = {row.id: row.name for row in named}
    return [
        Look(names.get(one.viewer_id, ""), names.get(one.person_id, ""), one.what, one.at, one.table, one.rows)
        for one in newest
    ]


@dataclass(frozen=True, slots=True)
class _Seen:
    viewer_id: int | None
    person_id: int | None
    what: str
    at: datetime
    table: str = ""
    rows: int = 0
