"""The survey after a ticket: once per cycle, only after the owner's acceptance; who is unhappy is called."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import Select, bindparam, func, select

from services import conversations, direct, inlined, timers
from services.actors import Actor
from services.db import Session
from services.messages import T, lines
from services.models import FollowUp, Survey, Ticket, table_of
from services.outbox import Priority
from services.refusals import NotFound, Refused
from services.settings import Policy
from services.tickets import dispatch, followups, news
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
    """Whoever leads calls an owner who is not happy."""
    leads = await dispatch.leads_of(session, ticket, now=now)
    score = T(f"score.{survey.score}")
    about = lines(
        T("staff.follow_up", number=ticket.number, place=ticket.place, matter=ticket.matter, score=score),
        T("staff.follow_up.words", words=survey.words) if survey.words else None,
    )
    lead = leads[0].staff_id if leads else None
    return await followups.plan(
        session, ticket, staff_id=lead, about=about, now=now, policy=policy, survey_id=survey.id
    )


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
