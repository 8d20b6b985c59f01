"""Questions about fees as owners ask them, answered from the price list; with their own figures once proven."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import date
from typing import TypeAlias

from handlers import feecode, feematters, fees, prepay, words
from handlers.fees import day
from handlers.places import unit_label
from handlers.sums import today
from handlers.turn import Turn
from services.actors import Tie, UnitKind
from services.messages import Cents, Choice, Reply, Start, T, Text, lines, plain, reply
from services.models import Deposit, Tariff
from services.money import prepaying, prices, standing
from services.money.prices import FIXED, SHARED, Household
from services.understanding.normalise import normalise

PARKING = UnitKind.PARKING.value
WHOLE = 100  # per cent

Parts: TypeAlias = "list[Text | None]"


def topic(turn: Turn) -> str | None:
    """Return what is asked about fees, by the words; None when it is none of the usual questions."""
    said = normalise(turn.text).lower()
    if not said or turn.inbound.tap:
        return None
    return next((one for one in TOPICS if any(word in said for word in words.variants(turn, f"words.fee.{one}"))), None)


async def asked(turn: Turn) -> Reply:
    """Answer a question about fees: one of the usual ones, else what is due."""
    found = topic(turn)
    return await (about(turn, found) if found is not None else fees.show(turn))


async def about(turn: Turn, rest: str) -> Reply:
    """Answer one of the usual questions."""
    return await TOPICS.get(rest, _due)(turn)


async def _due(turn: Turn) -> Reply:
    return await fees.show(turn)


async def _list(turn: Turn) -> Sequence[Tariff]:
    return await prices.valid(turn.session, community_id=turn.house.id, today=today(turn))


async def _relevant(turn: Turn, own: Sequence[Household]) -> Sequence[Tariff]:
    """Return the prices that concern somebody: of his own units, of everybody while they are not known."""
    known = await _list(turn)
    theirs = {tariff.id for household in own for tariff in prices.fitting(known, household)}
    return [tariff for tariff in known if tariff.id in theirs] if own else known


async def _own(turn: Turn) -> Sequence[Household]:
    return await prices.households(turn.session, turn.actor)


def _answer(turn: Turn, parts: Parts, own: Sequence[Household], *more: Choice) -> Reply:
    """Close an answer: to whom nothing of his own may be said, how he can have it; else on to what is due."""
    known = [part for part in parts if part is not None]
    if not known:
        return Reply(then=Start("inquiry", {"matter": "fees", "what": turn.text or turn.label(T("menu.fees"))}))
    end = None if own else T("feeq.proof")
    return reply(lines(*known, end), [*more, Choice(T("feeq.mine"), "go:fees")])


def _rate(tariff: Tariff) -> T:
    if tariff.way == SHARED:
        return T("feeq.rate.shared", name=tariff.name)
    price, months = prices.yuan(tariff.rate), tariff.months
    if tariff.way == FIXED:
        return T("feeq.rate.fixed", name=tariff.name, price=price, months=months)
    return T("feeq.rate.area", name=tariff.name, price=price, months=months)


def _scope(tariff: Tariff) -> Text:
    """Say for whom a price is, where it is not for everybody."""
    where = [
        T(f"unit.kind.{tariff.unit_kind}") if tariff.unit_kind else None,
        plain(tariff.phase) if tariff.phase else None,
        T("feeq.building", building=tariff.building) if tariff.building else None,
    ]
    said = [part for part in where if part is not None]
    return lines(_rate(tariff)) if not said else T("feeq.scope", rate=_rate(tariff), scope=lines(*said))


async def _rates(turn: Turn) -> Reply:
    """What a square metre costs."""
    own = await _own(turn)
    known = await _relevant(turn, own)
    parts: Parts = [_scope(tariff) for tariff in known if tariff.way != SHARED]
    if parts:
        parts.insert(0, T("feeq.rate"))
    for household in own:
        parts += [_costs(tariff, household) for tariff in prices.fitting(known, household) if tariff.way != SHARED]
    return _answer(turn, parts, own)


def _costs(tariff: Tariff, household: Household) -> T:
    unit = household.unit
    cents, price = Cents(prices.costs(tariff, unit)), prices.yuan(tariff.rate)
    place, months = unit_label(unit), tariff.months
    if tariff.way == FIXED:
        return T("feeq.own.fixed", unit=place, name=tariff.name, price=price, months=months, cents=cents)
    area = f"{unit.area_cm2 / 10_000:.2f}"
    return T("feeq.own.area", unit=place, name=tariff.name, area=area, price=price, months=months, cents=cents)


async def _reckoned(turn: Turn) -> Reply:
    """How one's own bills were worked out; the rule, where they may not be named."""
    own = await _own(turn)
    if not own:
        return await _rates(turn)
    bills = await standing.due(turn.session, turn.actor)
    if not bills:
        return await _rates(turn)
    parts: Parts = [T("feeq.reckoned")]
    parts += [
        T("feeq.reckoned.line", item=fees.item(bill), cents=Cents(bill.cents), reckoned=bill.reckoned) for bill in bills
    ]
    wrong = Choice(T("fees.wrong"), "go:wrongline")
    return _answer(turn, parts, own, wrong)


