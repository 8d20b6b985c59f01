"""The first community and the channel accounts that serve it, as the settings describe them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy import select

from services.db import Session, insert_once
from services.messages import Channel
from services.models import ChannelAccount, Community


@dataclass(frozen=True, slots=True, kw_only=True)
class First:
    """A community before it is a row."""

    slug: str
    name: str
    zone: str
    locale: str
    phone: str


async def ensure(session: Session, first: First, *, accounts: Mapping[Channel, str], now: datetime) -> Community:
    """Add the community and its accounts where they are new, and return it, locked; a known one stays as it is."""
    await insert_once(session, Community, {**asdict(first), "created_at": now})
    locked = select(Community).where(Community.slug == first.slug).with_for_update()
    community = (await session.scalars(locked)).one()
    await insert_once(
        session,
        ChannelAccount,
        [
            {"channel": channel, "account": account, "community_id": community.id}
            for channel, account in accounts.items()
        ],
    )
    return community
