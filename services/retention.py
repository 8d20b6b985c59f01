"""Retention: what is kept too long goes, kind by kind, in small transactions that may stop and go on anywhere.

Rows that carry a natural key stay, emptied: the key still refuses a repeat. A closed ticket's words go together with
their salt, so that the digest in the history tells nothing and the chain stays whole.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, delete, func, or_, select, update
from sqlalchemy.engine import CursorResult

from services import inlined
from services.conversations import CHOOSE
from services.db import Session, machine_now
from services.models import (
    CampaignAnswer,
    CarCall,
    Content,
    DeskAct,
    Event,
    FollowUp,
    HandoverItem,
    IncidentHousehold,
    LinkRequest,
    Mailbox,
    Matter,
    Media,
    MediaFile,
    Outgoing,
    Prompt,
    Receipt,
    ReleaseSlip,
    Survey,
    Ticket,
)
from services.models.dialogue import WORDED
from services.models.queues import WORDED_OUT
from services.settings import Retention

OPEN_EVENTS = ("new", "claimed")
ENDED_TICKETS = ("closed", "cancelled")
LONGEST = 365 * 100  # days; figures beyond mean for good, too


@dataclass(frozen=True, slots=True, kw_only=True)
class Swept:
    """How many rows of each kind one sweep dealt with."""

    events: int = 0
    receipts: int = 0
    outgoing: int = 0
    prompts: int = 0
    tickets: int = 0
    contents: int = 0
    requests: int = 0
    losses: int = 0
    answers: int = 0
    slips: int = 0
    matters: int = 0
    cars: int = 0
    media: int = 0
    mailbox: int = 0
    acts: int = 0
    limit: int = 0

    @property
    def more(self) -> bool:
        """Whether a kind came to the limit, so that another sweep finds more."""
        return self.limit in (
            *(self.events, self.receipts, self.outgoing, self.prompts, self.tickets),
            *(self.contents, self.requests, self.losses, self.answers, self.slips, self.matters, self.cars),
            *(self.media, self.mailbox, self.acts),
        )


async def sweep(session: Session, kept: Retention, *, now: datetime, limit: int) -> Swept:
    """Deal with up to `limit` rows of each kind; call again, each time in a transaction, while `more`."""
    raw = await _machine(session) - _days(kept.raw_event_days)
    return Swept(
        events=await _remove(session, Event, and_(Event.state.not_in(OPEN_EVENTS), Event.received_at < raw), limit),
        receipts=await _remove(session, Receipt, Receipt.at < raw, limit),
        outgoing=await _outgoing(session, now - _days(kept.settled_outbox_days), limit),
        prompts=await _prompts(session, now - _days(kept.prompt_days), limit),
        tickets=await _tickets(session, now - _days(kept.words_days), limit) if kept.words_days else 0,
        contents=await _contents(session, now, now - _days(kept.words_days), limit) if kept.words_days else 0,
        requests=await _requests(session, now - _days(kept.words_days), limit) if kept.words_days else 0,
        losses=await _losses(session, now - _days(kept.words_days), limit) if kept.words_days else 0,
        answers=await _answers(session, now - _days(kept.words_days), limit) if kept.words_days else 0,
        slips=await _slips(session, now - _days(kept.words_days), limit) if kept.words_days else 0,
        matters=await _matters(session, now - _days(kept.words_days), limit) if kept.words_days else 0,
        cars=await _remove(session, CarCall, CarCall.asked_at < now - _days(kept.prompt_days), limit),
        media=await _media(session, now - _days(kept.media_days), limit) if kept.media_days else 0,
        mailbox=await _remove(session, Mailbox, Mailbox.at < now - _days(kept.mailbox_days), limit),
        acts=await _remove(session, DeskAct, DeskAct.at < now - _days(kept.raw_event_days), limit),
        limit=limit,
    )


async def files_to_remove(session: Session, *, limit: int) -> Sequence[str]:
    """Return digests of erased media that no other row needs; remove the bytes, then call `files_removed`."""
    needed = select(Media.sha256).where(Media.state != "erased")
    found = await session.scalars(
        select(Media.sha256)
        .where(Media.state == "erased", Media.sha256 != "", Media.sha256.not_in(needed))
        .distinct()
        .limit(limit)
    )
    return found.all()


async def files_removed(session: Session, digests: Sequence[str]) -> None:
    """Note that the bytes are gone."""
    await session.execute(
        update(Media)
        .where(Media.state == "erased", Media.sha256.in_(digests))
        .values(sha256="")
        .execution_options(synchronize_session=False)
    )


async def _machine(session: Session) -> datetime:
    return (await session.execute(select(machine_now()))).scalar_one()


def _days(days: int) -> timedelta:
    return timedelta(days=min(days, LONGEST))


async def _outgoing(session: Session, before: datetime, limit: int) -> int:
    too_old = and_(WORDED_OUT, Outgoing.created_at < before)  # word for word as the index says it
    return await _change(session, Outgoing, too_old, {"payload": {}}, limit, by=Outgoing.created_at)


async def _prompts(session: Session, before: datetime, limit: int) -> int:
    offered = and_(Prompt.form == CHOOSE, Prompt.created_at < before)
    left = and_(inlined.equal(Prompt.state, "open"), or_(Prompt.expires_at < before, offered))
    await _change(session, Prompt, left, {"state": "expired"}, limit)  # nobody answered, and nobody will
    empty: dict[str, Any] = {"given": {}, "answers": [], "options": []}
    return await _change(session, Prompt, and_(WORDED, Prompt.created_at < before), empty, limit, by=Prompt.created_at)


async def _tickets(session: Session, before: datetime, limit: int) -> int:
    """Empty what the tickets themselves say, and their owners' words about the work."""
    too_old = and_(_ended(before), or_(Ticket.matter != "", Ticket.requester_name != "", Ticket.requester_phone != ""))
    ids = (await session.scalars(select(Ticket.id).where(too_old).order_by(Ticket.id).limit(limit))).all()
    await _set(session, Survey, Survey.ticket_id.in_(ids), {"words": None})
    await _set(session, FollowUp, FollowUp.ticket_id.in_(ids), {"outcome": ""})
    await _set(session, HandoverItem, HandoverItem.ticket_id.in_(ids), {"note": "", "question": "", "answer": ""})
    return await _set(session, Ticket, Ticket.id.in_(ids), {"matter": "", "requester_name": "", "requester_phone": ""})


