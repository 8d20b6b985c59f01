"""Staff groups: which team a group chat belongs to, and what becomes of its address."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import update

from services.actors import Actor
from services.db import Session, upsert
from services.messages import Inbound
from services.models import Address

TEAMS = ("engineering", "desk", "security", "cleaning", "greening")


async def set_team(session: Session, actor: Actor, *, inbound: Inbound, team: str, now: datetime) -> None:
    """Make a group chat a team's: its cards go there."""
    row = {
        "channel": inbound.channel,
        "account": inbound.account,
        "external": inbound.group,
        "is_group": True,
        "team": team,
        "topic": inbound.topic,
        "community_id": actor.community_id,
        "locale": actor.house.locale if actor.house else "",
        "created_at": now,
    }
    change = {"team": team, "topic": inbound.topic, "community_id": actor.community_id, "gone_at": None}
    await upsert(session, Address, row, on=("channel", "account", "external"), change=change)


async def migrated(session: Session, inbound: Inbound) -> None:
    """A group became a supergroup: the same address under a new id."""
    await session.execute(
        update(Address)
        .where(
            Address.channel == inbound.channel,
            Address.account == inbound.account,
            Address.external == inbound.address,
        )
        .values(external=inbound.text)
    )


async def set_gone(session: Session, inbound: Inbound, *, gone_at: datetime | None) -> None:
    """The person blocked the bot, or came back."""
    await session.execute(
        update(Address)
        .where(
            Address.channel == inbound.channel,
            Address.account == inbound.account,
            Address.external == inbound.sender,
        )
        .values(gone_at=gone_at)
    )
