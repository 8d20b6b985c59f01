"""How fees are paid: the operator's words, and his link with unit and sum, which is never sent by text message."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote

from services import media
from services.actors import Actor
from services.db import Session
from services.messages import Channel
from services.models import Unit
from services.money import account
from services.settings import Policy

SHOWN_ON = frozenset({Channel.TELEGRAM, Channel.WEB})


@dataclass(frozen=True, slots=True)
class WayToPay:
    """The operator's words in the reader's language, the link and its picture, each where there is one."""

    words: str
    link: str = ""
    media_id: int | None = None


async def of(
    session: Session, actor: Actor, *, unit: Unit | None, cents: int, now: datetime, policy: Policy
) -> WayToPay:
    """Return how a sum of a unit is paid, as far as the actor's channel may show it."""
    words = policy.payments.said(actor.locale)
    house = actor.house
    if not policy.payments.link or unit is None or house is None or actor.channel not in SHOWN_ON or cents <= 0:
        return WayToPay(words)
    link = policy.payments.link.format(
        community=quote(await account.slug(session, community_id=house.id), safe=""),
        unit=quote(f"{unit.building}-{unit.entrance}-{unit.room}", safe=""),
        cents=cents,
    )
    return WayToPay(words, link, await media.draw_link(session, link, community_id=house.id, now=now))
