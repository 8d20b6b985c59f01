"""Wrong codes are counted per address: after some none is taken from it for a while, and who leads hears it once."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import delete, select

from services import conversations, people
from services.actors import Actor
from services.db import Session, insert_once
from services.messages import T, When
from services.models import Address, LinkTry
from services.outbox import Priority
from services.refusals import Refused
from services.settings import Policy
from services.tickets import dispatch


class Locked(Refused):
    """Too many wrong codes came from here."""

    key = "refused.locked"


async def see_open(session: Session, actor: Actor, *, now: datetime) -> None:
    """Let an address go on unless it is locked; raises `Locked`."""
    until = await session.scalar(select(LinkTry.locked_until).where(LinkTry.address_id == actor.to.address_id))
    if until is not None and until > now:
        raise _locked(actor, until)


async def wrong(session: Session, actor: Actor, *, now: datetime, policy: Policy) -> None:
    """Count a wrong code; the one too many locks the address, raises `Locked` and is told to who leads."""
    figures, address_id = policy.registry, actor.to.address_id
    first = {"address_id": address_id, "wrong": 0, "since": now}
    await insert_once(session, LinkTry, first)
    row = (
        await session.scalars(
            select(LinkTry)
            .where(LinkTry.address_id == address_id)
            .with_for_update()
            .execution_options(populate_existing=True)
        )
    ).one()
    if now - row.since > timedelta(minutes=figures.try_minutes):
        row.wrong, row.since = 0, now
    row.wrong += 1
    await session.flush()
    if row.wrong < figures.tries:
        return
    row.wrong, row.since, row.locked_until = 0, now, now + timedelta(minutes=figures.lock_minutes)
    await session.flush()
    await _tell_leads(session, actor, row.locked_until, count=figures.tries, now=now)
    raise _locked(actor, row.locked_until)


async def right(session: Session, actor: Actor) -> None:
    """Forget what was wrong before a right one."""
    await session.execute(delete(LinkTry).where(LinkTry.address_id == actor.to.address_id))


def _locked(actor: Actor, until: datetime) -> Locked:
    return Locked(until=When(until), phone=actor.house.phone if actor.house else "")


async def _tell_leads(session: Session, actor: Actor, until: datetime, *, count: int, now: datetime) -> None:
    """Tell who leads, once per lock; a stranger of no community is told of nowhere."""
    if actor.community_id is None:
        return
    found = await dispatch.leads(session, community_id=actor.community_id, now=now)
    told = [one.staff_id for one in found if one.on_duty] or [one.staff_id for one in found]
    address = await session.get(Address, actor.to.address_id)
    text = T(
        "staff.locked",
        count=count,
        who=actor.name or (address.display_name if address else ""),
        channel=T(f"desk.channel.{actor.channel}"),
        until=When(until),
    )
    for staff_id, to in (await people.addresses_of_staff(session, told)).items():
        key = f"tries:{actor.to.address_id}:{until.isoformat()}:{staff_id}"
        await conversations.tell(session, to=to, key=key, text=text, priority=Priority.WORK, now=now)
