"""Notices as residents look them up."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import or_, select

from services.db import Session
from services.models import Notice

MOST = 5


async def current(session: Session, *, community_id: int, now: datetime) -> Sequence[Notice]:
    """Return the notices that still hold, newest first."""
    return (
        await session.scalars(
            select(Notice)
            .where(
                Notice.community_id == community_id,
                Notice.published_at <= now,
                or_(Notice.valid_until.is_(None), Notice.valid_until > now),
            )
            .order_by(Notice.published_at.desc())
            .limit(MOST)
        )
    ).all()
