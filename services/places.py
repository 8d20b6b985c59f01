"""Named public spots of a community, by their printed code or by how people call them; units as people say them."""

from __future__ import annotations

from sqlalchemy import select

from services.actors import Home, UnitKind
from services.db import Session
from services.messages import T
from services.models import Place, Unit


async def by_code(session: Session, *, community_id: int | None, code: str) -> Place | None:
    """Return the spot of a printed code; the code alone tells the community to a stranger."""
    statement = select(Place).where(Place.code == code)
    if community_id is not None:
        statement = statement.where(Place.community_id == community_id)
    return (await session.scalars(statement.limit(1))).one_or_none()


async def named(session: Session, *, community_id: int, spot: str) -> Place | None:
    """Return the only spot whose name has the words in it."""
    found = (
        await session.scalars(
            select(Place).where(Place.community_id == community_id, Place.name.contains(spot, autoescape=True)).limit(2)
        )
    ).all()
    return found[0] if len(found) == 1 else None


def unit_label(unit: Unit | Home) -> T:
    """Say a unit as its people do: 3-2-1502 as building, entrance, room; a parking space by its own name."""
    if unit.kind == UnitKind.PARKING:
        return T("place.space", space="-".join(part for part in (unit.building, unit.entrance, unit.room) if part))
    return T("place.unit", building=unit.building, entrance=unit.entrance, room=unit.room)