async def _shared(turn: Turn) -> Reply:
    """How common costs are split, and what the last ones were."""
    own = await _own(turn)
    costs = await prices.last_shared(turn.session, community_id=turn.house.id)
    names = {tariff.code: tariff.name for tariff in await _list(turn)}
    parts: Parts = [T("feeq.shared")] if costs or SHARED in {one.way for one in await _list(turn)} else []
    for cost in costs:
        head = T("feeq.shared.cost", name=names.get(cost.code, ""), period=cost.period, cents=Cents(cost.cents))
        among = T("feeq.shared.among", units=cost.units, area=f"{cost.area_cm2 / 10_000:,.0f}") if cost.units else None
        parts += [head, plain(cost.words) if cost.words else None, among]
    bills = await standing.due(turn.session, turn.actor) if own else []
    codes = {cost.code for cost in costs}
    parts += [
        T("feeq.reckoned.line", item=fees.item(bill), cents=Cents(bill.cents), reckoned=bill.reckoned)
        for bill in bills
        if bill.code in codes or any(bill.item == names.get(code) for code in codes)
    ]
    return _answer(turn, parts, own)


async def _raised(turn: Turn) -> Reply:
    """Whether prices went up, and since when they hold."""
    parts: Parts = []
    own = await _own(turn)
    for tariff in await _relevant(turn, own):
        if tariff.way == SHARED:
            continue
        earlier = await prices.before(turn.session, tariff)
        price = prices.yuan(tariff.rate)
        parts.append(
            T("feeq.same", name=tariff.name, price=price, day=_full(tariff.since))
            if earlier is None or earlier.rate == tariff.rate
            else T("feeq.raised", name=tariff.name, old=prices.yuan(earlier.rate), price=price, day=_full(tariff.since))
        )
    if parts:
        parts.append(T("feeq.raised.why"))
    return _answer(turn, parts, own, Choice(T("menu.complaint"), "go:complaint"))


def _full(found: date) -> T:
    return T("feeq.date", year=found.year, month=found.month, day=found.day)


async def _vacant(turn: Turn) -> Reply:
    """What is paid while nobody lives there."""
    own = await _own(turn)
    parts: Parts = [
        T("feeq.vacant", name=one.name, percent=one.vacant_percent, months=one.vacant_after_months)
        if one.vacant_percent < WHOLE
        else T("feeq.vacant.none", name=one.name)
        for one in _each(await _relevant(turn, own))
    ]
    for household in own:
        since = household.unit.vacant_since
        if since is not None:
            parts.append(T("feeq.vacant.own", unit=unit_label(household.unit), day=_full(since)))
        elif household.unit.kind != PARKING:
            parts.append(T("feeq.vacant.lived", unit=unit_label(household.unit)))
    return _answer(turn, parts, own)


def _each(known: Sequence[Tariff]) -> Sequence[Tariff]:
    """Return one price of each kind of charge, without those that are split."""
    return list({one.code: one for one in known if one.way != SHARED}.values())


async def _prepay(turn: Turn) -> Reply:
    """What paying ahead saves."""
    own = await _own(turn)
    parts: Parts = [
        T("feeq.prepay", name=one.name, months=one.prepay_months, percent=one.prepay_percent)
        if one.prepay_months and one.prepay_percent < WHOLE
        else T("feeq.prepay.none", name=one.name)
        for one in _each(await _relevant(turn, own))
    ]
    wishes = []
    for unit in [household.unit for household in own]:
        found = await prepaying.offers(turn.session, unit=unit, today=today(turn))
        parts += [prepay.told(unit, one) for one in found]
        wishes += [Choice(T("prepay.wish", unit=unit_label(unit)), f"go:askprepay:{unit.id}")] if found else []
    if own:
        ids = [household.unit.id for household in own]
        credit = await standing.credit(turn.session, unit_ids=ids)
        parts.append(T("fees.credit", cents=Cents(credit)) if credit else None)
        parts += [
            T("feeq.prepay.own", percent=one.percent, since=_full(one.since), until=_full(one.until))
            for one in await prices.discounts(turn.session, unit_ids=ids, today=today(turn))
        ]
    return _answer(turn, parts, own, *wishes, Choice(T("fees.pay"), "go:pay"))


