"""Acting for a parent: somebody asks, the parent says yes or no, both are told, either can end it."""

from __future__ import annotations

from datetime import datetime, timedelta

from services import access, conversations, people
from services.access import Deed, Subject
from services.actors import Actor, Proof, Tie
from services.db import Session
from services.messages import T
from services.models import Address, Person, Unit
from services.outbox import Priority
from services.refusals import NotAllowed, NotFound
from services.register import ties
from services.settings import Policy

FORM = "proxy_consent"


async def ask(
    session: Session, actor: Actor, *, unit_id: int, name: str, words: str, now: datetime, policy: Policy
) -> bool:
    """Ask who owns or rents a unit whether somebody may act for him; False when nobody there can be asked.

    Whoever asks must not learn from the answer who lives there: he is told the same either way.
    """
    unit = await session.get(Unit, unit_id)
    if unit is None or actor.house is None or unit.community_id != actor.house.id or actor.address_id is None:
        raise NotFound
    everybody = await ties.of_unit(session, unit_ids=[unit.id])
    heads = [one.person for one in everybody if one.tie.role in {Tie.OWNER, Tie.TENANT}]
    if actor.person_id in {person.id for person in heads}:
        raise NotAllowed
    reached = await people.addresses_of(session, [person.id for person in heads])
    day = ties.today(actor.house, now)
    for person in heads:
        if person.id not in reached:
            continue
        await conversations.ask(
            session,
            to=reached[person.id],
            person_id=person.id,
            form=FORM,
            given={"unit": unit.id, "asker": actor.address_id, "called": name, "words": words},
            key=f"proxy:{unit.id}:{actor.address_id}:{person.id}:{day}",
            priority=Priority.NOTICE,
            now=now,
            expires_at=now + timedelta(days=policy.registry.proxy_days),
        )
    return bool(reached)


async def answer(
    session: Session, actor: Actor, *, unit_id: int, asker_id: int, name: str, agreed: bool, now: datetime
) -> None:
    """Take a parent's word; a yes ties the child to the unit for him. Raises `NotAllowed`."""
    unit = await session.get(Unit, unit_id)
    asker = await session.get(Address, asker_id, with_for_update=True, populate_existing=True)
    if unit is None or asker is None or actor.person_id is None:
        raise NotFound
    if not access.may(actor, Deed.NAME_PROXY, Subject(unit.community_id, unit.id)):
        raise NotAllowed
    if agreed:
        await _appoint(session, actor, unit, asker, name, now=now)
    to = await people.to_of(session, address_id=asker_id)
    if to is None:
        return
    await conversations.tell(
        session,
        to=to,
        key=f"proxy:{unit.id}:{asker_id}:{actor.person_id}:{now.isoformat()}",
        text=T("proxy.told_yes", place=ties.place(unit)) if agreed else T("proxy.told_no", place=ties.place(unit)),
        priority=Priority.REPLY,
        now=now,
    )


async def _appoint(session: Session, actor: Actor, unit: Unit, asker: Address, name: str, *, now: datetime) -> None:
    person = await session.get(Person, asker.person_id) if asker.person_id is not None else None
    if person is None:
        person = await ties.person_of(session, ties.Newcomer(name), now=now)
        community_id = asker.community_id or unit.community_id
        await people.tie(
            session, address_id=asker.id, person=person, proof=Proof.REVIEW, now=now, community_id=community_id
        )
    house = actor.house
    await ties.begin(
        session,
        unit=unit,
        person_id=person.id,
        role=Tie.PROXY,
        proof="invited",
        since=ties.today(house, now) if house is not None else now.date(),
        approved_by=actor.person_id,
        for_person_id=actor.person_id,
    )
