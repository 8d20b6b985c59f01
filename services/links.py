"""Tying an address to a person: shared contact, code or invitation, review by staff."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import insert, select

from services import access, conversations, houses, people
from services.access import Deed, Subject
from services.actors import Actor, Proof, Tie
from services.db import Session
from services.messages import Channel, Choice, T, Text, lines
from services.models import Address, LinkCode, LinkRequest, Person, Unit
from services.outbox import Priority
from services.refusals import NotAllowed, NotFound, Refused
from services.register import telling, ties, tries
from services.settings import Policy

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


async def issue(  # noqa: PLR0913 - a code is made of this much
    session: Session,
    actor: Actor,
    *,
    person_id: int | None,
    unit_id: int | None,
    role: Tie,
    community_id: int,
    days: int,
    now: datetime,
    uses: int = 1,
    invited: bool = False,
) -> str:
    """Make a code for a person (or for somebody of a unit), good for so many uses; only its digest is kept."""
    code = "".join(secrets.choice(ALPHABET) for _ in range(CODE_LENGTH))
    await session.execute(
        insert(LinkCode).values(
            community_id=community_id,
            digest=_digest(code),
            person_id=person_id,
            unit_id=unit_id,
            role=role,
            issued_by=actor.person_id,
            invited=invited,
            expires_at=now + timedelta(days=days),
            uses=0,
            most_uses=uses,
        )
    )
    return code


async def invite(session: Session, actor: Actor, *, unit_id: int, now: datetime, policy: Policy) -> str:
    """Make an invitation into a household, for one person; raises `NotAllowed`."""
    if actor.house is None or not access.may(actor, Deed.INVITE, Subject(actor.house.id, unit_id)):
        raise NotAllowed
    return await issue(
        session,
        actor,
        person_id=None,
        unit_id=unit_id,
        role=Tie.FAMILY,
        community_id=actor.house.id,
        days=policy.registry.invite_days,
        invited=True,
        now=now,
    )


async def revoke(session: Session, actor: Actor, *, code: str = "", unit_id: int | None = None, now: datetime) -> int:
    """Make a code, or all codes of a unit, good for nothing; return how many. Raises `NotAllowed`."""
    if actor.community_id is None or not access.may(actor, Deed.ISSUE_CODES, Subject(actor.community_id, unit_id)):
        raise NotAllowed
    which = LinkCode.digest == _digest(code) if code else LinkCode.unit_id == unit_id
    live = LinkCode.community_id == actor.community_id, LinkCode.revoked_at.is_(None), LinkCode.expires_at > now
    found = (await session.scalars(select(LinkCode).where(which, *live, LinkCode.uses < LinkCode.most_uses))).all()
    for row in found:
        row.revoked_at, row.revoked_by = now, actor.person_id
    return len(found)


def _digest(code: str) -> str:
    return hashlib.sha256(code.strip().upper().encode()).hexdigest()


def looks_like_code(text: str) -> bool:
    """Whether the words are of a code's shape."""
    code = text.strip().upper()
    return len(code) == CODE_LENGTH and all(sign in ALPHABET for sign in code)


async def wants_name(session: Session, actor: Actor, *, code: str) -> bool:
    """Whether a code is for somebody of a unit, whoever he is, and nobody is known at the address."""
    if actor.person_id is not None:
        return False
    for_anybody = LinkCode.digest == _digest(code), LinkCode.person_id.is_(None)
    return await session.scalar(select(LinkCode.id).where(*for_anybody, LinkCode.uses < LinkCode.most_uses)) is not None


async def redeem(session: Session, actor: Actor, *, code: str, now: datetime, policy: Policy, name: str = "") -> Person:
    """Tie the address by a code; raises `BadCode`, and `Locked` after too many wrong ones."""
    await tries.see_open(session, actor, now=now)
    await session.flush()
    found = select(LinkCode).where(LinkCode.digest == _digest(code)).execution_options(populate_existing=True)
    row = (await session.scalars(found.with_for_update(key_share=True))).one_or_none()
    if row is None or row.revoked_at is not None or row.uses >= row.most_uses or row.expires_at < now:
        await tries.wrong(session, actor, now=now, policy=policy)
        raise BadCode
    await tries.right(session, actor)
    row.uses, row.used_at = row.uses + 1, now
    person = await _redeemer(session, actor, row, name, now=now)
    if row.unit_id is not None:
        await _move_in(session, person, row, now=now)
    return person


async def _redeemer(session: Session, actor: Actor, row: LinkCode, name: str, *, now: datetime) -> Person:
    """Return whom a code is for: its person, else whoever brings it, who is new where the address is nobody's."""
    known = row.person_id if row.person_id is not None else actor.person_id
    person = await session.get(Person, known) if known is not None else None
    if person is None:
        person = await ties.person_of(session, ties.Newcomer(name or actor.name), now=now)
    if row.person_id is not None or actor.person_id is None:  # a code for anybody says nothing of who brings it
        address_id = actor.to.address_id
        await people.tie(
            session, address_id=address_id, person=person, proof=Proof.CODE, now=now, community_id=row.community_id
        )
    return person


