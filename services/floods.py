"""How much one address may write in a minute."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import case, update

from services.db import Session
from services.models import Address

WINDOW = timedelta(minutes=1)


class Verdict(StrEnum):
    """What becomes of a message."""

    FINE = "fine"
    WARN = "warn"
    SILENT = "silent"


async def count(session: Session, *, address_id: int, now: datetime, most: int) -> Verdict:
    """Count the message in the address's present minute; the first one too many is warned of."""
    fresh = (Address.flood_since.is_(None)) | (Address.flood_since <= now - WINDOW)
    counted = await session.scalar(
        update(Address)
        .where(Address.id == address_id)
        .values(
            flood_since=case((fresh, now), else_=Address.flood_since),
            flood_count=case((fresh, 1), else_=Address.flood_count + 1),
            last_in_at=now,
        )
        .returning(Address.flood_count)
        .execution_options(synchronize_session=False)
    )
    if counted is None or counted <= most:
        return Verdict.FINE
    return Verdict.WARN if counted == most + 1 else Verdict.SILENT
