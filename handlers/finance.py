"""What finance answers to owners, and money that goes back: each with a second look before it is written down."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Annotated, ClassVar

from handlers import fees, prepay, sums
from handlers.answers import Answers, Question, filled, pick
from handlers.answers import words as free_words
from handlers.form import Ask, Form
from handlers.places import unit_label
from handlers.sums import a_sum, cents_in
from handlers.turn import Turn
from services.access import Deed, Subject, may
from services.conversations import Option
from services.messages import Cents, Choice, Reply, Start, Style, T, Text, When, lines, plain, reply
from services.models import Matter
from services.money import account, answers, ledger, matters, prepaying
from services.money.answers import (
    AGREED,
    CORRECTED,
    DECLINED,
    FITS,
    FOUND,
    ISSUED,
    MISSING,
    REFUSED,
    RIGHT,
    Booked,
    Case,
)
from services.money.matters import About
from services.money.standing import open_cents
from services.refusals import NotAllowed


def described(case: Case) -> Text:
    """Say who says what of which bills, and by when he hears."""
    matter, given = case.matter, case.matter.given
    head = T(
        f"finance.{matter.kind}",
        unit=unit_label(case.unit),
        name=plain(case.person.name) if case.person else T("new.nobody"),
    )
    bills = [
        T(
            "finance.bill",
            item=fees.item(bill),
            cents=Cents(bill.cents + bill.adjusted_cents),
            open=Cents(open_cents(bill)),
        )
        for bill in case.bills
    ]
    invoice = None
    if matter.kind == About.INVOICE:
        invoice = lines(
            T("invoice_request.title.line", title=plain(str(given.get("title", "")))),
            T("invoice_request.tax.line", tax=str(given["tax"])) if given.get("tax") else None,
            T("invoice_request.email.line", email=str(given.get("email", ""))),
        )
    said = T("finance.said", words=matter.words) if matter.words else None
    booked = T("finance.booked") if matter.kind == About.PAID and not case.owed else None
    return lines(head, *bills, invoice, said, booked, T("finance.by", day=When(matter.due_at)))


async def listed(turn: Turn) -> Reply:
    """List what finance has still to answer."""
    found = await matters.open_of(turn.session, turn.actor)
    if not found:
        return reply(T("finance.none"))
    parts = [
        T(
            "finance.line",
            unit=unit_label(unit),
            about=T(f"matter.about.{matter.kind}"),
            day=When(matter.due_at, Style.NEAR),
        )
        for matter, unit in found
    ]
    rows = [[Choice(T("finance.open", unit=unit_label(unit)), f"go:matter:{matter.id}")] for matter, unit in found[:6]]
    return reply(lines(T("finance.head", count=len(found)), *parts), *rows)


async def look(turn: Turn, rest: str) -> Reply:
    """Show one matter with what can be answered."""
    matter_id = int(rest) if rest.isdecimal() else 0
    case = await answers.looked_at(turn.session, turn.actor, matter_id=matter_id, now=turn.now)
    return Reply(then=Start("finance_answer", {"about": case.matter.id, "kind": case.matter.kind}))


async def _answers(turn: Turn, so_far: Answers) -> Sequence[Option]:  # noqa: ARG001
    return [Option(one, T(f"finance_answer.{one}")) for one in FITS[About(so_far["kind"])]]


async def _owed(turn: Turn, so_far: Answers) -> Sequence[Option]:
    case = await answers.waiting(turn.session, turn.actor, matter_id=int(so_far["about"]))
    return [Option(case.owed, T("finance.sum", cents=Cents(case.owed)))] if case.owed else []


async def _in_the_books(turn: Turn, so_far: Answers) -> int | None:
    """Nothing of it is open any more: there is nothing to write down."""
    case = await answers.waiting(turn.session, turn.actor, matter_id=int(so_far["about"]))
    return None if case.owed else 0


def _found(so_far: Answers) -> bool:
    return so_far.get("what") == FOUND


def _booking(so_far: Answers) -> bool:
    return _found(so_far) and so_far.get("cents") != 0


def _corrected(so_far: Answers) -> bool:
    return so_far.get("what") == CORRECTED


def _issued(so_far: Answers) -> bool:
    return so_far.get("what") == ISSUED


def _reasoned(so_far: Answers) -> bool:
    return so_far.get("what") in {MISSING, RIGHT, CORRECTED, REFUSED, DECLINED}


def _agreed(so_far: Answers) -> bool:
    return so_far.get("what") == AGREED


async def _offers(turn: Turn, so_far: Answers) -> Sequence[Option]:
    case = await answers.waiting(turn.session, turn.actor, matter_id=int(so_far["about"]))
    found = await prepaying.offers(turn.session, unit=case.unit, today=sums.today(turn))
    return [prepay.option(one) for one in found]


async def _only_offer(turn: Turn, so_far: Answers) -> str | None:
    found = await _offers(turn, so_far)
    return str(found[0].value) if len(found) == 1 else None


@dataclass(frozen=True, kw_only=True)
class FinanceAnswer(Form, name="finance_answer"):
    """One matter of an owner, answered; money is written down and lines corrected after a second look."""

    about: Annotated[int, filled()]
    kind: Annotated[str, filled()]
    what: Annotated[str, pick(_answers)]
    cents: Annotated[int, pick(_owed, other=sums.typed_sum, only=_in_the_books, when=_found)] = 0
    way: Annotated[str, pick(sums.ways, other=sums.typed_way, when=_booking)] = ""
    on: Annotated[str, pick(sums.days, other=sums.typed_day, when=_booking)] = ""
    becomes: Annotated[int, a_sum(when=_corrected)] = 0
    number: Annotated[str, free_words(least=4, when=_issued)] = ""
    offer: Annotated[str, pick(_offers, only=_only_offer, when=_agreed)] = ""
    words: Annotated[str, free_words(least=2, when=_reasoned)] = ""

    @classmethod
    async def ask(cls, turn: Turn, name: str, so_far: Answers, options: Sequence[Option]) -> Question:
        """Show the matter first; afterwards each question by itself."""
        case = await answers.waiting(turn.session, turn.actor, matter_id=int(so_far["about"]))
        if name == "what":
            wished = so_far["kind"] == About.PREPAY
            offered = await prepaying.offers(turn.session, unit=case.unit, today=sums.today(turn)) if wished else []
            return Question(lines(described(case), *(prepay.summed(case.unit, one) for one in offered)), options)
        if name == "words":
            return Question(T(f"finance_answer.words.{so_far['what']}"), options)
        return Question(T(f"{cls.name}.{name}"), options, across=3)

    @classmethod
    def sums_up(cls, so_far: Answers) -> bool:
        """Only what changes the books is looked at twice."""
        return bool(so_far.get("cents")) or _corrected(so_far) or _agreed(so_far)

    async def summary(self, turn: Turn) -> Text:
        """Say what will be written down."""
        case = await answers.waiting(turn.session, turn.actor, matter_id=self.about)
        place = unit_label(case.unit)
        if self.what == AGREED:
            offer = await prepaying.one_of(turn.session, unit=case.unit, code=self.offer, today=sums.today(turn))
            return prepay.summed(case.unit, offer)
        if self.what == CORRECTED:
            bill = case.bills[0]
            was = Cents(bill.cents + bill.adjusted_cents)
            return lines(
                T(
                    "finance_answer.summary.corrected",
                    unit=place,
                    item=fees.item(bill),
                    was=was,
                    cents=Cents(self.becomes),
                ),
                T("matter.words", words=self.words),
            )
        return T(
            "finance_answer.summary",
            unit=place,
            cents=Cents(self.cents),
            way=T(f"way.{self.way}"),
            day=fees.day(date.fromisoformat(self.on)),
        )

    async def submit(self, turn: Turn) -> Reply:
        """Answer; the owner hears it in kind words."""
        await self._answered(turn)
        return reply(T("finance_answer.done"))

    async def _answered(self, turn: Turn) -> Matter:
        session, actor, now, matter_id = turn.session, turn.actor, turn.now, self.about
        if self.what == FOUND:
            booked = Booked(self.cents, self.way, date.fromisoformat(self.on)) if self.cents else None
            return await answers.found(session, actor, matter_id=matter_id, booked=booked, now=now)
        if self.what == CORRECTED:
            return await answers.correct(
                session, actor, matter_id=matter_id, cents=self.becomes, words=self.words, now=now
            )
        if self.what == ISSUED:
            return await answers.issue(session, actor, matter_id=matter_id, number=self.number, now=now)
        if self.what == AGREED:
            case = await answers.waiting(session, actor, matter_id=matter_id)
            offered = await prepaying.one_of(session, unit=case.unit, code=self.offer, today=sums.today(turn))
            return await answers.agree(session, actor, matter_id=matter_id, offered=offered, now=now)
        plain_words = {MISSING: answers.missing, RIGHT: answers.right, DECLINED: answers.decline}
        given = plain_words.get(self.what, answers.refuse)
        return await given(session, actor, matter_id=matter_id, words=self.words, now=now)


async def refund(turn: Turn, rest: str) -> Reply:
    """Give money back of a receipt: `/refund 0603-031 100 paid twice`."""
    return await _back(turn, rest, whole=False)


async def reverse(turn: Turn, rest: str) -> Reply:
    """Take a whole entry back that never was: `/reverse 0603-031 wrong flat`."""
    return await _back(turn, rest, whole=True)


async def _back(turn: Turn, rest: str, *, whole: bool) -> Reply:
    if not may(turn.actor, Deed.TAKE_BACK, Subject(turn.house.id)):
        raise NotAllowed
    number, _, more = rest.strip().partition(" ")
    if not number:
        return reply(T("refund.how"))
    entry = await account.receipt(turn.session, turn.actor, number=number)
    first, _, words = more.strip().partition(" ")
    cents = None if whole else cents_in(first)
    words = words if cents is not None else more
    left = entry.payment.cents + sum(one.cents for one in entry.back)
    given = {
        "payment": entry.payment.id,
        "whole": whole,
        "cents": left if whole else cents,
        "words": words.strip() or None,
    }
    return Reply(then=Start("refund", given))


async def _left(turn: Turn, so_far: Answers) -> Sequence[Option]:
    entry = await account.by_id(turn.session, turn.actor, payment_id=int(so_far["payment"]))
    left = entry.payment.cents + sum(one.cents for one in entry.back)
    return [Option(left, T("refund.all", cents=Cents(left)))] if left > 0 else []


@dataclass(frozen=True, kw_only=True)
class Refund(Form, name="refund"):
    """Money that goes back, in part or whole, and why."""

    confirms: ClassVar[bool] = True

    payment: Annotated[int, filled()]
    whole: Annotated[bool, filled()] = False
    cents: Annotated[int, a_sum(_left)]
    words: Annotated[str, free_words(least=2)]

    @classmethod
    async def check(cls, turn: Turn, so_far: Answers) -> Ask | None:
        """No more goes back than came in."""
        options = await _left(turn, so_far)
        left = int(options[0].value) if options else 0
        return None if 0 < int(so_far["cents"]) <= left else Ask("cents", T("refused.sum"))

    async def summary(self, turn: Turn) -> Text:
        """Say what goes back of which receipt; the bills that it paid are open again."""
        entry = await account.by_id(turn.session, turn.actor, payment_id=self.payment)
        head = T(
            "refund.summary.whole" if self.whole else "refund.summary",
            cents=Cents(self.cents),
            unit=unit_label(entry.unit),
            number=entry.payment.number,
            paid=Cents(entry.payment.cents),
        )
        return lines(head, T("matter.words", words=self.words), T("refund.opens") if entry.bills else None)

    async def submit(self, turn: Turn) -> Reply:
        """Write it down."""
        entry = await account.by_id(turn.session, turn.actor, payment_id=self.payment)
        key = f"back:{turn.inbound.channel}:{turn.inbound.account}:{turn.inbound.event_id}"
        if self.whole:
            back = await ledger.reverse(
                turn.session, turn.actor, payment=entry.payment, key=key, words=self.words, now=turn.now
            )
        else:
            back = await ledger.refund(
                turn.session,
                turn.actor,
                payment=entry.payment,
                cents=self.cents,
                key=key,
                words=self.words,
                now=turn.now,
            )
        return reply(T("refund.done", number=back.number, cents=Cents(-back.cents)))
