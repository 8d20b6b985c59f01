"""The survey after a ticket: once per cycle, only after the owner's acceptance; who is unhappy is called."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import Select, bindparam, func, select

from services import conversations, direct, inlined, people, timers
from services.actors import Actor
from services.db import Session
from services.messages import Choice, T, When, lines
from services.models import FollowUp, Survey, Ticket, table_of
from services.outbox import Priority
from services.phones import readable
from services.refusals import NotFound, Refused
from services.settings import Policy
from services.tickets import dispatch, news
from services.tickets.rules import State

FORM = "survey"


class SurveyOver(Refused):
    """It was answered before, or its time is over."""

    key = "refused.survey_over"


async def ask_now(session: Session, *, survey_id: int, now: datetime, policy: Policy) -> bool:
    """Ask, unless the ticket was opened again or nobody can be reached; False when nothing was asked."""
    survey, ticket = await _with_ticket(session, survey_id)
    if survey.state != "waiting" or ticket.state != State.CLOSED or ticket.closed_how != "accepted":
        return False
    to = await news.owner_address(session, ticket)
    if to is None:
        survey.state, survey.why = "expired", "unreachable"
        return False
    survey.state, survey.asked_at = "asked", now
    await conversations.ask(
        session,
        to=to,
        person_id=survey.person_id,
        form=FORM,
        given={"survey": survey.id, "number": ticket.number, "matter": ticket.matter},
        key=f"survey:{survey.id}:ask",
        priority=Priority.SURVEY,
        now=now,
        expires_at=now + timedelta(days=policy.surveys.expire_days),
        still_wanted=f"survey:{survey.id}",
    )
    await _plan(session, survey, "survey.remind", now + timedelta(hours=policy.surveys.remind_hours))
    await _plan(session, survey, "survey.expire", now + timedelta(days=policy.surveys.expire_days))
    return True


async def _plan(session: Session, survey: Survey, kind: str, due_at: datetime) -> None:
    await timers.set_once(
        session,
        key=f"survey:{survey.id}:{kind}",
        kind=kind,
        subject="survey",
        subject_id=survey.id,
        due_at=due_at,
        community_id=survey.community_id,
    )


async def _with_ticket(session: Session, survey_id: int) -> tuple[Survey, Ticket]:
    row = (
        await session.execute(
            select(Survey, Ticket)
            .join(Ticket, Ticket.id == Survey.ticket_id)
            .where(Survey.id == survey_id)
            .with_for_update(of=(Survey, Ticket), key_share=True)
        )
    ).one_or_none()
    if row is None:
        raise NotFound
    return row[0], row[1]


async def remind(session: Session, *, survey_id: int, now: datetime) -> bool:
    """Remind once, of a survey that still waits."""
    survey, ticket = await _with_ticket(session, survey_id)
    to = await news.owner_address(session, ticket)
    if survey.state != "asked" or to is None:
        return False
    await conversations.tell(
        session,
        to=to,
        key=f"survey:{survey.id}:remind",
        text=T("survey.remind", matter=ticket.matter),
        priority=Priority.SURVEY,
        person_id=survey.person_id,
        still_wanted=f"survey:{survey.id}",
        now=now,
    )
    return True


async def expire(session: Session, *, survey_id: int) -> None:
    """Close a survey that nobody answered; what comes later is an ordinary message."""
    survey, _ = await _with_ticket(session, survey_id)
    if survey.state in {"waiting", "asked"}:
        survey.state = "expired"
        await conversations.end_where(session, key_prefix=f"survey:{survey.id}:", state="expired")


async def still_wanted(session: Session, survey_id: int) -> bool:
    """Whether the survey still waits for an answer, asked at the moment of sending."""
    return await session.scalar(select(Survey.state).where(Survey.id == survey_id)) == "asked"


async def find(session: Session, actor: Actor, *, survey_id: int) -> tuple[Survey, Ticket]:
    """Return a survey of the actor's; raises `NotFound`."""
    survey, ticket = await _with_ticket(session, survey_id)
    mine = survey.person_id == actor.person_id if survey.person_id else survey.address_id == actor.address_id
    if not mine:
        raise NotFound
    return survey, ticket


async def answer(
    session: Session, actor: Actor, *, survey_id: int, score: int, words: str, now: datetime, policy: Policy
) -> FollowUp | None:
    """Keep the score; an unhappy one opens a follow-up by a named person, which is returned. Raises `SurveyOver`."""
    survey, ticket = await find(session, actor, survey_id=survey_id)
    if survey.state not in {"asked", "waiting"}:
        raise SurveyOver
    return await _keep(session, survey, ticket, score=score, words=words, now=now, policy=policy)


