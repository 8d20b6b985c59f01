"""Calls that are owed to owners after the end: who makes them, why, by when, and the list of those still open."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, or_, select

from services import conversations, people, timers
from services.actors import FRONT, Actor
from services.db import Session, insert_once
from services.messages import Choice, Param, T, Text, When, joined, lines, plain
from services.models import FollowUp, Person, Survey, Ticket
from services.outbox import Priority
from services.phones import readable
from services.refusals import NotFound
from services.settings import Policy
from services.tickets import apart, dispatch, finding, news
from services.tickets.dispatch import Need

SUBJECT = "follow_up"
MOST_LISTED = 10
BUTTONS = (("content", "not_content"), ("not_reached", "wrong_number"), ("script",))


class Why(StrEnum):
    """Why somebody is called."""

    LOW_SCORE = "low_score"
    UNANSWERED = "unanswered"  # the survey ended without an answer
    UNSENT = "unsent"  # nobody could be asked
    RULE = "rule"  # the catalogue says: always
    CAMPAIGN = "campaign"  # unhappy in a survey of all owners, and glad to be called


class Result(StrEnum):
    """What became of a call."""

    CONTENT = "content"
    NOT_CONTENT = "not_content"
    NOT_REACHED = "not_reached"
    WRONG_NUMBER = "wrong_number"
    UNREACHABLE = "unreachable"  # not reached twice: the end of it
    OVERTAKEN = "overtaken"  # the ticket went on before anybody called


ORDINARY = (Why.UNANSWERED, Why.UNSENT, Why.RULE)
SPOKEN = (Result.CONTENT, Result.NOT_CONTENT)


def unhappy() -> ColumnElement[bool]:
    """Say in SQL that a call is owed because of a low score; 0.1.0 knew no other reason, and wrote none."""
    return FollowUp.why.in_(("", Why.LOW_SCORE))


def spoken() -> ColumnElement[bool]:
    """Say in SQL that the owner was spoken to; 0.1.0 wrote the result in words alone."""
    return FollowUp.done_at.is_not(None) & FollowUp.result.in_(("", *SPOKEN))


@dataclass(frozen=True, slots=True)
class Task:
    """A call with all that whoever makes it has to know."""

    row: FollowUp
    ticket: Ticket | None
    about: Text
    whom: T

    @property
    def number(self) -> str:
        """The ticket's number; a survey of all owners has none."""
        return self.ticket.number if self.ticket is not None else ""


async def plan(
    session: Session, ticket: Ticket, *, why: Why, now: datetime, policy: Policy, survey_id: int | None = None
) -> FollowUp | None:
    """Let somebody call the owner about this cycle of his ticket; None when that was planned before."""
    caller = await (_lead(session, ticket, now) if why is Why.LOW_SCORE else _caller(session, ticket, now))
    row = {"ticket_id": ticket.id, "cycle": ticket.cycle, "survey_id": survey_id, "why": why, "staff_id": caller}
    return await _plan(session, ticket.community_id, row, now, policy)


async def plan_on_request(
    session: Session,
    *,
    community_id: int,
    campaign_id: int,
    person_id: int,
    topics: Sequence[str],
    now: datetime,
    policy: Policy,
) -> FollowUp | None:
    """Let somebody who leads call an owner who said yes to it in a survey of all; None when that was planned before."""
    leads = await dispatch.leads(session, community_id=community_id, now=now)
    caller = leads[0].staff_id if leads else None
    whom = {"campaign_id": campaign_id, "person_id": person_id, "topics": " ".join(topics)}
    return await _plan(session, community_id, {**whom, "why": Why.CAMPAIGN, "staff_id": caller}, now, policy)


async def _plan(
    session: Session, community_id: int, row: dict[str, Any], now: datetime, policy: Policy
) -> FollowUp | None:
    due_at = now + timedelta(hours=policy.surveys.follow_up_hours)
    whole = {"community_id": community_id, "due_at": due_at, "created_at": now, "outcome": "", **row}
    added = (await insert_once(session, FollowUp, whole, FollowUp.id)).scalar_one_or_none()
    if added is None:
        return None
    planned = await session.get_one(FollowUp, added)
    await tell(session, await task(session, planned), now=now)
    return planned


async def _lead(session: Session, ticket: Ticket, now: datetime) -> int | None:
    leads = await dispatch.leads_of(session, ticket, now=now)
    return leads[0].staff_id if leads else None


async def _caller(session: Session, ticket: Ticket, now: datetime) -> int | None:
    """Return whoever took the request down, while he sits at the desk; else the desk, of a confidential one a lead."""
    found = await dispatch.candidates(
        session,
        community_id=ticket.community_id,
        team="",
        roles=sorted(FRONT),
        now=now,
        about=apart.about(ticket),
    )
    if any(one.staff_id == ticket.first_taker_id for one in found):
        return ticket.first_taker_id
    if ticket.confidential:
        return await _lead(session, ticket, now)
    return next((one.staff_id for one in dispatch.ranked(found, Need("desk"))), None)


async def task(session: Session, row: FollowUp) -> Task:
    """Put together what whoever calls has to know."""
    ticket = await session.get(Ticket, row.ticket_id) if row.ticket_id is not None else None
    if ticket is None:
        person = await session.get(Person, row.person_id or 0)
        phone = readable(await people.phone_of(session, row.person_id))
        name = person.name if person is not None else ""
        return Task(row, None, _asked_for(row), _whom(row, name, phone))
    phone = readable(ticket.requester_phone) if ticket.shows_number else ""
    return Task(row, ticket, await _about(session, row, ticket), _whom(row, ticket.requester_name, phone))


def _whom(row: FollowUp, name: str, phone: str) -> T:
    return T("staff.follow_up.by", name=name, phone=phone, by=When(row.due_at))


