"""A number proven by a round trip: a code goes to it and comes back; only then are amounts named by text message."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from datetime import datetime, timedelta

from sqlalchemy import select, update

from services import conversations, people
from services.actors import Actor, Proof
from services.db import Session, upsert
from services.messages import Channel, T
from services.models import Address, ProofCode
from services.outbox import Priority
from services.refusals import Refused
from services.settings import Policy
from services.tickets import dispatch

DIGITS = 6
DAY = timedelta(days=1)


class TooManyTries(Refused):
    """The code was wrong too often: no more of them for a while."""

    key = "refused.proof_rests"


def looks_like_code(text: str) -> bool:
    """Whether the words are of a code's shape."""
    return len(text) == DIGITS and text.isascii() and text.isdecimal()


def can_prove(actor: Actor) -> bool:
    """Whether a code would help: a number of the register that writes by text message and is not proven lately."""
    by_text = actor.channel is Channel.SMS and actor.person_id is not None
    return by_text and actor.proof is not Proof.NONE and not actor.sees_amounts


async def send(session: Session, actor: Actor, *, now: datetime, policy: Policy) -> str:
    """Make a code for the actor's number, in place of an older one; only its digest is kept. `TooManyTries`."""
    row = await _row(session, actor)
    sent = row.sent if row is not None and now - row.first_at < DAY else 0
    if row is not None and row.rest_until is not None and row.rest_until > now:
        raise TooManyTries(phone=actor.house.phone if actor.house else "")
    if sent >= policy.fees.codes_per_day:
        raise TooManyTries(phone=actor.house.phone if actor.house else "")
    code = f"{secrets.randbelow(10**DIGITS):0{DIGITS}}"
    values = {
        "address_id": actor.to.address_id,
        "digest": _digest(actor, code),
        "expires_at": now + timedelta(minutes=policy.fees.code_minutes),
        "wrong": row.wrong if row is not None and sent else 0,
        "sent": sent + 1,
        "first_at": row.first_at if row is not None and sent else now,
        "rest_until": None,
    }
    await upsert(session, ProofCode, values, on=("address_id",), change=values)
    return code


def _digest(actor: Actor, code: str) -> str:
    return hashlib.sha256(f"{actor.to.address_id}:{code}".encode()).hexdigest()


async def _row(session: Session, actor: Actor) -> ProofCode | None:
    found = select(ProofCode).where(ProofCode.address_id == actor.to.address_id)
    return (await session.scalars(found.execution_options(populate_existing=True))).one_or_none()


async def waits(session: Session, actor: Actor) -> bool:
    """Whether a code was sent to the actor and has neither come back nor been given up."""
    row = await _row(session, actor)
    return row is not None and bool(row.digest)


async def prove(session: Session, actor: Actor, *, code: str, now: datetime, policy: Policy) -> bool:
    """Take the code back. False: wrong; after some wrong ones it is over for a while, and who leads hears of it."""
    row = await _row(session, actor)
    if row is None or not row.digest:
        return False
    if hmac.compare_digest(row.digest, _digest(actor, code)) and now <= row.expires_at:
        await _set(session, row, digest="", wrong=0)
        proven = {"proof": Proof.CODE, "proven_at": now}
        await session.execute(update(Address).where(Address.id == actor.to.address_id).values(proven))
        return True
    wrong = row.wrong + 1
    if wrong < policy.fees.code_tries:
        await _set(session, row, wrong=wrong)
        return False
    rest_until = now + timedelta(minutes=policy.fees.code_rest_minutes)
    await _set(session, row, wrong=0, digest="", rest_until=rest_until)
    await _tell_leads(session, actor, now)
    return False


async def _set(session: Session, row: ProofCode, **values: object) -> None:
    await session.execute(update(ProofCode).where(ProofCode.id == row.id).values(values))


async def rests(session: Session, actor: Actor, *, now: datetime) -> bool:
    """Whether the number has to wait before it gets another code."""
    row = await _row(session, actor)
    return row is not None and row.rest_until is not None and row.rest_until > now


async def _tell_leads(session: Session, actor: Actor, now: datetime) -> None:
    if actor.house is None:
        return
    leads = await dispatch.leads(session, community_id=actor.house.id, now=now)
    told = [one.staff_id for one in leads if one.on_duty] or [one.staff_id for one in leads]
    for staff_id, to in (await people.addresses_of_staff(session, told)).items():
        await conversations.tell(
            session,
            to=to,
            key=f"proof:{actor.to.address_id}:{now:%Y%m%d%H%M%S}:{staff_id}",
            text=T("proof.alarm", name=actor.name),
            priority=Priority.WORK,
            now=now,
        )
