"""What follows a delivery: states, cards on screens, questions shown, addresses gone, files that have an id."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import Select, bindparam, func, select, update

from services import buckets, conversations, direct, groups, inlined, media, outbox, people
from services.db import Session, is_sqlite, machine_now
from services.messages import Channel
from services.models import Address, Card, Outgoing, Ticket, table_of
from services.outbox import Claimed, Draft, Priority, Result, State, To
from services.tickets import cards
from services.tickets.cards import Shown
from services.wire import read_say


@dataclass(frozen=True, slots=True)
class Arrival:
    """A row with what became of it at the provider."""

    row: Claimed
    result: Result
    channel: Channel = Channel.WEB
    account: str = ""
    revision: int = 0
    stage: str = ""
    gone: bool = False
    lost_message: bool = False
    lost_topic: bool = False
    new_external: str = ""
    files: tuple[tuple[int, str], ...] = ()
    pause: timedelta | None = None  # of the account
    rest: timedelta = timedelta()  # how far to put off the chat's time
    paid: datetime | None = None  # where the chat's time stands after several messages


async def note(session: Session, arrivals: Sequence[Arrival], *, owner: str, now: datetime) -> None:
    """Write a batch of results down with all that follows from them, for the rows that are still ours."""
    await _guard_cards(session, arrivals)
    ours = await outbox.settle(session, [arrival.result for arrival in arrivals], owner=owner)
    kept = [arrival for arrival in arrivals if arrival.row.id in ours]
    shown = [
        arrival.row.prompt_id
        for arrival in kept
        if arrival.row.prompt_id is not None and arrival.result.state is State.ACCEPTED
    ]
    if shown:
        await conversations.mark_shown(session, prompt_ids=shown, now=now)
    await cards.sent(session, [_shown(arrival) for arrival in kept if _is_on_screen(arrival)], now=now)
    for arrival in kept:
        await _follow(session, arrival, now)


async def note_results(session: Session, arrivals: Sequence[Arrival], *, owner: str) -> None:
    """Write only the results down: what follows from them could not be done, but nothing may be sent again."""
    await outbox.settle(session, [arrival.result for arrival in arrivals], owner=owner)


async def _guard_cards(session: Session, arrivals: Sequence[Arrival]) -> None:
    """Lock the tickets of the batch's cards: under that lock a turn changes a ticket's cards, in its own order."""
    ids = [arrival.row.card_id for arrival in arrivals if arrival.row.card_id is not None]
    if ids and not is_sqlite(session):
        await direct.execute(session, _guarding(), {"cards": ids})


@cache
def _guarding() -> Select[Any]:
    ticket, card = table_of(Ticket).c, table_of(Card).c
    shown = select(card.subject_id).where(
        card.id.in_(bindparam("cards", expanding=True)), card.subject == cards.SUBJECT
    )
    return select(ticket.id).where(ticket.id.in_(shown)).order_by(ticket.id).with_for_update(key_share=True)


def _is_on_screen(arrival: Arrival) -> bool:
    return arrival.row.card_id is not None and arrival.result.state is State.ACCEPTED


def _shown(arrival: Arrival) -> Shown:
    row = arrival.row
    to = To(row.address_id, row.locale, row.community_id, topic=row.topic)
    return Shown(row.card_id or 0, arrival.revision, arrival.stage or arrival.result.provider_id, to)


async def _follow(session: Session, arrival: Arrival, now: datetime) -> None:
    row = arrival.row
    for media_id, file_id in arrival.files:
        await media.remember_file_id(
            session, media_id=media_id, channel=arrival.channel, account=arrival.account, file_id=file_id
        )
    if arrival.lost_message and row.card_id is not None:
        await cards.forget_message(session, card_id=row.card_id)
    if arrival.lost_topic:
        await groups.topic_gone(session, address_id=row.address_id, topic=row.topic)
    if arrival.new_external:
        await groups.moved(session, address_id=row.address_id, external=arrival.new_external)
    if arrival.gone:
        await _gone(session, arrival, now)
    if arrival.pause is not None:
        await _pause(session, arrival)
    elif arrival.paid is not None:
        await _change_address(session, row.address_id, next_at=arrival.paid)


async def _change_address(session: Session, address_id: int, **values: object) -> None:
    await session.execute(
        update(Address).where(Address.id == address_id).values(**values).execution_options(synchronize_session=False)
    )


async def _pause(session: Session, arrival: Arrival) -> None:
    """Obey the provider: this chat rests as told, and so does the account's bulk."""
    await _change_address(session, arrival.row.address_id, next_at=machine_now(arrival.rest))
    await buckets.pause(session, f"{arrival.channel}:{arrival.account}", arrival.pause or timedelta())


async def _gone(session: Session, arrival: Arrival, now: datetime) -> None:
    """The recipient blocked us: the address is dead, and the message goes the person's next way, as a new row."""
    row = arrival.row
    person_id = await session.scalar(select(Address.person_id).where(Address.id == row.address_id))
    await _change_address(session, row.address_id, gone_at=now)
    if person_id is None or row.kind != "say" or row.is_group:
        return
    other = (await people.addresses_of(session, [person_id])).get(person_id)
    if other is None or other.address_id == row.address_id:
        return
    draft = Draft(
        key=f"{row.key}:via:{other.address_id}",
        to=other,
        priority=Priority(row.priority),
        say=read_say(row.payload),
        still_wanted=row.still_wanted,
    )
    await outbox.enqueue(session, draft, now=now)


async def oldest(session: Session) -> list[tuple[int, int, datetime | None]]:
    """Return per priority how many rows wait and since when (desk time), for the figures."""
    rows = await session.execute(
        select(Outgoing.priority, func.count(), func.min(Outgoing.created_at))
        .where(inlined.among(Outgoing.state, outbox.OPEN))
        .group_by(Outgoing.priority)
    )
    return [(row[0], row[1], row[2]) for row in rows]
