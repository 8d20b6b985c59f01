"""A ticket as the desk's page shows it: who did what on which way, its files, deadlines, quotes, what it is tied to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from services.actors import Actor
from services.db import Session
from services.models import Content, Deadline, History, Media, Person, Quote, Staff, Ticket
from services.refusals import NotFound
from services.tickets import finding, merging
from services.tickets.rules import standings
from services.tickets.searching import at_work

MOST_FILES = 60


@dataclass(frozen=True, slots=True)
class Step:
    """A row of the history: what was done, when, by whom, on which way, with which words and files."""

    action: str
    at: datetime
    name: str
    badge: str
    system: str
    channel: str
    event_id: str
    person_id: int | None
    words: str
    media: Sequence[int]


async def find(session: Session, actor: Actor, *, ticket_id: int) -> Ticket:
    """Return a ticket that somebody may see as an employee; raises `NotFound`."""
    ticket = await finding.find(session, actor, ticket_id=ticket_id)
    if not standings(at_work(actor), ticket):
        raise NotFound
    return ticket


async def steps(session: Session, ticket: Ticket) -> Sequence[Step]:
    """Return the ticket's history, newest first."""
    rows = await session.execute(
        select(History, Person.name, Staff.badge, Content.words, Content.media)
        .outerjoin(Person, Person.id == History.person_id)
        .outerjoin(Staff, (Staff.person_id == History.person_id) & (Staff.community_id == History.community_id))
        .outerjoin(Content, Content.id == History.content_id)
        .where(History.ticket_id == ticket.id)
        .order_by(History.seq.desc())
    )
    return [
        Step(
            *(row.action, row.at, name or "", badge or "", row.system, row.channel, row.event_id, row.person_id),
            *(words or "", tuple(media or ())),
        )
        for row, name, badge, words, media in rows
    ]


async def clocks(session: Session, ticket: Ticket) -> Sequence[Deadline]:
    """Return the ticket's deadlines that run, the nearest first."""
    running = Deadline.ticket_id == ticket.id, Deadline.ended_at.is_(None)
    return (await session.scalars(select(Deadline).where(*running).order_by(Deadline.due_at))).all()


async def prices(session: Session, ticket: Ticket) -> Sequence[Quote]:
    """Return every price that was offered for the work, newest first."""
    asked = select(Quote).where(Quote.ticket_id == ticket.id).order_by(Quote.id.desc())
    return (await session.scalars(asked)).all()


async def related(session: Session, actor: Actor, ticket: Ticket) -> Sequence[Ticket]:
    """Return tickets that have to do with this one, and the one it went into, as far as the actor may see them."""
    found = list(await merging.tied(session, ticket))
    if ticket.merged_into_id is not None:
        into = await session.get(Ticket, ticket.merged_into_id)
        found += [into] if into is not None else []
    seen = {one.id: one for one in found if standings(at_work(actor), one)}
    return list(seen.values())


async def files(session: Session, ticket: Ticket) -> Sequence[Media]:
    """Return the files that came with the ticket and are there to be looked at."""
    kept = Content.ticket_id == ticket.id, Content.erased_at.is_(None)
    ids = [one for (media,) in await session.execute(select(Content.media).where(*kept)) for one in media or ()]
    stored = Media.id.in_(ids[-MOST_FILES:]), Media.state == "stored", Media.sha256 != ""
    return (await session.scalars(select(Media).where(*stored).order_by(Media.id))).all() if ids else []


async def file(session: Session, actor: Actor, *, ticket_id: int, media_id: int) -> Media:
    """Return a file of a ticket that the actor may see; raises `NotFound`."""
    ticket = await find(session, actor, ticket_id=ticket_id)
    found = next((one for one in await files(session, ticket) if one.id == media_id), None)
    if found is None:
        raise NotFound
    return found
