"""The way into the desk's page: a link used once, a session bound to one browser, both revocable at any time."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, or_, select, update

from services import people
from services.actors import Actor, Proof
from services.db import Session, insert_once, upsert
from services.messages import Channel
from services.models import Address, DeskAct, DeskLink, DeskSession, Person, Staff
from services.refusals import NotAllowed, Refused
from services.settings import Policies, Policy

ACCOUNT = "desk"
EVENT = "desk:"  # how the ids of events begin that happened on the page
TOKEN_BYTES = 24
MOST_DEVICE = 200
SEEN_EVERY = timedelta(minutes=1)


class LinkOver(Refused):
    """The link was used, is too old, or was called back."""

    key = "refused.desk_link"


class NoSuchColleague(Refused):
    """Nobody here has that badge or name."""

    key = "refused.desk_colleague"


@dataclass(frozen=True, slots=True)
class Pass:
    """A browser that is in: its session and who sits before it."""

    session_id: int
    actor: Actor


def may_enter(actor: Actor) -> bool:
    """Whether somebody works at the desk, leads, or keeps watch when the desk is closed."""
    return actor.is_front or actor.keeps_watch


async def issue(session: Session, actor: Actor, *, now: datetime, policy: Policy) -> str:
    """Make the token of a link and call back those that were not used; raises `NotAllowed`."""
    staff = actor.staff
    if staff is None or not may_enter(actor):
        raise NotAllowed
    await _call_back_links(session, staff.staff_id, now=now)
    token = secrets.token_urlsafe(TOKEN_BYTES)
    row = {
        "community_id": staff.community_id,
        "staff_id": staff.staff_id,
        "digest": digest_of(token),
        "locale": actor.locale,
        "created_at": now,
        "expires_at": now + timedelta(minutes=policy.desk.link_minutes),
    }
    await insert_once(session, DeskLink, row)
    return token


def digest_of(token: str) -> str:
    """Return what is kept of a token."""
    return hashlib.sha256(token.encode()).hexdigest()


async def redeem(session: Session, *, token: str, device: str, now: datetime, policies: Policies) -> tuple[str, int]:
    """Use a link up and let the browser in: return its session's token and hours. Raises `LinkOver`."""
    taken = (
        await session.execute(
            update(DeskLink)
            .where(DeskLink.digest == digest_of(token), *_waits(now))
            .values(used_at=now)
            .returning(DeskLink.id, DeskLink.staff_id, DeskLink.community_id, DeskLink.locale)
        )
    ).one_or_none()
    if taken is None:
        raise LinkOver
    address_id = await _address(session, taken.staff_id, taken.locale, now=now)
    actor = await people.actor_at(session, address_id=address_id, now=now)
    if not may_enter(actor):
        raise LinkOver
    hours = (await policies.of(session, taken.community_id)).desk.session_hours
    made = secrets.token_urlsafe(TOKEN_BYTES)
    row = {
        "community_id": taken.community_id,
        "staff_id": taken.staff_id,
        "address_id": address_id,
        "link_id": taken.id,
        "digest": digest_of(made),
        "device": device[:MOST_DEVICE],
        "created_at": now,
        "used_at": now,
        "expires_at": now + timedelta(hours=hours),
    }
    await insert_once(session, DeskSession, row)
    return made, hours


async def waits(session: Session, *, token: str, now: datetime) -> bool:
    """Whether a link can still be used; looking does not use it up."""
    found = select(DeskLink.id).where(DeskLink.digest == digest_of(token), *_waits(now))
    return await session.scalar(found) is not None


def _waits(now: datetime) -> tuple[ColumnElement[bool], ...]:
    return DeskLink.used_at.is_(None), DeskLink.ended_at.is_(None), DeskLink.expires_at > now


async def _address(session: Session, staff_id: int, locale: str, *, now: datetime) -> int:
    """Return where the page's questions are kept. It counts as gone: nothing is ever sent there."""
    external = f"staff-{staff_id}"
    staff = await session.get_one(Staff, staff_id)
    row = {
        "channel": Channel.WEB,
        "account": ACCOUNT,
        "external": external,
        "community_id": staff.community_id,
        "person_id": staff.person_id,
        "locale": locale,
        "proof": Proof.CODE,
        "proven_at": now,
        "created_at": now,
        "gone_at": now,
    }
    change = {"locale": locale, "person_id": staff.person_id}
    on = ("channel", "account", "external")
    kept = await upsert(session, Address, row, on=on, change=change, returning=(Address.id,))
    address_id: int = kept.scalar_one()
    return address_id


