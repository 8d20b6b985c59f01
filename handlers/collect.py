"""A collector's day in chat: today's list, one household's card, what came of it in one tap."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from handlers import fees, places
from handlers.answers import filled, one_of, words
from handlers.form import Form
from handlers.places import unit_label
from handlers.promises import day
from handlers.turn import Turn
from services.dunning import collecting
from services.dunning.collecting import CardOf, Debtor, Outcome, Reason
from services.dunning.visits import Visit
from services.messages import Cents, Choice, Reply, Start, Style, T, Text, When, lines, pairs, reply, window_end
from services.models import DunningAttempt, Unit
from services.money.standing import open_cents
from services.phones import readable

WORDS = "words"


async def unit_in(turn: Turn, text: str) -> Unit | None:
    """Find the one unit that words or an id of a button name."""
    if text.isdecimal() and text.isascii():
        unit = await turn.session.get(Unit, int(text))
        return unit if unit is not None and unit.community_id == turn.house.id else None
    return await places.unit_in(turn, text)


async def command(turn: Turn, rest: str) -> Reply:
    """Give today's list, or one household: `/collect 3-2-1502`; a tap says what came of it."""
    first, _, outcome = rest.strip().partition(" ")
    if not first:
        return await _today(turn)
    unit = await unit_in(turn, first if outcome in {*Outcome, WORDS} else rest.strip())
    if unit is None:
        return reply(T("collect.which"))
    if outcome == Outcome.REFUSED:
        await collecting.card(turn.session, turn.actor, unit_id=unit.id, now=turn.now)
        return Reply(then=Start("why_not", {"unit": unit.id}))
    if outcome == WORDS:
        return Reply(then=Start("in_their_words", {"unit": unit.id}))
    if outcome in set(Outcome):
        return await _noted(turn, unit.id, Outcome(outcome), None)
    return await _card(turn, unit.id)


async def _today(turn: Turn) -> Reply:
    """List whom to see today, and say by which rule money is credited."""
    on = turn.now.astimezone(turn.house.zone).date()
    found = await collecting.today(turn.session, turn.actor, day=on, now=turn.now)
    met = [
        T(
            "collect.met",
            unit=unit_label(one.unit),
            start=When(one.start, Style.WEEK),
            end=window_end(one.start, one.end),
        )
        for one in found.visits
    ]
    groups: list[Text] = [lines(T("collect.visits"), *met)] if met else []
    for title, debtors in (
        (T("collect.promised"), found.promised),
        (T("collect.tasks"), found.tasks),
        (T("collect.largest"), found.largest),
        (T("collect.oldest"), found.oldest),
        (T("collect.left"), found.left),
    ):
        if debtors:
            groups.append(lines(title, *(_line(one) for one in debtors)))
    everybody: list[Visit | Debtor] = [
        *found.visits,
        *found.promised,
        *found.tasks,
        *found.largest,
        *found.oldest,
        *found.left,
    ]
    rows = pairs([Choice(unit_label(unit), f"go:collect:{unit.id}") for unit in {one.unit: 0 for one in everybody}])
    text = lines(T("collect.today"), *groups) if groups else T("collect.nobody")
    return reply(lines(text, T("collect.rule")), *rows)


def _line(one: Debtor) -> T:
    return T("collect.line", unit=unit_label(one.unit), cents=Cents(one.cents), day=day(one.oldest))


async def _card(turn: Turn, unit_id: int) -> Reply:
    found = await collecting.card(turn.session, turn.actor, unit_id=unit_id, now=turn.now)
    taps = [
        [
            Choice(T("collect.reached"), f"go:collect:{unit_id} reached"),
            Choice(T("collect.not_reached"), f"go:collect:{unit_id} not_reached"),
        ],
        [
            Choice(T("collect.will_pay"), f"go:promise:{unit_id}"),
            Choice(T("collect.refused"), f"go:collect:{unit_id} refused"),
        ],
        [Choice(T("collect.meet"), f"go:meet:{unit_id}")]
        if found.visit is None
        else [
            Choice(T("collect.meet_other"), f"go:meet:{unit_id}"),
            Choice(T("collect.meet_off"), f"go:meet:{unit_id} off"),
        ],
    ]
    return reply(lines(*_head(found), *_history(found.attempts)), *taps)


def _head(found: CardOf) -> Sequence[Text | None]:
    who = T("collect.who", name=found.payer.name, phone=readable(found.phone)) if found.payer else T("collect.no_one")
    return [
        T("collect.card", unit=unit_label(found.unit), cents=Cents(sum(open_cents(bill) for bill in found.bills))),
        who,
        *(
            T(
                "collect.bill",
                item=fees.item(bill),
                cents=Cents(open_cents(bill)),
                state=T("collect.held") if bill.id in found.held else T("collect.due", day=day(bill.due_on)),
            )
            for bill in found.bills
        ),
        *(T("collect.part", day=day(one.due_on), cents=Cents(one.cents)) for one in found.promise),
        T("collect.met_at", start=When(found.visit.start, Style.WEEK), end=window_end(*found.visit))
        if found.visit
        else None,
        *(
            T("collect.gone", name=one.person.name, phone=readable(one.phone), cents=Cents(one.cents))
            for one in found.left
        ),
        T("collect.complaints", count=found.complaints) if found.complaints else None,
        T("collect.spared") if found.spared and not (found.promise or found.complaints or found.visit) else None,
    ]


def _history(attempts: Sequence[DunningAttempt]) -> Sequence[T]:
    return [
        T(
            "collect.tried",
            day=When(one.done_at or one.at, Style.DAY),
            way=T(f"dunning.way.{one.way}"),
            result=_result(one),
        )
        for one in attempts
    ]


def _result(attempt: DunningAttempt) -> T:
    result = T(f"dunning.result.{attempt.result or attempt.state}")
    return T("collect.why", result=result, why=T(f"arrears.{attempt.reason}")) if attempt.reason else result


async def _noted(turn: Turn, unit_id: int, outcome: Outcome, reason: Reason | None) -> Reply:
    attempt = await collecting.note(
        turn.session,
        turn.actor,
        unit_id=unit_id,
        outcome=outcome,
        reason=reason,
        key=f"outcome:{turn.actor.channel}:{turn.actor.account}:{turn.actor.event_id}",
        now=turn.now,
    )
    again = T("collect.again", day=day(attempt.next_on)) if attempt.next_on else None
    taps = [Choice(T("collect.back"), "go:collect")]
    if reason is not None:
        taps.append(Choice(T("collect.words"), f"go:collect:{unit_id} words"))
    return reply(lines(T("collect.noted"), again), taps)


@dataclass(frozen=True, kw_only=True)
class WhyNot(Form, name="why_not"):
    """Why somebody does not pay."""

    unit: Annotated[int, filled()]
    reason: Annotated[Reason, one_of(Reason, "arrears")]

    async def submit(self, turn: Turn) -> Reply:
        """Write it down."""
        return await _noted(turn, self.unit, Outcome.REFUSED, self.reason)


@dataclass(frozen=True, kw_only=True)
class InTheirWords(Form, name="in_their_words"):
    """What somebody said who does not pay."""

    unit: Annotated[int, filled()]
    said: Annotated[str, words()]

    async def submit(self, turn: Turn) -> Reply:
        """Keep it with what was just written down."""
        await collecting.quote(turn.session, turn.actor, unit_id=self.unit, words=self.said, now=turn.now)
        return reply(T("collect.noted"), [Choice(T("collect.back"), "go:collect")])
