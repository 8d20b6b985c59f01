"""The pages of the desk: the queue, one ticket, one person, a caller; every text comes from the catalogues."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from typing import Any

from bot.web import deskaccount, deskticket
from bot.web.desk import HOME, Answer, Sent, Shown, Visit
from bot.web.words import Words
from handlers import deskpage
from services import conversations, deskpass, phones, places, residents, wire
from services.catalog import said
from services.groups import TEAMS
from services.messages import Choice, Style, T, When
from services.models import DeskAct, Person, Ticket
from services.refusals import Refused
from services.tickets import dossier, faces, searching
from services.tickets.rules import State
from services.tickets.searching import Order, Wanted
from services.tickets.searching import View as QueueView

KEY_BYTES = 12
CONFIRM, WORDING = "confirm", "wording"  # questions whose first answer is the usual one


async def common(visit: Visit, **more: Any) -> dict[str, Any]:  # noqa: ANN401 - a template's
    """Return what every page is given."""
    turn = visit.turn
    return {
        "t": Words(visit.site.texts, turn.actor.locale),
        "me": visit.say(turn.actor.called),
        "leads": turn.actor.is_lead,
        "estate": turn.house.name,
        "now": visit.say(T("desk.page.now", at=When(turn.now, Style.FULL))),
        "new_key": lambda: secrets.token_urlsafe(KEY_BYTES),
        "settings": None,
        "here": "",
        **more,
    }


async def queue(visit: Visit) -> Answer:
    """Show the queue as it was asked for."""
    turn, wanted = visit.turn, _wanted(visit)
    found = await searching.find(turn.session, turn.actor, wanted=wanted, now=turn.now, region=turn.world.region)
    colleagues = await searching.colleagues(turn.session, turn.actor)
    names = {one.staff_id: one.name for one in colleagues}
    counts = await searching.counts(turn.session, turn.actor, now=turn.now)
    return Shown(
        "desk_queue.html",
        await common(
            visit,
            here="queue",
            wanted=wanted,
            rows=[line(visit, ticket, names) for ticket in found.tickets],
            after=found.after,
            views=[(view.value, visit.say(T(f"desk.view.{view}")), counts.get(view)) for view in QueueView],
            kept=_kept(wanted),
            narrowed=any([wanted.team, wanted.holder, wanted.building, wanted.category, wanted.state]),
            choices=await _choices(visit, colleagues),
        ),
    )


def _wanted(visit: Visit) -> Wanted:
    """Read the filters; what is none of ours does not narrow anything."""
    asked = {**visit.query, **visit.form}
    view, order = asked.get("view", ""), asked.get("order", "")
    state, team = asked.get("state", ""), asked.get("team", "")
    return Wanted(
        view=QueueView(view) if view in set(QueueView) else QueueView.OPEN,
        order=Order(order) if order in set(Order) else Order.URGENT,
        team=team if team in TEAMS else "",
        holder=visit.number("holder"),
        building=asked.get("building", "")[:20],
        category=asked.get("category", "")[:40],
        state=state if state in set(State) else "",
        words=asked.get("words", "").strip() if visit.form else "",
        after=visit.number("after"),
    )


def _kept(wanted: Wanted) -> Mapping[str, str]:
    """Return the filters as a form or an address carries them on."""
    pairs = {
        "view": wanted.view.value,
        "order": wanted.order.value,
        "team": wanted.team,
        "holder": str(wanted.holder or ""),
        "building": wanted.building,
        "category": wanted.category,
        "state": wanted.state,
    }
    return {name: value for name, value in pairs.items() if value}


async def _choices(visit: Visit, colleagues: Sequence[searching.Colleague]) -> Mapping[str, Any]:
    turn = visit.turn
    categories = turn.world.catalog.categories.values()
    return {
        "team": [(team, visit.say(T(f"team.{team}"))) for team in TEAMS],
        "holder": [(str(one.staff_id), f"{one.name} {one.badge}") for one in colleagues],
        "building": [(name, name) for name in await searching.buildings(turn.session, turn.actor)],
        "category": [(one.key, said(one.labels, turn.actor.locale)) for one in categories],
        "state": [(state.value, visit.say(T(f"state.{state}"))) for state in State],
    }


def line(visit: Visit, ticket: Ticket, names: Mapping[int, str]) -> Mapping[str, Any]:
    """Return a ticket as a line of a list."""
    due = ticket.due_at if ticket.state in searching.RUNNING else None
    return {
        "id": ticket.id,
        "number": ticket.number,
        "kind": visit.say(T(f"kind.{ticket.kind}")),
        "priority": ticket.priority,
        "urgency": visit.say(T(f"priority.{ticket.priority}")),
        "state": ticket.state,
        "stands": visit.say(faces.resting(ticket) or faces.state_of(ticket)),
        "place": ticket.place,
        "matter": ticket.matter,
        "holder": names.get(ticket.holder_id or 0, ""),
        "due": visit.say(T("desk.page.due", at=When(due))) if due else "",
        "late": due is not None and due < visit.turn.now,
        "confidential": ticket.confidential,
        "filed": visit.say(T("desk.page.filed_at", at=When(ticket.created_at))),
    }


async def ticket(visit: Visit) -> Answer:
    """Show a ticket with all that the actor may see and do."""
    turn = visit.turn
    found = await dossier.find(turn.session, turn.actor, ticket_id=visit.number("ticket"))
    row = await deskpass.act_of(turn.session, session_id=visit.session_id, act_id=visit.number("act"))
    shown = await panel(visit, row) if row is not None else None
    given = await deskticket.given(visit, found)
    return Shown("desk_ticket.html", await common(visit, here="ticket", said=shown, **given))


async def panel(visit: Visit, row: DeskAct) -> Mapping[str, Any]:
    """Return an answer: its words, and while its question waits, what can be answered."""
    say = wire.read_say(row.says)
    prompt = None
    if row.prompt_id:
        prompt = await conversations.by_id(
            visit.session, prompt_id=row.prompt_id, address_id=visit.turn.actor.to.address_id
        )
    waits = prompt is not None and prompt.state == "open"
    choices = [choice for line in say.choices for choice in line] if waits or row.prompt_id is None else []
    return {
        "text": visit.say(say.text),
        "refused": row.refused,
        "waits": waits,
        "urges": waits and prompt is not None and (prompt.asked == CONFIRM or prompt.form == WORDING),
        "prompt": row.prompt_id or 0,
        "ticket": row.ticket_id or 0,
        "choices": [_choice(visit, one) for one in choices if one.url or deskpage.wanted(one.tap)],
        "over": bool(row.prompt_id) and not waits,
    }


def _choice(visit: Visit, one: Choice) -> Mapping[str, str]:
    """A button that opens a ticket is a link; any other is pressed."""
    verb, _, number = one.tap.removeprefix("t:").partition(":")
    href = f"{HOME}/t/{number}" if one.tap.startswith("t:") and verb == "view" else one.url
    return {"label": visit.say(one.label), "tap": one.tap, "href": href}


async def file(visit: Visit) -> Answer:
    """Show a file of a ticket."""
    turn = visit.turn
    found = await dossier.file(
        turn.session, turn.actor, ticket_id=visit.number("ticket"), media_id=visit.number("media")
    )
    return Sent(found.sha256, found.mime)


async def person(visit: Visit, *, numbers: Sequence[str] = (), why: str = "") -> Answer:
    """Show one person's file; his numbers are masked unless they were just asked for."""
    turn = visit.turn
    found = await residents.looked_at(turn.session, turn.actor, person_id=visit.number("person"), now=turn.now)
    names = {one.staff_id: one.name for one in await searching.colleagues(turn.session, turn.actor)}
    homes = [(visit.say(places.unit_label(h.unit)), h.role) for h in found.homes]
    return Shown(
        "desk_person.html",
        await common(
            visit,
            here="person",
            who=found.person,
            homes=[(place, visit.say(T(f"desk.tie.{role}"))) for place, role in homes],
            numbers=numbers or [phones.masked(one.e164) for one in found.numbers],
            shown=bool(numbers),
            may_reveal=found.may_reveal and bool(found.numbers) and not numbers,
            ways=[_way(visit, way) for way in found.ways],
            rows=[line(visit, one, names) for one in found.tickets],
            owed=[_owed(visit, one) for one in found.owed],
            scores=found.scores,
            accounts=await deskaccount.accounts(visit, found.homes),
            why=why,
        ),
    )