async def _about(session: Session, row: FollowUp, ticket: Ticket) -> Text:
    named: dict[str, Param] = {"number": ticket.number, "place": plain(ticket.place), "matter": plain(ticket.matter)}
    if row.why in {Why.UNANSWERED, Why.UNSENT, Why.RULE}:
        return T(f"staff.follow_up.{row.why}", **named)
    survey = await session.get(Survey, row.survey_id) if row.survey_id is not None else None
    if survey is None or survey.score is None:
        return T("staff.follow_up.rule", **named)
    return lines(
        T("staff.follow_up", **named, score=T(f"score.{survey.score}")),
        T("staff.follow_up.words", words=survey.words) if survey.words else None,
    )


def _asked_for(row: FollowUp) -> Text:
    """Name the lines of service with which the owner is not content; he said that we may ask him."""
    return T("staff.follow_up.campaign", about=joined([T(f"service.{line}") for line in row.topics.split()], " · "))


async def tell(session: Session, task: Task, *, now: datetime, head: Text | None = None) -> None:
    """Give the call to whoever owes it, and see that it is not forgotten."""
    row = task.row
    key = f"{SUBJECT}:{row.id}"
    await timers.move(
        session,
        key=f"{key}:due",
        kind="follow_up.due",
        subject=SUBJECT,
        subject_id=row.id,
        due_at=row.due_at,
        community_id=row.community_id,
    )
    if row.staff_id is not None:
        tag = f"{row.staff_id}:{row.tries}"
        await _say(session, task, [row.staff_id], lines(head, task.about, task.whom), tag, now, rows=buttons(row))


def buttons(row: FollowUp) -> list[list[Choice]]:
    """Return what may be tapped on a call: how it went, or what to ask."""
    return [[Choice(T(f"call.{what}"), f"f:{what}:{row.id}") for what in pair] for pair in BUTTONS]


async def _say(
    session: Session,
    task: Task,
    staff_ids: Sequence[int],
    text: Text,
    tag: str,
    now: datetime,
    rows: Sequence[Sequence[Choice]] = (),
) -> None:
    if task.ticket is not None:
        mark = f":{SUBJECT}{task.row.id}:{tag}"
        await news.to_staff(session, task.ticket, staff_ids, text, rows=rows, now=now, tag=mark)
        return
    for staff_id, to in (await news.reach(session, staff_ids)).items():
        key = f"{SUBJECT}:{task.row.id}:{tag}:{staff_id}"
        await conversations.tell(session, to=to, key=key, text=text, rows=rows, priority=Priority.WORK, now=now)


async def overdue(session: Session, *, follow_up_id: int, now: datetime) -> None:
    """Tell everybody who leads that a promised call was not made."""
    row = await session.get(FollowUp, follow_up_id)
    if row is None or row.done_at is not None or row.due_at > now:
        return
    late = await task(session, row)
    whom = apart.about(late.ticket) if late.ticket is not None else None
    leads = await dispatch.leads(session, community_id=row.community_id, now=now, about=whom)
    name = await people.staff_name(session, row.staff_id) or T("word.nobody")
    kind = row.why if row.why in {Why.LOW_SCORE, Why.CAMPAIGN} else "call"
    text = T(f"staff.overdue.{kind}", number=late.number, name=name)
    await _say(session, late, [c.staff_id for c in leads], text, f"overdue{row.tries}", now)


async def again(session: Session, *, follow_up_id: int, now: datetime) -> None:
    """A day after nobody took the call: remind whoever owes it."""
    row = await session.get(FollowUp, follow_up_id)
    if row is not None and row.done_at is None:
        await tell(session, await task(session, row), now=now, head=T("call.once_more"))


async def drop(session: Session, ticket: Ticket, *, now: datetime) -> None:
    """The ticket goes on: nobody need ask how it was; who is unhappy is called all the same."""
    waiting = select(FollowUp).where(FollowUp.ticket_id == ticket.id, FollowUp.done_at.is_(None))
    for row in (await session.scalars(waiting.where(FollowUp.why.in_(ORDINARY)))).all():
        row.done_at, row.result = now, Result.OVERTAKEN
        await timers.cancel(session, subject=SUBJECT, subject_id=row.id)


async def find(session: Session, actor: Actor, *, follow_up_id: int, lock: bool = False) -> Task:
    """Return a call that the actor may make: his own, of those who lead any; raises `NotFound`."""
    row = await session.get(FollowUp, follow_up_id)
    if row is None or row.community_id != actor.community_id or not (actor.is_lead or _owes(actor, row)):
        raise NotFound
    if row.ticket_id is not None:
        await finding.find(session, actor, ticket_id=row.ticket_id, lock=lock)
    if lock:
        await session.refresh(row, with_for_update=True)
    return await task(session, row)


def _owes(actor: Actor, row: FollowUp) -> bool:
    return actor.staff is not None and actor.staff.staff_id == row.staff_id


async def open_ones(session: Session, actor: Actor) -> Sequence[Task]:
    """Return the calls that wait for the actor, of those who lead everybody's, what is due first."""
    staff = actor.staff
    if staff is None:
        return []
    seen = or_(FollowUp.ticket_id.is_(None), finding.seen_by(actor))
    statement = (
        select(FollowUp)
        .outerjoin(Ticket, Ticket.id == FollowUp.ticket_id)
        .where(FollowUp.community_id == staff.community_id, FollowUp.done_at.is_(None), seen)
        .order_by(FollowUp.due_at, FollowUp.id)
        .limit(MOST_LISTED)
    )
    if not actor.is_lead:
        statement = statement.where(FollowUp.staff_id == staff.staff_id)
    return [await task(session, row) for row in (await session.scalars(statement)).all()]
