"""Not in order for one of those who waited: he gets a ticket of his own, tied to the work, first with who did it."""

from __future__ import annotations

from datetime import datetime

from services.actors import Actor, House
from services.catalog import Catalog, Kind
from services.db import Session
from services.models import Ticket
from services.settings import Policy
from services.tickets import filing, joined, likeness, merging
from services.tickets.filing import Request, Requester
from services.tickets.history import Said


async def file_own(
    session: Session,
    actor: Actor,
    *,
    joiner_id: int,
    said: Said,
    requester: Requester,
    house: House,
    catalog: Catalog,
    now: datetime,
    policy: Policy,
) -> Ticket:
    """Keep that it is not in order for him, and file his own report at his place. Raises `Refused`."""
    root = await joined.answer(session, actor, joiner_id=joiner_id, fixed=False, now=now)
    joiner, _ = await joined.find(session, actor, joiner_id=joiner_id)
    request = Request(
        category=catalog.of_kind(root.category, Kind.REPAIR),
        matter=said.words,
        place=_nearer(joiner.place, root.place),
        scope="public",
        media=said.media,
        urgent=True,
        hands=root.holder_id,
        requester=requester,
    )
    ticket = await filing.file(session, actor, house=house, request=request, now=now, policy=policy)
    joiner.own_ticket_id = ticket.id
    await merging.tie(session, ticket, other_id=root.id, kind="related", now=now)
    return ticket


def _nearer(own: str, known: str) -> str:
    """Return the place as the work has it, unless his own words name an entrance that it leaves open."""
    here, there = likeness.where(own), likeness.where(known)
    return own if here.entrance and not there.entrance else known