async def answer_at_once(
    session: Session, *, ticket: Ticket, score: int, now: datetime, policy: Policy
) -> FollowUp | None:
    """Keep a score that came together with the acceptance (by text message both are one digit)."""
    survey = (
        await session.scalars(select(Survey).where(Survey.ticket_id == ticket.id, Survey.cycle == ticket.cycle))
    ).one_or_none()
    if survey is None or survey.state != "waiting":
        return None
    return await _keep(session, survey, ticket, score=score, words="", now=now, policy=policy)


async def _keep(
    session: Session, survey: Survey, ticket: Ticket, *, score: int, words: str, now: datetime, policy: Policy
) -> FollowUp | None:
    survey.state, survey.fixed, survey.score = "answered", True, score
    survey.words, survey.answered_at = words or None, now
    await timers.cancel(session, subject="survey", subject_id=survey.id)
    if score > policy.surveys.unhappy_at_most:
        return None
    return await _follow_up(session, survey, ticket, now=now, policy=policy)


async def _follow_up(session: Session, survey: Survey, ticket: Ticket, *, now: datetime, policy: Policy) -> FollowUp:
    leads = await dispatch.leads(session, community_id=ticket.community_id, now=now)
    lead = next((candidate.staff_id for candidate in leads), None)
    row = FollowUp(
        community_id=ticket.community_id,
        ticket_id=ticket.id,
        survey_id=survey.id,
        staff_id=lead,
        due_at=now + timedelta(hours=policy.surveys.follow_up_hours),
        outcome="",
        created_at=now,
    )
    session.add(row)
    await session.flush()
    if lead is not None:
        await _tell_lead(session, row, survey, ticket, lead, now)
        await timers.set_once(
            session,
            key=f"follow_up:{row.id}:due",
            kind="follow_up.due",
            subject="follow_up",
            subject_id=row.id,
            due_at=row.due_at,
            community_id=row.community_id,
        )
    return row


async def _tell_lead(session: Session, row: FollowUp, survey: Survey, ticket: Ticket, lead: int, now: datetime) -> None:
    score, phone = T(f"score.{survey.score}"), readable(ticket.requester_phone) if ticket.shows_number else ""
    text = lines(
        T("staff.follow_up", number=ticket.number, place=ticket.place, matter=ticket.matter, score=score),
        T("staff.follow_up.words", words=survey.words) if survey.words else None,
        T("staff.follow_up.by", name=ticket.requester_name, phone=phone, by=When(row.due_at)),
    )
    to = (await news.reach(session, [lead])).get(lead)
    if to is not None:
        await conversations.tell(
            session,
            to=to,
            key=f"follow_up:{row.id}",
            text=text,
            rows=[[Choice(T("do.followed_up"), f"f:done:{row.id}")]],
            priority=Priority.WORK,
            now=now,
        )


async def overdue(session: Session, *, follow_up_id: int, now: datetime) -> None:
    """Tell everybody who leads that a promised call was not made."""
    row = await session.get(FollowUp, follow_up_id)
    if row is None or row.done_at is not None:
        return
    ticket = await session.get(Ticket, row.ticket_id)
    if ticket is None:
        return
    leads = await dispatch.leads(session, community_id=row.community_id, now=now)
    name = await people.staff_name(session, row.staff_id)
    text = T("staff.follow_up.overdue", number=ticket.number, name=name)
    await news.to_staff(session, ticket, [c.staff_id for c in leads], text, now=now, tag=f":overdue{row.id}")


async def followed_up(session: Session, actor: Actor, *, follow_up_id: int, outcome: str, now: datetime) -> FollowUp:
    """Write down what the call to an unhappy owner brought; raises `NotFound`."""
    row = await session.get(FollowUp, follow_up_id)
    if row is None or row.community_id != actor.community_id or not (actor.is_lead or _owes(actor, row)):
        raise NotFound
    if row.done_at is None:
        row.done_at, row.outcome = now, outcome
        await timers.cancel(session, subject="follow_up", subject_id=row.id)
    return row


def _owes(actor: Actor, row: FollowUp) -> bool:
    return actor.staff is not None and actor.staff.staff_id == row.staff_id


@dataclass(frozen=True, slots=True)
class Sum:
    """Scores of an employee as he may see them: only sums."""

    answers: int
    average_tenths: int


async def sums_of(session: Session, *, staff_id: int) -> Sum:
    """Return the employee's own figures, without who said what."""
    count, total = (await direct.execute(session, _sums(), {"staff_id": staff_id})).one()
    return Sum(count, round(int(total or 0) * 10 / count) if count else 0)


@cache
def _sums() -> Select[Any]:
    survey = table_of(Survey).c
    mine = survey.staff_id == bindparam("staff_id"), inlined.equal(survey.state, "answered")  # as the index says it
    return select(func.count(), func.coalesce(func.sum(survey.score), 0)).where(*mine)
