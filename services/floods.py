"""How much one address may write in a minute."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum
from functools import cache
from typing import Any

from sqlalchemy import bindparam, case, or_, update
from sqlalchemy.sql.dml import ReturningUpdate

from services import direct
from services.db import Session
from services.models import Address, table_of
from services.sqltypes import Moment

WINDOW = timedelta(minutes=1)


class Verdict(StrEnum):
    """What becomes of a message."""

    FINE = "fine"
    WARN = "warn"
    SILENT = "silent"


async def count(session: Session, *, address_id: int, now: datetime, most: int) -> Verdict:
    """Count the message in the address's present minute; the first one too many is warned of."""
    counted = await direct.scalar(session, _count(), {"address_id": address_id, "now": now, "minute": now - WINDOW})
    if counted is None or counted <= most:
        return Verdict.FINE
    return Verdict.WARN if counted == most + 1 else Verdict.SILENT


@cache
def _count() -> ReturningUpdate[Any]:
    table = table_of(Address)
    address, now = table.c, bindparam("now", type_=Moment)
    fresh = or_(address.flood_since.is_(None), address.flood_since <= bindparam("minute"))
    return (
        update(table)
        .where(address.id == bindparam("address_id"))
        .values(
            flood_since=case((fresh, now), else_=address.flood_since),
            flood_count=case((fresh, 1), else_=address.flood_count + 1),
            last_in_at=now,
        )
        .returning(address.flood_count)
    )
