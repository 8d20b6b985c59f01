"""What the desk and other departments settle by word: complaints, inquiries, advice; and what is the developer's."""

from __future__ import annotations

from scripts.simulate import owners
from scripts.simulate.stage import Stage
from scripts.simulate.visiting import HandOver
from services.calendars import DEVELOPER
from services.catalog import Kind
from services.db import Session
from services.models import Ticket
from services.tickets import complaints
from services.tickets.rules import Action

AT_ONCE = 0.6  # of inquiries are settled in the same talk
SAME_DAY = 0.7  # of complaints
MINUTES = {Kind.COMPLAINT: 150.0, Kind.INQUIRY: 60.0}


async def carry_on(stage: Stage, session: Session, ticket: Ticket, hand_over: HandOver) -> None:
    """Answer, then settle."""
    holder = stage.estate.staff[ticket.holder_id or 0]
    if not holder.is_on_duty(stage.now):
        await hand_over(stage, session, ticket, holder)
    elif ticket.step == "" and not (ticket.kind == Kind.INQUIRY and stage.chance(AT_ONCE)):
        await stage.act(session, holder.actor, Action.CALLED, ticket)
        if ticket.kind == Kind.COMPLAINT:
            await stage.act(session, holder.actor, Action.TELL, ticket, words=stage.words["said_answer"])
        late = ticket.kind == Kind.COMPLAINT and not stage.chance(SAME_DAY)
        settles = stage.at_hour(10, days=stage.dice.choice((1, 2, 3))) if late else stage.now
        stage.plan_work(ticket.id, settles + stage.about(MINUTES.get(Kind(ticket.kind), 60.0)))
    elif ticket.team == DEVELOPER and not ticket.absences and await _developer(stage, session, ticket):
        return
    else:
        if ticket.source == "forwarded" and not ticket.appeals:
            words = stage.words["said_settled"]
            await complaints.reply(
                session, holder.actor, ticket_id=ticket.id, words=words, now=stage.now, policy=stage.policy
            )
        await stage.act(session, holder.actor, Action.DONE, ticket, words=stage.words["said_settled"])
        owners.plan_verdict(stage, ticket)


async def _developer(stage: Stage, session: Session, ticket: Ticket) -> bool:
    """The developer's people come when they come: the desk waits with the owner, and asks again."""
    if stage.chance(1 / 3):
        return False
    holder = stage.estate.staff[ticket.holder_id or 0]
    until = stage.at_hour(10, days=stage.dice.choice((1, 2, 3, 5)))
    words = stage.words["said_wait"]
    await stage.act(session, holder.actor, Action.PAUSE, ticket, words=words, reason="department", until=until)
    return True
