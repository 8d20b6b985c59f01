"""One ticket on the desk's page: what it says, what happened, what can be done now."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from bot.web.desk import Visit
from handlers import buttons, deskpage
from services import deskpass, people, phones
from services.catalog import said
from services.messages import Choice, Style, T, When, money
from services.models import Quote, Ticket
from services.tickets import dossier, faces, quotes
from services.tickets.dossier import Step
from services.tickets.rules import TABLE, Action, Standing, State, standings
from services.tickets.searching import at_work

WORDED = ("note", "tell", "ask", "done", "settle")  # what the field for words is sent with
ANSWERING = frozenset({Standing.FRONT, Standing.LEAD})
NAMED = ANSWERING | {Standing.HOLDER}


async def given(visit: Visit, ticket: Ticket) -> dict[str, Any]:
    """Return all that the page shows of a ticket."""
    turn = visit.turn
    steps = await dossier.steps(turn.session, ticket)
    offered = await dossier.prices(turn.session, ticket)
    worded, others = _actions(visit, ticket, offered)
    category = turn.world.catalog.categories.get(ticket.category)
    holder = await people.staff_name(turn.session, ticket.holder_id)
    taker = await people.staff_name(turn.session, ticket.first_taker_id)
    return {
        "ticket": ticket,
        "kind": visit.say(T(f"kind.{ticket.kind}")),
        "urgency": visit.say(T(f"priority.{ticket.priority}")),
        "stands": visit.say(faces.resting(ticket) or faces.state_of(ticket)),
        "category": said(category.labels, turn.actor.locale) if category else "",
        "holder": visit.say(holder),
        "taker": visit.say(taker),
        "team": visit.code(T(f"team.{ticket.team}")) if ticket.team else "",
        "source": visit.code(T(f"source.{ticket.source}")),
        "price": visit.say(quotes.line(ticket, offered[0] if offered else None)),
        "promise": _agreed(visit, ticket),
        "requester": _requester(visit, ticket),
        "clocks": [_clock(visit, one.clock, one.due_at) for one in await dossier.clocks(turn.session, ticket)],
        "quotes": [_quote(visit, one) for one in offered],
        "related": await dossier.related(turn.session, turn.actor, ticket),
        "files": await dossier.files(turn.session, ticket),
        "steps": [_step(visit, ticket, one) for one in steps],
        "worded": worded,
        "others": others,
    }


def _actions(
    visit: Visit, ticket: Ticket, offered: Sequence[Quote]
) -> tuple[Sequence[Mapping[str, str]], Sequence[Mapping[str, str]]]:
    """Return the buttons beside the field for words, and the others, most needed first."""
    actor, now = visit.turn.actor, visit.turn.now
    found = [*buttons.shown(actor, ticket, now=now), *buttons.others(actor, ticket, now=now)]
    waiting = offered and ticket.state in {State.WORKING, State.PAUSED} and offered[0].state == quotes.ASKED
    if waiting and standings(at_work(actor), ticket) & TABLE[Action.AGREE].who:
        found = [buttons.button("agree", ticket), buttons.button("decline", ticket), *found]
    taps = {choice.tap: choice for choice in found if deskpage.wanted(choice.tap) and _verb(choice) != "more"}
    worded = [one for one in taps.values() if _verb(one) in WORDED]
    others = [one for one in taps.values() if _verb(one) not in WORDED]
    return [_button(visit, one) for one in worded], [_button(visit, one) for one in others]


def _verb(choice: Choice) -> str:
    return choice.tap.split(":")[1]


def _button(visit: Visit, choice: Choice) -> Mapping[str, str]:
    return {"label": visit.say(choice.label), "tap": choice.tap, "verb": _verb(choice)}


def _requester(visit: Visit, ticket: Ticket) -> Mapping[str, Any]:
    """Name who asked, to those who answer him; his number is masked, a stranger's contact is all there is of him."""
    if _hidden(visit, ticket):
        return {"name": visit.say(T("desk.page.anonymous")), "phone": "", "id": 0}
    if not standings(at_work(visit.turn.actor), ticket) & NAMED:
        return {"name": "", "phone": "", "id": 0}
    known = ticket.requester_id is not None
    phone = phones.masked(ticket.requester_phone) if known else phones.readable(ticket.requester_phone)
    may_open = known and deskpass.may_enter(visit.turn.actor)
    return {
        "name": ticket.requester_name,
        "phone": phone if ticket.requester_phone else "",
        "id": ticket.requester_id if may_open else 0,
    }


def _hidden(visit: Visit, ticket: Ticket) -> bool:
    """Whether "a resident says" is all that the actor learns of who asked."""
    return ticket.anonymous and not standings(at_work(visit.turn.actor), ticket) & ANSWERING


def _agreed(visit: Visit, ticket: Ticket) -> str:
    if ticket.promised_at is None or ticket.state in {State.CLOSED, State.CANCELLED, State.MERGED}:
        return ""
    return visit.say(T("desk.page.promised", at=When(ticket.promised_at)))


def _clock(visit: Visit, name: str, due_at: datetime) -> Mapping[str, Any]:
    what = visit.code(T(f"desk.clock.{name}"))
    return {"what": what, "by": visit.say(T("desk.page.due", at=When(due_at))), "late": due_at < visit.turn.now}


def _quote(visit: Visit, quote: Quote) -> Mapping[str, Any]:
    lines = [f"{one.label} ×{one.count}" for one in quotes.lines_of(quote)]
    return {
        "total": visit.say(money(quote.total_cents)),
        "lines": lines,
        "stands": visit.code(T(f"desk.quote.{quote.state}")),
        "at": visit.say(T("desk.page.at", at=When(quote.asked_at))),
    }


def _step(visit: Visit, ticket: Ticket, step: Step) -> Mapping[str, Any]:
    """Say a row of the history: what, when, who, on which way; the page itself is named as one."""
    if step.system:
        who = visit.say(T("desk.page.by_system"))
    elif step.person_id == ticket.requester_id and _hidden(visit, ticket):
        who = visit.say(T("desk.page.anonymous"))
    else:
        who = visit.say(T("staff.name", name=step.name, badge=step.badge)) if step.badge else step.name
    way = "desk" if step.event_id.startswith(deskpass.EVENT) else step.channel
    return {
        "at": visit.say(T("desk.page.at", at=When(step.at, Style.FULL))),
        "what": visit.code(T(f"event.{step.action}")),
        "who": who,
        "way": visit.code(T(f"desk.channel.{way}")) if way else "",
        "words": step.words,
        "files": len(step.media),
    }
