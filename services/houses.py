"""Communities as conversations see them: which one an account serves, an address talks to, a stranger chose."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Select, bindparam, select, update

from services import loading
from services.actors import Actor, House
from services.db import Session
from services.messages import Channel
from services.models import Address, ChannelAccount, Community, table_of


async def served_by(session: Session, *, channel: Channel, account: str) -> Sequence[int]:
    """Return the communities that a channel account serves."""
    return (
        await session.scalars(
            select(ChannelAccount.community_id)
            .where(ChannelAccount.channel == channel, ChannelAccount.account == account)
            .order_by(ChannelAccount.community_id)
        )
    ).all()


def of(community: Community | None) -> House | None:
    """Return a community as conversations see it."""
    if community is None:
        return None
    return House(community.id, community.name, ZoneInfo(community.zone), community.locale, community.phone)


async def choices(session: Session, *, channel: Channel, account: str) -> Sequence[House]:
    """Return the communities that a channel account serves, to choose from."""
    found = await session.scalars(
        select(Community)
        .join(ChannelAccount, ChannelAccount.community_id == Community.id)
        .where(ChannelAccount.channel == channel, ChannelAccount.account == account)
        .order_by(Community.id)
    )
    return [house for house in map(of, found) if house is not None]


async def choose(session: Session, actor: Actor, *, community_id: int) -> Actor:
    """Keep which community a stranger on a shared account writes about."""
    await session.execute(update(Address).where(Address.id == actor.address_id).values(community_id=community_id))
    return replace(actor, house=await by_id(session, community_id=community_id))


async def at(session: Session, *, channel: Channel, external: str) -> House | None:
    """Return the community that an address talks to, if it has written before."""
    community = await session.scalar(
        select(Community)
        .join(Address, Address.community_id == Community.id)
        .where(Address.channel == channel, Address.external == external)
        .limit(1)
    )
    return of(community)


async def by_id(session: Session, *, community_id: int) -> House:
    """Return a community by id; raises `LookupError`."""
    asked = {"community_id": community_id}
    found = [of(one) for one in await loading.objects(session, _by_id(), asked, Community)]
    if not found or found[0] is None:
        msg = f"no community {community_id}"
        raise LookupError(msg)
    return found[0]


@cache
def _by_id() -> Select[Any]:
    return select(table_of(Community)).where(table_of(Community).c.id == bindparam("community_id"))
