"""What is due and why, how it is paid, and what was paid before."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta

from handlers import feecode
from handlers.places import unit_label
from handlers.sums import today
from handlers.turn import Turn
from services.actors import Proof
from services.digests import jobs
from services.messages import (
    Cents,
    Channel,
    Choice,
    Reply,
    Say,
    Style,
    T,
    Text,
    Toast,
    When,
    lines,
    pairs,
    plain,
    reply,
)
from services.models import Bill, Unit
from services.money import account, matters, paylink, proving, standing
from services.money.account import Entry
from services.money.standing import open_cents
from services.stretches import Stretch

YEAR_DIGITS = 4
MOST_LINKS = 3


def day(found: date) -> When:
    """Return a date as texts take it."""
    return When(datetime.combine(found, time(12), tzinfo=UTC), Style.DAY)


def item(bill: Bill) -> T:
    """Name a charge and its period."""
    return T("fees.item", item=bill.item, period=bill.period)


async def show(turn: Turn, rest: str = "") -> Reply:
    """Say what is due by unit, how each line was worked out, and the sum; with a year, what was paid in it."""
    coded = await feecode.needed(turn)
    if coded is not None:
        return coded
    if rest.isdecimal() and len(rest) == YEAR_DIGITS:
        return await past(turn, rest)
    bills = await standing.due(turn.session, turn.actor)
    units = {unit.id: unit for unit in await standing.units_of(turn.session, turn.actor)}
    credit = await standing.credit(turn.session, unit_ids=list(units)) if units else 0
    ahead = T("fees.credit", cents=Cents(credit)) if credit else None
    if not bills:
        return reply(lines(T("fees.none"), ahead), [Choice(T("fees.past"), "go:feepast")] if units else [])
    paused = await matters.paused_bills(turn.session, unit_ids=list(units), now=turn.now)
    parts: list[Text | None] = []
    for unit_id in dict.fromkeys(bill.unit_id for bill in bills):
        its = [bill for bill in bills if bill.unit_id == unit_id]
        parts += [_unit(units[unit_id]), *(_line(bill, bill.id in paused) for bill in its)]
    as_of = When(max(bill.as_of for bill in bills), Style.DAY)
    return reply(lines(*parts, _total(turn, bills), ahead, T("fees.as_of", day=as_of)), *_choices(turn))


def _unit(unit: Unit) -> T:
    if not unit.area_cm2:
        return T("fees.unit_plain", unit=unit_label(unit))
    return T("fees.unit", unit=unit_label(unit), area=f"{unit.area_cm2 / 10_000:.2f}")


def _line(bill: Bill, paused: bool) -> Text:  # noqa: FBT001
    return lines(
        T("fees.line", item=bill.item, period=bill.period, cents=Cents(open_cents(bill))),
        T("fees.reckoned", reckoned=bill.reckoned) if bill.reckoned else None,
        T("fees.adjusted", cents=Cents(bill.adjusted_cents)) if bill.adjusted_cents else None,
        T("fees.part_paid", cents=Cents(bill.paid_cents)) if bill.paid_cents > 0 else None,
        T("fees.paused") if paused else None,
    )


def _total(turn: Turn, bills: Sequence[Bill]) -> T:
    total = Cents(sum(map(open_cents, bills)))
    late = [bill for bill in bills if bill.due_on < today(turn)]
    if late:
        since = day(min(bill.due_on for bill in late))
        return T("fees.total_late", total=total, late=Cents(sum(map(open_cents, late))), due=since)
    return T("fees.total", total=total, due=day(min(bill.due_on for bill in bills)))


def _choices(turn: Turn) -> Sequence[Sequence[Choice]]:
    first = [Choice(T("fees.pay"), "go:pay"), Choice(T("fees.paid"), "go:paidbefore")]
    wrong = Choice(T("fees.wrong"), "go:wrongline")
    if turn.inbound.channel is Channel.SMS:
        return [[*first, wrong]]
    more = [Choice(T("more.invoice"), "go:ask:invoice"), wrong, Choice(T("fees.shared"), "go:feeq:shared")]
    return pairs(
        [*first, *more, Choice(T("fees.picture"), "go:statement"), Choice(T("fees.past"), "go:feepast")], across=3
    )


async def coded(turn: Turn) -> Reply | None:
    """Take six digits by text message as the code that was sent: right, and what is due is shown at once."""
    actor = turn.actor
    if actor.channel is not Channel.SMS or actor.person_id is None or not proving.looks_like_code(turn.text):
        return None
    if not await proving.waits(turn.session, actor):
        return None
    if await proving.prove(turn.session, actor, code=turn.text, now=turn.now, policy=turn.policy):
        proven = dataclasses.replace(actor, proof=Proof.CODE, proven_at=turn.now, proof_is_recent=True)
        return await show(dataclasses.replace(turn, actor=proven))
    if await proving.rests(turn.session, actor, now=turn.now):
        return reply(T("refused.proof_rests", phone=turn.house.phone))
    return reply(T("proof.wrong", phone=turn.house.phone))


async def pay(turn: Turn, rest: str) -> Reply:  # noqa: ARG001
    """Say how one pays: the operator's words, a link and its picture per household where there is a page for it."""
    owing = await _owing(turn)
    total = sum(owing.values())
    due = T("fees.pay.due", total=Cents(total)) if total else None
    found = [
        (unit, await paylink.of(turn.session, turn.actor, unit=unit, cents=cents, now=turn.now, policy=turn.policy))
        for unit, cents in list(owing.items())[:MOST_LINKS]
    ]
    said = turn.policy.payments.said(turn.actor.locale)
    linked = [(unit, way) for unit, way in found if way.link]
    if not said and not linked:
        none = T("fees.pay.none", phone=turn.house.phone)
        return reply(lines(due, none), [Choice(T("fees.paid"), "go:paidbefore")])
    rows = [(Choice(T("fees.pay.open", unit=unit_label(unit)), url=way.link),) for unit, way in linked]
    text = lines(due, plain(said) if said else None, T("fees.pay.scan") if linked else None, T("fees.pay.after"))
    pictures = tuple(way.media_id for _, way in linked if way.media_id is not None)
    return Reply(Say(text, (*rows, (Choice(T("fees.paid"), "go:paidbefore"),)), media=pictures))