def _way(visit: Visit, way: residents.Way) -> Mapping[str, Any]:
    last = visit.say(T("desk.page.last", at=When(way.last_in_at))) if way.last_in_at else ""
    return {"channel": visit.say(T(f"desk.channel.{way.channel}")), "last": last, "gone": way.gone}


def _owed(visit: Visit, owed: residents.Owed) -> Mapping[str, Any]:
    at, key = (owed.done_at, "done") if owed.done_at else (owed.due_at, "due")
    words = visit.say(T(f"desk.owed.{key}", at=When(at)))
    return {"id": owed.ticket.id, "number": owed.ticket.number, "when": words, "outcome": owed.outcome}


async def callers(visit: Visit, *, typed: str, found: Sequence[Person], why: Refused | None) -> Answer:
    """Show who may be on the phone: several with one number, nobody, or a number that is none."""
    given = {"typed": typed, "found": found, "why": visit.say(why.text) if why else ""}
    return Shown("desk_caller.html", await common(visit, here="caller", **given))


async def new(visit: Visit) -> Answer:
    """Show the form for a caller, for a person of the register or for anybody."""
    turn, person_id = visit.turn, visit.number("person")
    found = await residents.known(turn.session, turn.actor, person_id=person_id) if person_id else None
    doors = [(door, visit.say(T(f"source.{door}"))) for door in ("phone", "visit")]
    return Shown("desk_new.html", await common(visit, here="new", who=found, doors=doors))


async def caller(visit: Visit) -> Answer:
    """Show the field for a caller's number."""
    return await callers(visit, typed="", found=(), why=None)
