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
from services.models import DataView, NumberView, Occupancy, Person
from services.refusals import NotAllowed

MOST = 20


@dataclass(frozen=True, slots=True)
class Look:
    """One look: who, at whose, at what, when."""

    viewer: str
    whose: str
    what: str
    at: datetime


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


async def listed(session: Session, actor: Actor, *, unit_id: int) -> Sequence[Look]:
    """Return who looked at a unit and at the people tied to it, newest first; raises `NotAllowed`."""
    community_id = actor.community_id
    if community_id is None or not access.may(actor, Deed.SEE_LOOKS, Subject(community_id, unit_id)):
        raise NotAllowed
    lives = select(Occupancy.person_id).where(Occupancy.unit_id == unit_id)
    views = await session.execute(
        select(DataView.viewer_id, DataView.person_id, DataView.what, DataView.at)
        .where(
            DataView.community_id == community_id,
            or_(DataView.unit_id == unit_id, DataView.person_id.in_(lives)),
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
    rows = [(v, p, what, at) for v, p, what, at in views] + [(v, p, "number", at) for v, p, at in numbers]
    newest = sorted(rows, key=lambda row: row[3], reverse=True)[:MOST]
    ids = {person_id for viewer, whose, _, _ in newest for person_id in (viewer, whose) if person_id is not None}
    named = await session.execute(select(Person.id, Person.name).where(Person.id.in_(ids)))
    names: dict[int | None, str] = {row.id: row.name for row in named}
    return [Look(names.get(viewer, ""), names.get(whose, ""), what, at) for viewer, whose, what, at in newest]
