"""See what is due and why."""

from __future__ import annotations

from datetime import UTC, datetime, time

from handlers.places import unit_label
from handlers.turn import Turn
from services.messages import Cents, Choice, Reply, Style, T, When, lines, reply
from services.money import standing


async def show(turn: Turn) -> Reply:
    """List the unpaid bills by unit, how each was reckoned, and the sum."""
    bills = await standing.due(turn.session, turn.actor)
    if not bills:
        return reply(T("fees.none"))
    units = {unit.id: unit for unit in await standing.units_of(turn.session, turn.actor)}
    parts: list[T] = []
    for unit_id in dict.fromkeys(bill.unit_id for bill in bills):
        parts.append(T("fees.unit", unit=unit_label(units[unit_id])))
        parts.extend(
            T(
                "fees.line",
                item=bill.item,
                period=bill.period,
                cents=Cents(standing.open_cents(bill)),
                reckoned=bill.reckoned,
            )
            for bill in bills
            if bill.unit_id == unit_id
        )
    last = min(bill.due_on for bill in bills)
    due = When(datetime.combine(last, time(12), tzinfo=UTC), Style.DAY)
    total = Cents(sum(standing.open_cents(bill) for bill in bills))
    as_of = When(max(bill.as_of for bill in bills), Style.DAY)
    return reply(
        lines(*parts, T("fees.total", total=total, due=due), T("fees.as_of", day=as_of)),
        [Choice(T("fees.wrong"), "go:ask:bill"), Choice(T("more.invoice"), "go:ask:invoice")],
    )
