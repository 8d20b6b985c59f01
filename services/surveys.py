"""The survey after a ticket: once per cycle, only after the owner's acceptance; who is unhappy is called."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import Select, bindparam, func, or_, select

from services import conversations, direct, inlined, timers
from services.actors import Actor
from services.catalog import FollowUp as Rule
from services.db import Session
from services.messages import T
from services.models import FollowUp, Person, Survey, Ticket, table_of
from services.outbox import Priority
from services.refusals import NotFound, Refused
from services.settings import Policy
from services.tickets import followups, news, surveying
from services.tickets.followups import Why
from services.tickets.rules import State
from services.tickets.surveying import Unasked

FORM = "survey"


class SurveyOver(Refused):
    """It was answered before, or its time is over."""

    key = "refused.survey_over"


async def ask_now(session: Session, *, survey_id: int, now: datetime, policy: Policy) -> bool:
    """Ask, unless the ticket was opened again, he was asked lately or can't be reached; False: nothing was asked."""
    await _one_at_a_time(session, survey_id)
    survey, ticket = await _with_ticket(session, survey_id)
    if survey.state != "waiting" or ticket.state != State.CLOSED or ticket.closed_how != "accepted":
        return False
    if await _asked_lately(session, survey, now, policy):
        survey.state, survey.why = "cancelled", Unasked.RECENT
        await surveying.not_sent(session, ticket, Unasked.RECENT, now=now)
        return False
    to = await news.owner_address(session, ticket)
    if to is None:
        survey.state, survey.why = "expired", Unasked.UNREACHABLE
        await surveying.not_sent(session, ticket, Unasked.UNREACHABLE, now=now)
        await followups.plan(session, ticket, why=Why.UNSENT, now=now, policy=policy)
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


async def _one_at_a_time(session: Session, survey_id: int) -> None:
    """Lock the person before anything of his, as his own messages do: two surveys of his are decided in turn."""
    his = select(Survey.person_id).where(Survey.id == survey_id).scalar_subquery()
    await session.execute(select(Person.id).where(Person.id == his).with_for_update())


async def _asked_lately(session: Session, survey: Survey, now: datetime, policy: Policy) -> bool:
    """Whether the person was asked about other work a few days ago; about work done again he is asked all the same."""
    if survey.person_id is None or survey.cycle > 1 or not policy.surveys.quiet_days:
        return False
    since = now - timedelta(days=policy.surveys.quiet_days)
    lately = or_(Survey.asked_at > since, Survey.answered_at > since)
    others = Survey.person_id == survey.person_id, Survey.id != survey.id
    return await session.scalar(select(Survey.id).where(*others, lately).limit(1)) is not None


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


async def expire(session: Session, *, survey_id: int, now: datetime, policy: Policy) -> None:
    """Close a survey that nobody answered, and let somebody call; what comes later is an ordinary message."""
    survey, ticket = await _with_ticket(session, survey_id)
    if survey.state not in {"waiting", "asked"}:
        return
    survey.state, survey.why = "expired", Why.UNANSWERED
    await conversations.end_where(session, key_prefix=f"survey:{survey.id}:", state="expired")
    if ticket.state == State.CLOSED and ticket.follow_up == Rule.UNLESS_RATED:
        await followups.plan(session, ticket, why=Why.UNANSWERED, now=now, policy=policy)


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
    await session.flush()  # the call names the score
    return await followups.plan(session, ticket, why=Why.LOW_SCORE, survey_id=survey.id, now=now, policy=policy)


async def score_of(session: Session, ticket: Ticket) -> int | None:
    """Return the owner's latest score of a ticket: for those who lead and the desk, never for who did the work."""
    given = Survey.ticket_id == ticket.id, Survey.score.is_not(None)
    return await session.scalar(select(Survey.score).where(*given).order_by(Survey.cycle.desc()).limit(1))


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
