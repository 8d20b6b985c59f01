"""Rectification notices: what a household or firm is to put right, by when; its word, the check, the next date."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from services import inlined
from services.actors import Actor, House
from services.catalog import Category
from services.db import Session
from services.messages import Choice, T, When, lines, plain
from services.models import Party, Ticket, table_of
from services.refusals import NotAllowed, NotFound, Refused
from services.settings import Policy
from services.tickets import addressees, cards, dispatch, engine, filing, finding, news, parties
from services.tickets.history import Said
from services.tickets.parties import Side
from services.tickets.requests import Request, Requester, Source
from services.tickets.rules import IN_HAND, Action

RECTIFIED = "rectified"  # the step of a ticket whose addressee says that it is put right


class NothingToRectify(Refused):
    """No notice waits for this household's word."""

    key = "refused.nothing_to_rectify"


@dataclass(frozen=True, slots=True)
class Notice:
    """What is to be put right, by whom, by when."""

    category: Category
    matter: str
    place: str
    due: datetime
    unit_id: int | None = None
    firm: str = ""
    media: tuple[int, ...] = ()


async def file(
    session: Session, actor: Actor, *, house: House, notice: Notice, now: datetime, policy: Policy
) -> tuple[Ticket, bool]:
    """File a notice, which its writer holds; False: the addressee must be told by hand. Raises `NotAllowed`."""
    if actor.staff is None:
        raise NotAllowed
    request = Request(
        category=notice.category,
        matter=notice.matter,
        place=notice.place,
        scope="unit" if notice.unit_id is not None else "public",
        unit_id=notice.unit_id,
        media=notice.media,
        end=notice.due,
        source=Source.STAFF,
        requester=Requester(known=True),
    )
    ticket = await filing.file(session, actor, house=house, request=request, now=now, policy=policy)
    await engine.act(session, actor, Action.ACCEPT, ticket=ticket, now=now, policy=policy)
    party = await parties.add(session, ticket, role=Side.ADDRESSEE, unit_id=notice.unit_id, name=notice.firm)
    text = T(
        "rectify.notice",
        number=ticket.number,
        matter=notice.matter,
        place=notice.place,
        due=When(notice.due),
        estate=house.name,
        phone=house.phone,
    )
    told = await addressees.tell(session, ticket, party, text, now=now, media=notice.media, offers=True)
    party.state, party.how = ("told", "message") if told else ("named", "")
    party.told_at = now if told else None
    return ticket, told


async def waiting(session: Session, actor: Actor) -> Sequence[Ticket]:
    """Return the open notices to the actor's own units, earliest due first."""
    ticket = table_of(Ticket).c
    theirs = Party.role == Side.ADDRESSEE, Party.unit_id.in_([home.unit_id for home in actor.here])
    return (
        await session.scalars(
            select(Ticket)
            .join(Party, Party.ticket_id == Ticket.id)
            .where(*theirs, inlined.outside(ticket.state, dispatch.ENDED), Ticket.state.in_(IN_HAND))
            .order_by(Ticket.due_at.nulls_last(), Ticket.id)
        )
    ).all()


async def rectified(session: Session, actor: Actor, *, ticket_id: int, said: Said, now: datetime) -> Ticket:
    """The household says that it is put right, best with a photo: who holds the notice checks. Raises `Refused`."""
    ticket = await finding.locked(session, ticket_id=ticket_id)
    party = await parties.of(session, ticket, role=Side.ADDRESSEE) if ticket is not None else None
    lives_there = party is not None and party.unit_id in {home.unit_id for home in actor.here}
    if ticket is None or party is None or not lives_there:
        raise NotFound
    if ticket.state not in IN_HAND:
        raise NothingToRectify
    ticket.step, ticket.media_count = RECTIFIED, ticket.media_count + len(said.media)
    party.state = "rectified"
    await parties.note(session, actor, ticket, party, action=RECTIFIED, words=said.words, media=said.media, now=now)
    text = lines(
        T("rectify.staff.rectified", number=ticket.number, place=plain(ticket.place)),
        plain(said.words) if said.words else None,
    )
    rows = [[Choice(T(f"do.{verb}"), f"t:{verb}:{ticket.id}") for verb in ("found_right", "found_wrong")]]
    if ticket.holder_id is not None:
        await news.to_staff(session, ticket, [ticket.holder_id], text, rows=rows, media=said.media, now=now)
    else:
        await news.to_front(session, ticket, text, rows=rows, now=now)
    await cards.touch(session, ticket=ticket, now=now)
    return ticket
