"""A household's record as sheets of a workbook, in the words of whoever reads it."""

from __future__ import annotations

from collections.abc import Sequence

from services.digests.pages import Cell, Table
from services.dunning.evidence import Message, Promised, Record, Sent, Tried
from services.messages import Cents, T, Text, joined, plain
from services.models import Bill, Handing, Payment, Sparing
from services.money.standing import open_cents

SEMICOLON = "\uff1b"
WIDE = 34


def tables(found: Record) -> Sequence[Table]:
    """Return the sheets: what was tried, letters, promises, who was spared, what is open, what was paid."""
    tried = [_tried(one) for one in found.tried]
    letters = [row for one in found.letters for row in _letter(one)]
    promises = [row for one in found.promises for row in _promise(one)]
    return [
        _sheet("tried", TRIED, tried, (17, 14, 12, 16, WIDE, 14, 14, WIDE, 13, 14, 12, 17, 12)),
        _sheet("letters", LETTERS, letters, (14, 13, 14, 14, WIDE, 18, 13, 12, 13, 17)),
        _sheet("promises", PROMISES, promises, (17, 13, 13, 12, 17)),
        _sheet("spared", SPARED, [_spared(one) for one in found.spared], (17, 17, 14, 17)),
        _sheet("owed", OWED, [_owed(one) for one in found.owed], (16, 18, 13, 13, 13, 13)),
        _sheet("paid", PAID, [_paid(one) for one in found.paid], (13, 12, 12, 13, 14, 17)),
    ]


TRIED = (
    "at",
    "step",
    "way",
    "person",
    "messages",
    "result",
    "reason",
    "words",
    "cents",
    "next",
    "next_on",
    "visit",
    "by",
)
LETTERS = ("number", "made_on", "list", "to", "handed", "post", "handed_on", "outcome", "outcome_on", "cents")
PROMISES = ("made_at", "due_on", "cents", "state", "ended_at")
SPARED = ("since", "until", "why", "ended_at")
OWED = ("item", "period", "due_on", "cents", "paid_cents", "open")
PAID = ("paid_on", "kind", "way", "cents", "receipt", "landed_at")


def _sheet(name: str, columns: Sequence[str], rows: Sequence[Sequence[Cell]], widths: Sequence[int]) -> Table:
    return Table(T(f"record.{name}"), [T(f"record.{column}") for column in columns], rows, widths)


def _tried(one: Tried) -> Sequence[Cell]:
    at = one.attempt
    return [
        at.done_at or at.at,
        T(f"dunning.step.{at.step}") if at.step else T("dunning.step.other"),
        T(f"dunning.way.{at.way}"),
        one.person,
        joined([_message(message) for message in one.messages], SEMICOLON),
        T(f"dunning.result.{at.result or at.state}"),
        T(f"arrears.{at.reason}") if at.reason else "",
        one.words,
        Cents(at.cents),
        T(f"dunning.next.{at.next_step}") if at.next_step else "",
        at.next_on,
        at.visit_from,
        one.by,
    ]


def _message(one: Message) -> T:
    return T("record.message", way=T(f"dunning.way.{one.channel}"), state=T(f"delivery.{one.state}"))


def _letter(one: Sent) -> Sequence[Sequence[Cell]]:
    """Write a row each time it was handed over, one when it was not yet."""
    letter = one.letter
    head: list[Cell] = [
        f"{letter.year}-{letter.number}",
        letter.made_on,
        T(f"dunning.list.{letter.list}"),
        letter.name or T(f"letter.tie.{letter.tie}"),
    ]
    if not one.handed:
        return [[*head, T("handed.not_noted"), "", None, "", None, Cents(letter.cents)]]
    return [
        [
            *head,
            T(f"handed.way.{sent.way}"),
            sent.number,
            sent.on,
            T(f"handed.result.{sent.result}") if sent.result else "",
            sent.result_on,
            Cents(letter.cents),
        ]
        for sent in one.handed
    ]


def handed(sent: Handing | None) -> Text:
    """Say in a line how a letter went out, and what came of it."""
    if sent is None:
        return T("handed.not_noted")
    day = T("day.year", year=sent.on.year, month=sent.on.month, day=sent.on.day)
    result = T(f"handed.result.{sent.result}") if sent.result else None
    return joined([day, T(f"handed.way.{sent.way}"), plain(sent.number) if sent.number else None, result], " ")


def _promise(one: Promised) -> Sequence[Sequence[Cell]]:
    promise = one.promise
    state = T(f"record.promise.{promise.state}")
    return [[promise.made_at, part.due_on, Cents(part.cents), state, promise.ended_at] for part in one.parts]


def _spared(one: Sparing) -> Sequence[Cell]:
    return [one.since, one.until, T(f"record.why.{one.why}"), one.ended_at]


def _owed(bill: Bill) -> Sequence[Cell]:
    due = Cents(bill.cents + bill.adjusted_cents)
    return [bill.item, bill.period, bill.due_on, due, Cents(bill.paid_cents), Cents(open_cents(bill))]


def _paid(one: Payment) -> Sequence[Cell]:
    return [one.paid_on, T(f"record.kind.{one.kind}"), T(f"way.{one.way}"), Cents(one.cents), one.number, one.landed_at]
