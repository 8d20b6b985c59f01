"""Paying ahead at the lower price: offered to owners, agreed by whoever takes money."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Annotated, ClassVar

from handlers import feecode, places, sums
from handlers.answers import Answers, pick
from handlers.form import Form
from handlers.places import unit_label
from handlers.turn import Turn
from services.actors import Actor
from services.conversations import Option
from services.db import Session
from services.messages import Cents, Choice, Reply, Start, Style, T, Text, When, lines, reply
from services.models import Unit
from services.money import matters, prepaying
from services.money.matters import About, Said
from services.money.prepaying import Offer, OfferGone
from services.refusals import NotAllowed, NotFound


async def begin(turn: Turn, rest: str) -> Reply:
    """Begin to agree it for a household: `/prepay 3-2-1502`; with nothing to agree, say why."""
    unit = await places.unit_in(turn, rest)
    if unit is None:
        return reply(T("prepay.how"))
    if not await prepaying.may_agree(turn.session, turn.actor, unit=unit):
        raise NotAllowed
    found = await prepaying.offers(turn.session, unit=unit, today=sums.today(turn))
    if found:
        return Reply(then=Start("prepay", {"unit": unit.id}))
    return reply(lines(T("prepay.none", unit=unit_label(unit)), *await _agreed(turn, unit)))


async def _agreed(turn: Turn, unit: Unit) -> Sequence[Text]:
    known = await prepaying.agreed(turn.session, unit=unit, since=sums.today(turn))
    return [T("prepay.agreed", percent=one.percent, since=full(one.since), until=full(one.until)) for one in known]


def full(day: date) -> T:
    """Return a day as texts take it, with its year."""
    return T("feeq.date", year=day.year, month=day.month, day=day.day)


async def choice(turn: Turn, unit: Unit) -> Sequence[Choice]:
    """Return the button for it, where there is something to agree and the actor may."""
    if not await prepaying.may_agree(turn.session, turn.actor, unit=unit):
        return []
    found = await prepaying.offers(turn.session, unit=unit, today=sums.today(turn))
    return [Choice(T("prepay.choice"), f"go:prepay:{spelled(unit)}")] if found else []


def spelled(unit: Unit) -> str:
    """Write a unit as commands take it."""
    return "-".join(part for part in (unit.building, unit.entrance, unit.room) if part)


def told(unit: Unit, offer: Offer) -> T:
    """Say what an offer comes to, and what it saves."""
    return T(
        "feeq.prepay.offer",
        unit=unit_label(unit),
        name=offer.name,
        since=full(offer.since),
        until=full(offer.until),
        cents=Cents(offer.cents),
        less=Cents(offer.full_cents - offer.cents),
    )


def summed(unit: Unit, offer: Offer) -> Text:
    """Say all of an offer before it is agreed: what it would cost otherwise, and what it costs so."""
    since, until = full(offer.since), full(offer.until)
    return lines(
        T("prepay.summary", unit=unit_label(unit), name=offer.name, since=since, until=until),
        T("prepay.sum", full=Cents(offer.full_cents), percent=offer.percent, cents=Cents(offer.cents)),
        T("prepay.less", less=Cents(offer.full_cents - offer.cents)),
    )


def option(offer: Offer) -> Option:
    """Offer an offer for choosing."""
    return Option(offer.code, T("prepay.option", name=offer.name, months=offer.months, cents=Cents(offer.cents)))


async def _offered(turn: Turn, so_far: Answers) -> Sequence[Option]:
    unit = await _unit(turn.session, turn.actor, int(so_far["unit"]))
    return [option(one) for one in await prepaying.offers(turn.session, unit=unit, today=sums.today(turn))]


async def _only(turn: Turn, so_far: Answers) -> str | None:
    found = await _offered(turn, so_far)
    return str(found[0].value) if len(found) == 1 else None


async def _typed(turn: Turn) -> int | None:
    unit = await places.unit_in(turn, turn.text)
    return unit.id if unit is not None else None


async def _unit(session: Session, actor: Actor, unit_id: int) -> Unit:
    unit = await session.get(Unit, unit_id)
    if unit is None or unit.community_id != actor.community_id:
        raise NotFound
    if not await prepaying.may_agree(session, actor, unit=unit):
        raise NotAllowed
    return unit


@dataclass(frozen=True, kw_only=True)
class Prepay(Form, name="prepay"):
    """An offer of the price list that a household takes; the money is written down afterwards as any."""

    confirms: ClassVar[bool] = True

    unit: Annotated[int, pick(sums.nothing, other=_typed)]
    code: Annotated[str, pick(_offered, only=_only)]

    async def summary(self, turn: Turn) -> Text:
        """Say the span, what it would cost otherwise and what it costs so."""
        unit = await _unit(turn.session, turn.actor, self.unit)
        offer = await prepaying.one_of(turn.session, unit=unit, code=self.code, today=sums.today(turn))
        return summed(unit, offer)

    async def submit(self, turn: Turn) -> Reply:
        """Agree it; taking the money is one tap away."""
        unit = await _unit(turn.session, turn.actor, self.unit)
        offer = await prepaying.one_of(turn.session, unit=unit, code=self.code, today=sums.today(turn))
        await prepaying.agree(turn.session, turn.actor, unit=unit, offered=offer, now=turn.now)
        text = T("prepay.done", unit=unit_label(unit), name=offer.name, until=full(offer.until), percent=offer.percent)
        yuan = f"{offer.cents // 100}.{offer.cents % 100:02d}"
        return reply(text, [Choice(T("prepay.take", cents=Cents(offer.cents)), f"go:paid:{spelled(unit)} {yuan}")])


async def wish(turn: Turn, rest: str) -> Reply:
    """An owner wants it for his home: finance is asked to agree it."""
    coded = await feecode.needed(turn)
    if coded is not None:
        return coded
    unit = await turn.session.get(Unit, int(rest)) if rest.isdecimal() else None
    if unit is None or not await prepaying.offers(turn.session, unit=unit, today=sums.today(turn)):
        raise OfferGone
    said = Said(about=About.PREPAY, unit_id=unit.id)
    matter = await matters.say(turn.session, turn.actor, said=said, now=turn.now, policy=turn.policy)
    return reply(T("prepay.asked", day=When(matter.due_at, Style.DAY)))