async def _start(turn: Turn) -> Reply:
    """From when fees are paid."""
    own = await _own(turn)
    parts: Parts = [T("feeq.start")]
    parts += [
        T("feeq.start.own", unit=unit_label(one.unit), day=_full(one.unit.handover_on))
        for one in own
        if one.unit.handover_on is not None
    ]
    return _answer(turn, parts, own)


async def _payer(turn: Turn) -> Reply:
    """Whether the owner or the tenant pays."""
    own = await _own(turn)
    parts: Parts = [T("feeq.payer")]
    parts += [
        T("feeq.payer.tenant" if one.unit.payer == Tie.TENANT else "feeq.payer.owner", unit=unit_label(one.unit))
        for one in own
        if one.unit.kind != PARKING
    ]
    return _answer(turn, parts, own)


async def _deposit(turn: Turn) -> Reply:
    """When a deposit comes back."""
    own = await _own(turn)
    found = await prices.deposits(turn.session, unit_ids=[one.unit.id for one in own]) if own else []
    parts: Parts = [T("feeq.deposit"), *map(_held, found)]
    if own and not found:
        parts.append(T("feeq.deposit.none"))
    return _answer(turn, parts, own)


def _held(deposit: Deposit) -> T:
    if deposit.back_on is not None:
        back = T("feeq.deposit.back", item=deposit.item, cents=Cents(deposit.back_cents), day=_full(deposit.back_on))
        if not deposit.deducted_cents:
            return back
        less = Cents(deposit.deducted_cents)
        return T("feeq.deposit.less", back=back, cents=less, why=deposit.deducted_why)
    if deposit.back_from is None:
        return T("feeq.deposit.held", item=deposit.item, cents=Cents(deposit.cents), day=_full(deposit.held_since))
    return T("feeq.deposit.from", item=deposit.item, cents=Cents(deposit.cents), day=_full(deposit.back_from))


async def _parking(turn: Turn) -> Reply:
    """What a parking space costs, and until when one's own is paid."""
    known, own = await _list(turn), await _own(turn)
    parts: Parts = [_rate(tariff) for tariff in known if tariff.unit_kind == PARKING]
    spaces = [one for one in own if one.unit.kind == PARKING]
    for space in spaces:
        until = await prices.paid_until(turn.session, unit_ids=[space.unit.id])
        label = unit_label(space.unit)
        parts.append(T("feeq.parking.until", unit=label, day=_full(until)) if until else None)
        bills = [one for one in await standing.due(turn.session, turn.actor) if one.unit_id == space.unit.id]
        parts += [
            T(
                "feeq.parking.due",
                unit=label,
                item=fees.item(bill),
                cents=Cents(standing.open_cents(bill)),
                day=day(bill.due_on),
            )
            for bill in bills
        ]
    if own and not spaces:
        parts.append(T("feeq.parking.none"))
    return _answer(turn, parts, own, Choice(T("fees.pay"), "go:pay"))


async def _dunned(turn: Turn) -> Reply:
    """Paid, and reminded all the same: that is said to finance, and the reminders stop."""
    return await feematters.paid(turn, "")


async def _wrong(turn: Turn) -> Reply:
    return await feematters.wrong(turn, "")


async def _past(turn: Turn) -> Reply:
    coded = await feecode.needed(turn)
    return coded if coded is not None else await fees.past(turn, "")


async def _pay(turn: Turn) -> Reply:
    return await fees.pay(turn, "")


TOPICS: Mapping[str, Callable[[Turn], Awaitable[Reply]]] = {  # the particular before the general
    "dunned": _dunned,
    "wrong": _wrong,
    "deposit": _deposit,
    "payer": _payer,
    "start": _start,
    "vacant": _vacant,
    "prepay": _prepay,
    "raised": _raised,
    "shared": _shared,
    "parking": _parking,
    "past": _past,
    "pay": _pay,
    "reckoned": _reckoned,
    "rate": _rates,
}
