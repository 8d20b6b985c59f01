"""What owners do of themselves: urge, add, pick another time, call off; say whether it is fixed; answer the survey."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from functools import partial

from scripts.simulate.stage import Act, Stage
from services import conversations, surveys
from services.actors import LEADS, Actor, Role
from services.catalog import Kind
from services.db import Session
from services.messages import Channel
from services.models import Survey, Ticket
from services.tickets import complaints
from services.tickets.history import Said
from services.tickets.rules import IN_HAND, Action, State

URGES, ADDS, MOVES, CALLS_OFF, COMPLAINS = 0.1, 0.06, 0.04, 0.025, 0.2
ACCEPTS, RETURNS, BY_DESK = 0.5, 0.055, 0.1  # the rest is silent
SCORES_AT_ONCE, ANSWERS, COMES_BACK = 0.6, 0.45, 0.01
SCORES, HOW_OFTEN = (5, 4, 3, 2, 1), (50, 28, 12, 6, 4)
PATIENCE = timedelta(minutes=20)


def plan_side(stage: Stage, ticket: Ticket, owner: Actor) -> None:
    """Plan what the owner does while he waits; it comes to nothing when the ticket is over by then."""
    if owner.address_id is None:
        return
    acts: Sequence[tuple[float, float, Act]] = (
        (URGES, 240, partial(_urge, stage, ticket_id=ticket.id, owner=owner)),
        (ADDS, 20, partial(_add, stage, ticket_id=ticket.id, owner=owner)),
        (MOVES if ticket.kind == Kind.REPAIR else 0.0, 40, partial(_move, stage, ticket_id=ticket.id, owner=owner)),
        (CALLS_OFF, 90, partial(_call_off, stage, ticket_id=ticket.id, owner=owner)),
    )
    for share, minutes, act in acts:
        if stage.chance(share):
            stage.later(stage.about(minutes), act)
    if ticket.promised_at is not None and stage.chance(COMPLAINS):
        stage.plan(ticket.promised_at + PATIENCE, partial(_nobody_came, stage, ticket_id=ticket.id, owner=owner))


async def _urge(stage: Stage, session: Session, *, ticket_id: int, owner: Actor) -> None:
    ticket = await stage.ticket(session, ticket_id)
    if State(ticket.state) in IN_HAND:
        await stage.act(session, owner, Action.URGE, ticket)
        if stage.chance(URGES * 3):
            stage.later(stage.about(200), partial(_urge, stage, ticket_id=ticket_id, owner=owner))


async def _add(stage: Stage, session: Session, *, ticket_id: int, owner: Actor) -> None:
    ticket = await stage.ticket(session, ticket_id)
    if State(ticket.state) in IN_HAND:
        await stage.act(session, owner, Action.NOTE, ticket, words=stage.words["said_note"])


async def _move(stage: Stage, session: Session, *, ticket_id: int, owner: Actor) -> None:
    """Another time suits better."""
    ticket = await stage.ticket(session, ticket_id)
    if State(ticket.state) not in IN_HAND or ticket.step in {"on_the_way", "arrived"}:
        return
    was_paused = ticket.state == State.PAUSED
    start = stage.at_hour(stage.dice.choice((9, 10, 14, 15, 17)), days=stage.dice.choice((1, 1, 2)))
    await stage.act(session, owner, Action.RESCHEDULE, ticket, start=start, end=start + timedelta(hours=2))
    if was_paused and ticket.state == State.WORKING:
        stage.plan_work(ticket_id, start - PATIENCE)


async def _call_off(stage: Stage, session: Session, *, ticket_id: int, owner: Actor) -> None:
    ticket = await stage.ticket(session, ticket_id)
    if State(ticket.state) in IN_HAND and ticket.step != "arrived":
        await stage.act(session, owner, Action.CANCEL, ticket)
        stage.open.pop(ticket_id, None)


async def _nobody_came(stage: Stage, session: Session, *, ticket_id: int, owner: Actor) -> None:
    ticket = await stage.ticket(session, ticket_id)
    late = ticket.promised_at is not None and ticket.promised_at <= stage.now and ticket.arrived_at is None
    if late and ticket.state in {State.ASSIGNED, State.WORKING}:
        await stage.act(session, owner, Action.NO_SHOW, ticket)


def plan_reschedule(stage: Stage, ticket: Ticket) -> None:
    """Nobody was at home: most owners pick another time; for the others the rest ends by itself."""
    owner = stage.owner_of(ticket)
    if owner is not None and owner.address_id is not None and stage.chance(1 - RETURNS * 5):
        stage.later(stage.about(120), partial(_move, stage, ticket_id=ticket.id, owner=owner))


def plan_verdict(stage: Stage, ticket: Ticket) -> None:
    """Work is reported as done: the owner says yes, sends it back, or says nothing."""
    owner, thrown = stage.owner_of(ticket), stage.dice.random()
    said = partial(_say, stage, ticket_id=ticket.id, cycle=ticket.seq)
    if owner is None or owner.address_id is None:
        if thrown < BY_DESK:
            stage.later(stage.about(600), partial(_close, stage, ticket_id=ticket.id))
    elif thrown < ACCEPTS:
        stage.later(stage.about(150, 1.0), partial(said, owner=owner, action=Action.OWNER_ACCEPTS))
    elif thrown < ACCEPTS + RETURNS:
        stage.later(stage.about(150, 1.0), partial(said, owner=owner, action=Action.OWNER_RETURNS))
    elif thrown < ACCEPTS + RETURNS + COMES_BACK:  # after closing by silence
        stage.later(timedelta(days=5), partial(said, owner=owner, action=Action.OWNER_RETURNS))


async def _say(stage: Stage, session: Session, *, ticket_id: int, cycle: int, owner: Actor, action: Action) -> None:
    ticket = await stage.ticket(session, ticket_id)
    if ticket.state not in {State.DONE, State.CLOSED} or (action is Action.OWNER_ACCEPTS and ticket.seq < cycle):
        return
    if action is Action.OWNER_RETURNS and ticket.kind == Kind.COMPLAINT:
        await _appeal(stage, session, ticket, owner)
        return
    if action is Action.OWNER_RETURNS:
        await stage.act(session, owner, action, ticket, words=stage.words["said_return"])
        stage.plan_work(ticket_id, stage.now + stage.about(20))
        return
    repaired = ticket.kind == Kind.REPAIR and ticket.state == State.DONE
    at_once = repaired and owner.channel is Channel.SMS and stage.chance(SCORES_AT_ONCE)
    score = _score(stage) if at_once else 0
    await stage.act(session, owner, action, ticket, codes={"score": score} if score else {})
    stage.open.pop(ticket_id, None)
    if ticket.kind == Kind.COMPLAINT:
        stage.later(stage.about(300), partial(_sign, stage, ticket_id=ticket_id))
    if score:
        await session.flush()
        await surveys.answer_at_once(session, ticket=ticket, score=score, now=stage.now, policy=stage.policy)


async def _appeal(stage: Stage, session: Session, ticket: Ticket, owner: Actor) -> None:
    """The answer does not content: once it goes to the next tier."""
    if ticket.appeals:
        return
    said = Said(stage.words["said_return"])
    await complaints.appeal(session, owner, ticket_id=ticket.id, said=said, now=stage.now, policy=stage.policy)
    stage.counts[Action.APPEAL] += 1
    stage.plan_work(ticket.id, stage.now + stage.about(20))


async def _sign(stage: Stage, session: Session, *, ticket_id: int) -> None:
    """Somebody who leads and did not answer it signs a complaint that came to its end."""
    ticket = await stage.ticket(session, ticket_id)
    leads = [one for one in stage.estate.on_duty(stage.now) if one.post.role in LEADS]
    others = [one for one in leads if one.staff_id != ticket.answered_by]
    if ticket.state != State.CLOSED or ticket.signed_by is not None or not others:
        return
    await complaints.sign_off(
        session,
        others[0].actor,
        ticket_id=ticket_id,
        outcome="content",
        said=Said(),
        now=stage.now,
        policy=stage.policy,
    )
    stage.counts[Action.SIGN_OFF] += 1


def _score(stage: Stage) -> int:
    (score,) = stage.dice.choices(SCORES, HOW_OFTEN)
    return score


async def _close(stage: Stage, session: Session, *, ticket_id: int) -> None:
    """Who has but a phone is called by whoever leads, and the ticket closed."""
    ticket = await stage.ticket(session, ticket_id)
    leads = stage.estate.on_duty(stage.now, role=Role.SUPERVISOR)
    others = [one for one in leads if one.staff_id != ticket.answered_by]
    if ticket.state == State.DONE and others:
        await stage.act(session, others[0].actor, Action.CLOSE, ticket)
        stage.open.pop(ticket_id, None)


def plan_answer(stage: Stage, survey: Survey) -> None:
    """A survey was asked: less than half answer it."""
    owner = stage.owners.get(survey.person_id or 0)
    if owner is not None and stage.chance(ANSWERS):
        stage.later(stage.about(300, 1.2), partial(_answer, stage, survey_id=survey.id, owner=owner))


async def _answer(stage: Stage, session: Session, *, survey_id: int, owner: Actor) -> None:
    score = _score(stage)
    words = stage.words["said_unhappy"] if score < SCORES[2] else ""
    await surveys.answer(
        session, owner, survey_id=survey_id, score=score, words=words, now=stage.now, policy=stage.policy
    )
    await conversations.end_where(session, key_prefix=f"survey:{survey_id}:", state="done")
    stage.counts["survey answered"] += 1
