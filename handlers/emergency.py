"""Danger leaves every dialogue at once: what to do, then a ticket with what is known, and the duty person paged."""

from __future__ import annotations

from typing import Any

from handlers import places, repair
from handlers.turn import Turn
from services import emergencies, media
from services.messages import Reply, T, lines, reply
from services.tickets import filing
from services.tickets.filing import Request
from services.understanding.danger import Danger, danger_in

CATEGORIES = {
    Danger.LIFT_TRAPPED: "lift",
    Danger.BURST_PIPE: "plumbing",
    Danger.FLOOD: "leak",
    Danger.ELECTRIC: "electrical",
    Danger.GAS: "heating_air",
}


def spotted(turn: Turn) -> Danger | None:
    """Return the danger that the words speak of."""
    return danger_in(turn.text) if turn.text and not turn.inbound.tap else None


async def answer(turn: Turn, danger: Danger) -> Reply:
    """Say what to do first; file an urgent ticket and page whoever is on duty."""
    place = await _where(turn)
    categories = turn.world.catalog.categories
    ticket = await filing.file(
        turn.session,
        turn.actor,
        house=turn.house,
        request=Request(
            category=categories[CATEGORIES.get(danger, "other")],
            matter=turn.text,
            place=str(place["label"]),
            scope="public" if place.get("public") else "unit",
            unit_id=place.get("unit"),
            building=str(place.get("building", "")),
            media=tuple(await media.keep(turn.session, turn.actor, turn.inbound, now=turn.now)),
            urgent=True,
            emergency=True,
            requester=await repair.requester(turn),
        ),
        now=turn.now,
        policy=turn.policy,
    )
    await emergencies.page(
        turn.session,
        house=turn.house,
        key=f"ticket:{ticket.id}:page",
        text=T("staff.alarm", place=ticket.place, words=turn.text, number=ticket.number, phone=ticket.requester_phone),
        ticket=ticket,
        now=turn.now,
    )
    return reply(lines(_instructions(turn, danger), T("danger.filed", number=ticket.number)))


def _instructions(turn: Turn, danger: Danger) -> T:
    numbers = turn.policy.emergency
    return T(
        f"danger.{danger}",
        phone=turn.house.phone,
        gas=numbers.gas,
        fire=numbers.fire,
        ambulance=numbers.ambulance,
        police=numbers.police,
        lift=numbers.lift_rescue,
    )


async def _where(turn: Turn) -> dict[str, Any]:
    found = await places.from_reading(turn, turn.understood())
    home = next(iter(turn.actor.here), None)
    if found is not None:
        return found
    if home is not None:
        return places.of_unit(home, home.unit_id, turn)
    return {"label": turn.actor.name or turn.world.texts.label(T("place.unknown"), turn.house.locale)}
