"""Tying an address to a person: shared contact, one-time code, review by staff."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import insert, select, update

from services import conversations, people
from services.actors import Actor, Proof, Tie
from services.db import Session, insert_once
from services.messages import Choice, T
from services.models import Address, LinkCode, LinkRequest, Occupancy, Person
from services.outbox import Priority
from services.refusals import NotAllowed, NotFound, Refused
from services.tickets import dispatch, news

ALPHABET = "ACDEFGHJKLMNPQRTUVWXY34679"  # no signs that look alike
CODE_LENGTH = 8


class BadCode(Refused):
    """The code is unknown, used or too old."""

    key = "refused.code"


class NumberUnknown(Refused):
    """The register does not have the number."""

    key = "refused.number_unknown"


class AlreadyDecided(Refused):
    """A colleague was quicker."""

    key = "refused.decided"


async def issue(
    session: Session,
    actor: Actor,
    *,
    person_id: int | None,
    unit_id: int | None,
    role: Tie,
    community_id: int,
    days: int,
    now: datetime,
) -> str:
    """Make a one-time code for a person (or for somebody of a unit); only its digest is kept."""
    code = "".join(secrets.choice(ALPHABET) for _ in range(CODE_LENGTH))
    await session.execute(
        insert(LinkCode).values(
            community_id=community_id,
            digest=_digest(code),
            person_id=person_id,
            unit_id=unit_id,
            role=role,
            issued_by=actor.person_id,
            expires_at=now + timedelta(days=days),
        )
    )
    return code


def _digest(code: str) -> str:
    return hashlib.sha256(code.strip().upper().encode()).hexdigest()


def looks_like_code(text: str) -> bool:
    """Whether the words are of a code's shape."""
    code = text.strip().upper()
    return len(code) == CODE_LENGTH and all(sign in ALPHABET for sign in code)


async def redeem(session: Session, actor: Actor, *, code: str, now: datetime) -> Person:
    """Tie the address by a code, once; raises `BadCode`."""
    row = (
        await session.scalars(select(LinkCode).where(LinkCode.digest == _digest(code)).with_for_update(key_share=True))
    ).one_or_none()
    if row is None or row.used_at is not None or row.expires_at < now:
        raise BadCode
    row.used_at = now
    person = await session.get(Person, row.person_id) if row.person_id else None
    if person is None:
        person = await _new_person(session, name=actor.name, now=now)
    if row.unit_id is not None:
        await _move_in(session, person, row.community_id, row.unit_id, Tie(row.role), "code", row.issued_by, now)
    await session.execute(update(Address).where(Address.id == actor.address_id).values(community_id=row.community_id))
    await people.tie(session, actor, person=person, proof=Proof.CODE, now=now)
    return person


async def _new_person(session: Session, *, name: str, now: datetime) -> Person:
    person = Person(name=name, sex="", locale="", needs_care=False, shows_number=True, created_at=now)
    session.add(person)
    await session.flush()
    return person


async def _move_in(
    session: Session,
    person: Person,
    community_id: int,
    unit_id: int,
    role: Tie,
    proof: str,
    approved_by: int | None,
    now: datetime,
) -> None:
    row = {
        "community_id": community_id,
        "unit_id": unit_id,
        "person_id": person.id,
        "role": role,
        "status": "active",
        "proof": proof,
        "since": now.date(),
        "approved_by": approved_by,
    }
    known = await session.scalar(
        select(Occupancy.id).where(
            Occupancy.unit_id == unit_id, Occupancy.person_id == person.id, Occupancy.status == "active"
        )
    )
    if known is None:
        await insert_once(session, Occupancy, row)


async def by_contact(session: Session, actor: Actor, *, e164: str, community_id: int) -> Sequence[Person]:
    """Return the people of the register who have the number that the channel vouches for; raises `NumberUnknown`."""
    found = await people.of_number(session, e164=e164, community_id=community_id)
    if not found:
        raise NumberUnknown(phone=actor.house.phone if actor.house else "")
    return found


async def request_review(
    session: Session, actor: Actor, *, name: str, words: str, unit_id: int | None, place: str, now: datetime
) -> LinkRequest:
    """Ask the desk on duty to look at a stranger's wish to be linked."""
    if actor.house is None or actor.address_id is None:
        raise NotAllowed
    row = LinkRequest(
        community_id=actor.house.id,
        address_id=actor.address_id,
        unit_id=unit_id,
        name=name,
        words=words,
        status="open",
        created_at=now,
    )
    session.add(row)
    await session.flush()
    desk = await dispatch.candidates(session, community_id=actor.house.id, team="desk", now=now)
    on_duty = [c.staff_id for c in desk if c.on_duty] or [c.staff_id for c in desk]
    for staff_id, to in (await news.reach(session, on_duty)).items():
        await conversations.tell(
            session,
            to=to,
            key=f"link:{row.id}:{staff_id}",
            text=T("staff.link_request", name=name, place=place, words=words),
            rows=[[Choice(T("do.approve"), f"l:yes:{row.id}"), Choice(T("do.refuse"), f"l:no:{row.id}")]],
            priority=Priority.WORK,
            now=now,
        )
    return row


async def decide(session: Session, actor: Actor, *, request_id: int, approve: bool, now: datetime) -> LinkRequest:
    """Approve or refuse a wish to be linked; the stranger hears it. Raises `AlreadyDecided`, `NotFound`."""
    row = (
        await session.scalars(select(LinkRequest).where(LinkRequest.id == request_id).with_for_update(key_share=True))
    ).one_or_none()
    if row is None or not actor.is_front or row.community_id != actor.community_id:
        raise NotFound
    if row.status != "open":
        raise AlreadyDecided(name=row.name)
    row.status, row.decided_by, row.decided_at = ("approved" if approve else "refused"), actor.person_id, now
    if approve:
        await _admit(session, row, approved_by=actor.person_id, now=now)
    to = await people.to_of(session, address_id=row.address_id)
    if to is not None:
        phone = actor.house.phone if actor.house else ""
        text = T("link.approved" if approve else "link.refused", phone=phone)
        await conversations.tell(
            session, to=to, key=f"link:{row.id}:answer", text=text, priority=Priority.REPLY, now=now
        )
    return row


async def _admit(session: Session, row: LinkRequest, *, approved_by: int | None, now: datetime) -> None:
    person = await _same_name(session, row)
    if person is None:
        person = await _new_person(session, name=row.name, now=now)
        if row.unit_id is not None:
            await _move_in(session, person, row.community_id, row.unit_id, Tie.FAMILY, "review", approved_by, now)
    await session.execute(
        update(Address)
        .where(Address.id == row.address_id)
        .values(person_id=person.id, proof=Proof.REVIEW, proven_at=now, community_id=row.community_id)
    )


async def _same_name(session: Session, row: LinkRequest) -> Person | None:
    if row.unit_id is None:
        return None
    residents = await people.residents_of(session, unit_id=row.unit_id)
    return next((person for person in residents if person.name == row.name), None)