async def _contents(session: Session, now: datetime, before: datetime, limit: int) -> int:
    without_ticket = and_(Content.ticket_id.is_(None), Content.created_at < before)
    of_ended = Content.ticket_id.in_(select(Ticket.id).where(_ended(before)))
    too_old = and_(Content.erased_at.is_(None), or_(without_ticket, of_ended))
    values: dict[str, Any] = {"words": None, "salt": None, "media": [], "erased_at": now}
    return await _change(session, Content, too_old, values, limit)


def _ended(before: datetime) -> ColumnElement[bool]:
    return and_(Ticket.state.in_(ENDED_TICKETS), func.coalesce(Ticket.closed_at, Ticket.created_at) < before)


async def _requests(session: Session, before: datetime, limit: int) -> int:
    too_old = and_(
        LinkRequest.status != "open",
        LinkRequest.created_at < before,
        or_(LinkRequest.name != "", LinkRequest.words != ""),
    )
    return await _change(session, LinkRequest, too_old, {"name": "", "words": ""}, limit)


async def _losses(session: Session, before: datetime, limit: int) -> int:
    """Empty what homes said of their losses; the sums that were settled stay."""
    home = IncidentHousehold
    too_old = and_(home.loss_at < before, or_(home.loss_words.is_not(None), home.settled_words.is_not(None)))
    return await _change(session, home, too_old, {"loss_words": None, "loss_media": [], "settled_words": None}, limit)


async def _answers(session: Session, before: datetime, limit: int) -> int:
    """Empty what owners wrote in a survey of all, and what calls about it brought."""
    said = and_(CampaignAnswer.words.is_not(None), CampaignAnswer.at < before)
    noted = and_(FollowUp.ticket_id.is_(None), FollowUp.outcome != "", FollowUp.created_at < before)
    called = await _change(session, FollowUp, noted, {"outcome": ""}, limit)
    return max(called, await _change(session, CampaignAnswer, said, {"words": None}, limit))


async def _slips(session: Session, before: datetime, limit: int) -> int:
    too_old = and_(ReleaseSlip.until_at < before, or_(ReleaseSlip.goods != "", ReleaseSlip.carrier != ""))
    return await _change(session, ReleaseSlip, too_old, {"goods": "", "carrier": ""}, limit)


async def _matters(session: Session, before: datetime, limit: int) -> int:
    """Empty what owners said of bills, and what stood on invoices; that it was said and answered stays."""
    too_old = and_(Matter.state.in_(["answered", "lapsed"]), func.coalesce(Matter.answered_at, Matter.due_at) < before)
    empty: dict[str, Any] = {"words": "", "answer_words": "", "given": {}, "state": "emptied"}
    return await _change(session, Matter, too_old, empty, limit)


async def _media(session: Session, before: datetime, limit: int) -> int:
    """Mark files erased and forget the providers' ids of them; bytes go by `files_to_remove`."""
    too_old = and_(Media.state != "erased", Media.created_at < before)
    ids = (await session.scalars(select(Media.id).where(too_old).order_by(Media.id).limit(limit))).all()
    await session.execute(
        delete(MediaFile).where(MediaFile.media_id.in_(ids)).execution_options(synchronize_session=False)
    )
    return await _set(session, Media, Media.id.in_(ids), {"state": "erased", "name": "", "due_at": None})


async def _remove(session: Session, table: Any, which: ColumnElement[bool], limit: int) -> int:  # noqa: ANN401
    ids = select(table.id).where(which).order_by(table.id).limit(limit).scalar_subquery()
    result = await session.execute(delete(table).where(table.id.in_(ids)).execution_options(synchronize_session=False))
    return _count(result)


async def _change(
    session: Session,
    table: Any,  # noqa: ANN401
    which: ColumnElement[bool],
    values: dict[str, Any],
    limit: int,
    *,
    by: Any = None,  # noqa: ANN401 - the column that an index has
) -> int:
    ids = select(table.id).where(which).order_by(table.id if by is None else by).limit(limit).scalar_subquery()
    return await _set(session, table, table.id.in_(ids), values)


async def _set(session: Session, table: Any, which: ColumnElement[bool], values: dict[str, Any]) -> int:  # noqa: ANN401
    result = await session.execute(
        update(table).where(which).values(values).execution_options(synchronize_session=False)
    )
    return _count(result)


def _count(result: object) -> int:
    return result.rowcount if isinstance(result, CursorResult) else 0