async def _move_in(session: Session, person: Person, row: LinkCode, *, now: datetime) -> None:
    """Tie who came by a code to its unit, unless he has to do with it already; whoever invited him hears it."""
    unit = await session.get(Unit, row.unit_id)
    if unit is None or await ties.is_tied(session, unit_id=unit.id, person_id=person.id):
        return
    house = await houses.by_id(session, community_id=row.community_id)
    await ties.begin(
        session,
        unit=unit,
        person_id=person.id,
        role=Tie(row.role),
        proof="invited" if row.invited else "code",
        since=ties.today(house, now),
        approved_by=row.issued_by,
        for_person_id=row.issued_by if row.invited else None,
    )
    host = await session.get(Person, row.issued_by) if row.invited and row.issued_by is not None else None
    if host is not None:
        text = T("household.joined", name=person.name, place=ties.place(unit))
        await telling.tell(session, host, text, key=f"joined:{row.id}:{person.id}", now=now)


async def leave(session: Session, actor: Actor, *, now: datetime) -> None:
    """Take the actor's own address from him; raises `NotAllowed`."""
    address = await session.get(Address, actor.to.address_id, with_for_update=True, populate_existing=True)
    if address is None or address.person_id is None or address.person_id != actor.person_id:
        raise NotAllowed
    await people.untie(session, address=address, how="own", by_id=actor.person_id, now=now)
    await session.flush()


async def by_contact(session: Session, actor: Actor, *, e164: str, community_id: int) -> Sequence[Person]:
    """Return the people of the register who have the number that the channel vouches for; raises `NumberUnknown`."""
    found = await people.of_number(session, e164=e164, community_id=community_id)
    if not found:
        raise NumberUnknown(phone=actor.house.phone if actor.house else "")
    return found


async def request_review(
    session: Session,
    actor: Actor,
    *,
    name: str,
    words: str,
    unit_id: int | None,
    place: str,
    now: datetime,
    files: Sequence[int] = (),
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
        media=list(files),
        status="open",
        created_at=now,
    )
    session.add(row)
    await session.flush()
    for staff_id, to in (await telling.desk(session, community_id=actor.house.id, now=now)).items():
        await conversations.tell(
            session,
            to=to,
            key=f"link:{row.id}:{staff_id}",
            text=T("staff.link_request", name=name, place=place, words=words),
            rows=[[Choice(T("do.approve"), f"l:yes:{row.id}"), Choice(T("do.refuse"), f"l:no:{row.id}")]],
            media=() if to.channel == Channel.SMS else tuple(files),
            priority=Priority.WORK,
            now=now,
        )
    return row


async def open_request(session: Session, actor: Actor, *, request_id: int) -> LinkRequest:
    """Return a wish that waits for the desk, locked. Raises `AlreadyDecided`, `NotFound`."""
    await session.flush()  # what this turn decided must not be read over
    asked = select(LinkRequest).where(LinkRequest.id == request_id).execution_options(populate_existing=True)
    row = (await session.scalars(asked.with_for_update(key_share=True))).one_or_none()
    if row is None or not access.may(actor, Deed.DECIDE_LINKS, Subject(row.community_id, row.unit_id)):
        raise NotFound
    if row.community_id != actor.community_id:
        raise NotFound
    if row.status != "open":
        raise AlreadyDecided(name=row.name)
    return row


async def decide(
    session: Session, actor: Actor, *, request_id: int, approve: bool, now: datetime, reason: str = ""
) -> LinkRequest:
    """Approve or refuse a wish to be linked; the stranger hears it, with the reason. Raises as `open_request`."""
    row = await open_request(session, actor, request_id=request_id)
    row.reason = reason
    row.status, row.decided_by, row.decided_at = ("approved" if approve else "refused"), actor.person_id, now
    if approve:
        await _admit(session, row, approved_by=actor.person_id, now=now)
    to = await people.to_of(session, address_id=row.address_id)
    if to is not None:
        phone = actor.house.phone if actor.house else ""
        text: Text = T("link.approved" if approve else "link.refused", phone=phone)
        text = lines(text, T("link.refused_why", reason=reason)) if reason else text
        await conversations.tell(
            session, to=to, key=f"link:{row.id}:answer", text=text, priority=Priority.REPLY, now=now
        )
    return row


async def _admit(session: Session, row: LinkRequest, *, approved_by: int | None, now: datetime) -> None:
    person = await _same_name(session, row)
    unit = await session.get(Unit, row.unit_id) if row.unit_id is not None else None
    if person is None:
        person = await ties.person_of(session, ties.Newcomer(row.name), now=now)
        if unit is not None:
            house = await houses.by_id(session, community_id=row.community_id)
            since = ties.today(house, now)
            await ties.begin(
                session,
                unit=unit,
                person_id=person.id,
                role=Tie.FAMILY,
                proof="review",
                since=since,
                approved_by=approved_by,
            )
    await people.tie(
        session,
        address_id=row.address_id,
        person=person,
        proof=Proof.REVIEW,
        now=now,
        community_id=row.community_id,
    )


async def _same_name(session: Session, row: LinkRequest) -> Person | None:
    if row.unit_id is None:
        return None
    residents = await people.residents_of(session, unit_id=row.unit_id)
    return next((person for person in residents if person.name == row.name), None)
