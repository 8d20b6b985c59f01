"""Staff groups: which team's cards go to which group and topic, and what becomes of a group's address."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import delete, exists, select, update
from sqlalchemy.orm import aliased

from services import inlined, outbox
from services.actors import Actor
from services.db import Session, upsert
from services.messages import Inbound
from services.models import Address, Card, Outgoing, TeamChat

TEAMS = ("engineering", "desk", "security", "cleaning", "greening")


async def set_team(session: Session, actor: Actor, *, inbound: Inbound, team: str, now: datetime) -> None:
    """Let a team's cards go to a group or, in a forum, to the topic; each place is one team's, each team has one."""
    address_id = await _group(session, actor, inbound, now)
    place = {"address_id": address_id, "topic": inbound.topic}
    await session.execute(
        delete(TeamChat)
        .where(TeamChat.address_id == address_id, TeamChat.topic == inbound.topic, TeamChat.team != team)
        .execution_options(synchronize_session=False)
    )
    row = {"community_id": actor.community_id, "team": team, **place}
    await upsert(session, TeamChat, row, on=("community_id", "team"), change=place)


async def _group(session: Session, actor: Actor, inbound: Inbound, now: datetime) -> int:
    row = {
        "channel": inbound.channel,
        "account": inbound.account,
        "external": inbound.group,
        "is_group": True,
        "community_id": actor.community_id,
        "locale": actor.house.locale if actor.house else "",
        "created_at": now,
    }
    change = {"community_id": actor.community_id, "gone_at": None}
    on = ("channel", "account", "external")
    found = await upsert(session, Address, row, on=on, change=change, returning=(Address.id,))
    return int(found.scalar_one())


async def migrated(session: Session, inbound: Inbound) -> None:
    """A group became a supergroup: the same address under a new id."""
    address_id = await session.scalar(
        select(Address.id).where(
            Address.channel == inbound.channel,
            Address.account == inbound.account,
            Address.external == inbound.address,
        )
    )
    if address_id is not None:
        await moved(session, address_id=address_id, external=inbound.text)


async def moved(session: Session, *, address_id: int, external: str) -> None:
    """A group got a new id; if it is known under that already, its teams go there."""
    known = aliased(Address)
    same = known.channel == Address.channel, known.account == Address.account, known.external == external
    await session.execute(
        update(Address)
        .where(Address.id == address_id, ~exists().where(*same))
        .values(external=external)
        .execution_options(synchronize_session=False)
    )
    there = select(known.id).join(Address, Address.id == address_id).where(*same)
    await session.execute(
        update(TeamChat)
        .where(TeamChat.address_id == address_id, exists(there))
        .values(address_id=there.scalar_subquery())
        .execution_options(synchronize_session=False)
    )


async def topic_gone(session: Session, *, address_id: int, topic: str) -> None:
    """A topic was closed or deleted: what was for it goes to the group itself."""
    waiting = inlined.among(Outgoing.state, outbox.OPEN)
    for table, more in ((TeamChat, ()), (Card, ()), (Outgoing, (waiting,))):
        await session.execute(
            update(table)
            .where(table.address_id == address_id, table.topic == topic, *more)
            .values(topic="")
            .execution_options(synchronize_session=False)
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
