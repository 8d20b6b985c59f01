"""Roles that one replica at a time may hold, such as the poller of an account."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import or_, update

from services.db import Session, insert_once, machine_now
from services.models import Replica


async def hold(session: Session, *, role: str, owner: str, lease: timedelta) -> bool:
    """Take the role, or keep it; False while another replica's lease runs."""
    await insert_once(session, Replica, {"role": role, "owner": owner}, at="lease_until")  # it begins just below
    held = await session.scalar(
        update(Replica)
        .where(Replica.role == role, or_(Replica.owner == owner, Replica.lease_until < machine_now()))
        .values(owner=owner, lease_until=machine_now(lease))
        .returning(Replica.role)
        .execution_options(synchronize_session=False)
    )
    return held is not None


async def release(session: Session, *, role: str, owner: str) -> None:
    """Let the role go at once."""
    await session.execute(
        update(Replica)
        .where(Replica.role == role, Replica.owner == owner)
        .values(lease_until=machine_now(timedelta(seconds=-1)))
        .execution_options(synchronize_session=False)
    )


async def void_all(session: Session) -> None:
    """Let every role go: the only process starts anew."""
    await session.execute(
        update(Replica)
        .values(lease_until=machine_now(timedelta(seconds=-1)))
        .execution_options(synchronize_session=False)
    )