async def _owing(turn: Turn) -> Mapping[Unit, int]:
    """Return what each household owes, by its home; nothing to somebody not proven."""
    if not turn.actor.sees_amounts:
        return {}
    units = {unit.id: unit for unit in await standing.units_of(turn.session, turn.actor)}
    owing: dict[int, int] = {}
    for bill in await standing.due(turn.session, turn.actor):
        home = units[bill.unit_id].attached_to
        root = home if home in units else bill.unit_id
        owing[root] = owing.get(root, 0) + open_cents(bill)
    return {units[unit_id]: cents for unit_id, cents in owing.items()}


async def past(turn: Turn, rest: str) -> Reply:
    """List what was paid in a year, each with its receipt; without one, in the newest."""
    coded = await feecode.needed(turn)
    if coded is not None:
        return coded
    years = await account.years(turn.session, turn.actor)
    year = int(rest) if rest.isdecimal() else next(iter(years), today(turn).year)
    entries = await account.past(turn.session, turn.actor, year=year)
    others = [Choice(T("fees.year", year=other), f"go:feepast:{other}") for other in years if other != year][:3]
    if not entries:
        return reply(T("fees.past.none", year=year), others)
    total = sum(entry.payment.cents for entry in entries)
    head = T("fees.past.head", year=year, total=Cents(total))
    return reply(lines(head, *map(_paid, entries), T("fees.past.receipt")), others)


def _paid(entry: Entry) -> Text:
    payment = entry.payment
    head = T(
        "fees.past.line",
        day=day(payment.paid_on),
        cents=Cents(payment.cents),
        way=T(f"way.{payment.way}"),
        number=payment.number,
    )
    return lines(head, *(T("fees.past.for", item=item(bill)) for bill, _ in entry.bills))


async def statement(turn: Turn, rest: str) -> Reply:  # noqa: ARG001
    """Make a picture of what is due; it follows in a moment."""
    await standing.due(turn.session, turn.actor)  # a refusal comes at once
    return await picture(turn, "statement")


async def picture(turn: Turn, kind: str) -> Reply:
    """Ask for a picture of the kind; one event asks once."""
    actor = turn.actor
    await jobs.ask(
        turn.session,
        key=f"{kind}:{actor.channel}:{actor.account}:{actor.event_id}",
        kind=kind,
        community_id=turn.house.id,
        address_id=actor.to.address_id,
        at=turn.now,
        span=Stretch(turn.now, turn.now + timedelta(seconds=1)),
    )
    return Reply(toast=Toast(T("digest.follows")))