async def enter(session: Session, *, token: str, device: str, event_id: str, now: datetime) -> Pass | None:
    """Return who is behind a session's token, his row locked; None when it is over, which is noted with its reason."""
    row = (await session.scalars(select(DeskSession).where(DeskSession.digest == digest_of(token)))).one_or_none()
    if row is None or row.ended_at is not None:
        return None
    actor = await _sits_there(session, row, now=now)
    why = _why_over(row, actor, device=device, now=now)
    if why:
        row.ended_at, row.why = now, why
        return None
    if now - row.used_at >= SEEN_EVERY:
        row.used_at = now
    return Pass(row.id, replace(actor, event_id=f"{EVENT}{row.id}:{event_id}"))


async def _sits_there(session: Session, row: DeskSession, *, now: datetime) -> Actor:
    await session.scalar(
        select(Person.id)
        .join(Staff, Staff.person_id == Person.id)
        .where(Staff.id == row.staff_id)
        .with_for_update(key_share=True, of=Person)
    )
    return await people.actor_at(session, address_id=row.address_id, now=now)


def _why_over(row: DeskSession, actor: Actor, *, device: str, now: datetime) -> str:
    if row.expires_at <= now:
        return "expired"
    if actor.staff is None or actor.staff.staff_id != row.staff_id or not may_enter(actor):
        return "left"
    return "" if row.device == device[:MOST_DEVICE] else "device"


async def end(session: Session, *, token: str, now: datetime) -> None:
    """End one session: its employee signs off at its browser."""
    its = DeskSession.digest == digest_of(token), DeskSession.ended_at.is_(None)
    await session.execute(update(DeskSession).where(*its).values(ended_at=now, why="off"))


async def end_all(session: Session, actor: Actor, *, badge: str, now: datetime) -> tuple[str, int]:
    """End every session of his own, or, by badge or name, of somebody whom he leads.

    Returns the name and how many browsers that was. Raises `NotAllowed`, `NoSuchColleague`.
    """
    if actor.staff is None or (badge and not actor.is_lead):
        raise NotAllowed
    staff_id, name = await _named(session, actor, badge) if badge else (actor.staff.staff_id, actor.name)
    await _call_back_links(session, staff_id, now=now)
    ended = await session.scalars(
        update(DeskSession)
        .where(DeskSession.staff_id == staff_id, DeskSession.ended_at.is_(None))
        .values(ended_at=now, why="lead" if badge else "off")
        .returning(DeskSession.id)
    )
    return name, len(ended.all())


async def _named(session: Session, actor: Actor, badge: str) -> tuple[int, str]:
    found = (
        await session.execute(
            select(Staff.id, Person.name)
            .join(Person, Person.id == Staff.person_id)
            .where(Staff.community_id == actor.community_id, or_(Staff.badge == badge, Person.name == badge))
            .order_by(Staff.active.desc(), Staff.id)
            .limit(1)
        )
    ).one_or_none()
    if found is None:
        raise NoSuchColleague
    return found.id, found.name


async def _call_back_links(session: Session, staff_id: int, *, now: datetime) -> None:
    unused = DeskLink.staff_id == staff_id, DeskLink.used_at.is_(None), DeskLink.ended_at.is_(None)
    await session.execute(update(DeskLink).where(*unused).values(ended_at=now))


async def begin(session: Session, *, session_id: int, key: str, now: datetime) -> DeskAct | None:
    """Note that a form was sent; None when it was sent before, so that it acts once."""
    row = {"session_id": session_id, "key": key, "at": now}
    made = (await insert_once(session, DeskAct, row, DeskAct.id)).scalar_one_or_none()
    return await session.get_one(DeskAct, made) if made is not None else None


async def act_of(session: Session, *, session_id: int, act_id: int = 0, key: str = "") -> DeskAct | None:
    """Return a form that this session has sent, by id or by its key."""
    which = DeskAct.id == act_id if act_id else DeskAct.key == key
    return (await session.scalars(select(DeskAct).where(DeskAct.session_id == session_id, which))).one_or_none()
