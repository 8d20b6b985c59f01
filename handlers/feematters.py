"""What owners say of their bills: paid already, this line is wrong, an invoice, please."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

from handlers import feecode, fees
from handlers.answers import Answers, Kind, Question, Unclear, filled, pick
from handlers.answers import words as free_words
from handlers.form import Form
from handlers.places import unit_label
from handlers.turn import Turn
from handlers.words import spellings
from services import access, media
from services.access import Deed, Subject
from services.actors import Home
from services.conversations import Option
from services.messages import Reply, Start, Style, T, Text, When, lines, plain, reply
from services.models import Bill, Matter
from services.money import matters, standing
from services.money.matters import About, Said
from services.refusals import NotFound
from services.understanding.intents import Intent

EMAIL = re.compile(r"[^@\s]{1,64}@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+")
TAX = re.compile(r"[0-9A-Z]{15,20}")
ALL = 0
MOST_LINES = 8
ELSEWHERE = frozenset({Intent.REPAIR, Intent.COMPLAINT, Intent.URGE})


def homes(turn: Turn) -> Sequence[Home]:
    """Return the units here whose payers may say something of their bills."""
    return [
        home
        for home in turn.actor.units
        if access.may(turn.actor, Deed.SAY_OF_BILLS, Subject(home.community_id, home.unit_id))
    ]


async def paid(turn: Turn, rest: str) -> Reply:
    """Begin "I have paid": dunning of it stops with this."""
    if not homes(turn):
        return Reply(then=Start("inquiry", {"matter": "other", "what": turn.text or None}))
    if turn.actor.sees_amounts and not await standing.due(turn.session, turn.actor):
        return reply(T("paid_before.nothing"))
    label = turn.text.lower() in {said.lower() for said in spellings(turn, T("fees.paid"))}
    given: dict[str, Any] = {"words": "" if label or turn.inbound.tap else turn.text}
    if rest.isdecimal() and int(rest) in {bill.id for bill in await _bills(turn)}:
        given["bill"] = int(rest)
    return Reply(then=Start("paid_before", given))


async def paid_words(turn: Turn) -> Reply:
    """Begin the same from free words, a screenshot among them."""
    return await paid(turn, "")


async def wrong(turn: Turn, rest: str) -> Reply:
    """Begin "this line is wrong"."""
    coded = await feecode.needed(turn)
    if coded is not None:
        return coded
    if not await standing.due(turn.session, turn.actor):
        return Reply(then=Start("inquiry", {"matter": "bill", "what": turn.text or None}))
    known = rest.isdecimal() and int(rest) in {bill.id for bill in await _bills(turn)}
    return Reply(then=Start("wrong_line", {"bill": int(rest)} if known else {}))


async def invoice(turn: Turn) -> Reply:
    """Begin asking for an invoice; who pays for no unit here goes to the desk with it."""
    if not homes(turn):
        return Reply(then=Start("inquiry", {"matter": "invoice"}))
    return Reply(then=Start("invoice_request", {}))


async def invoice_words(turn: Turn) -> Reply:
    """Begin the same from free words; of somebody who pays for no unit they are the matter itself."""
    if not homes(turn):
        return Reply(then=Start("inquiry", {"matter": "invoice", "what": turn.text}))
    return await invoice(turn)


async def _bills(turn: Turn) -> Sequence[Bill]:
    return await standing.due(turn.session, turn.actor) if turn.actor.sees_amounts else []


async def _lines(turn: Turn, so_far: Answers) -> Sequence[Option]:  # noqa: ARG001
    return [Option(bill.id, fees.item(bill)) for bill in (await _bills(turn))[:MOST_LINES]]


async def _lines_or_all(turn: Turn, so_far: Answers) -> Sequence[Option]:
    return [Option(ALL, T("paid_before.all")), *await _lines(turn, so_far)]


async def _only_line(turn: Turn, so_far: Answers) -> int | None:  # noqa: ARG001
    bills = await _bills(turn)
    return bills[0].id if len(bills) == 1 else None


async def _line_or_unseen(turn: Turn, so_far: Answers) -> int | None:
    """The only line needs no asking; to somebody not proven none is named: he means all of them."""
    return await _only_line(turn, so_far) if turn.actor.sees_amounts else ALL


async def _units(turn: Turn, so_far: Answers) -> Sequence[Option]:  # noqa: ARG001
    return [Option(home.unit_id, unit_label(home)) for home in homes(turn)]


async def _only_unit(turn: Turn, so_far: Answers) -> int | None:  # noqa: ARG001
    found = homes(turn)
    return found[0].unit_id if len(found) == 1 else None


def _all_of_one(so_far: Answers) -> bool:
    return so_far.get("bill") == ALL


def by_day(matter: Matter) -> When:
    """Return the day by which finance answers."""
    return When(matter.due_at, Style.DAY)


@dataclass(frozen=True, kw_only=True)
class SayPaid(Form, name="paid_before"):
    """Paid already: which line, of which unit."""

    gives_way: ClassVar[bool] = True

    words: Annotated[str, filled()] = ""
    bill: Annotated[int, pick(_lines_or_all, only=_line_or_unseen)]
    unit: Annotated[int, pick(_units, only=_only_unit, when=_all_of_one)] = 0

    async def submit(self, turn: Turn) -> Reply:
        """Tell finance, stop dunning, and ask for a trace of the payment."""
        bill = next((one for one in await _bills(turn) if one.id == self.bill), None)
        shots = await media.keep(turn.session, turn.actor, turn.inbound, now=turn.now)
        said = Said(
            about=About.PAID,
            unit_id=bill.unit_id if bill is not None else self.unit,
            bill_id=bill.id if bill is not None else None,
            words=self.words,
            media_id=next(iter(shots), None),
        )
        matter = await matters.say(turn.session, turn.actor, said=said, now=turn.now, policy=turn.policy)
        if matter.media_id is not None:
            return reply(T("paid_trace.kept", day=by_day(matter)))
        return Reply(then=Start("paid_trace", {"about": matter.id}))


@dataclass(frozen=True, kw_only=True)
class Trace(Kind):
    """A screenshot, or words about when and how."""

    async def read(self, turn: Turn, options: Sequence[Option]) -> Any:  # noqa: ANN401, ARG002
        """Take a file or words as they come."""
        if turn.inbound.media:
            return await media.keep(turn.session, turn.actor, turn.inbound, now=turn.now)
        if not turn.text:
            raise Unclear(T("unclear.files"))
        return []


@dataclass(frozen=True, kw_only=True)
class PaidTrace(Form, name="paid_trace"):
    """A screenshot of the payment, or a word about it; whoever has none is believed all the same."""

    about: Annotated[int, filled()]
    shot: Annotated[Sequence[int] | None, Trace(optional=True)] = None

    @classmethod
    async def ask(cls, turn: Turn, name: str, so_far: Answers, options: Sequence[Option]) -> Question:
        """Say that reminders stop, and by when finance answers."""
        del name
        matter = await matters.own(turn.session, turn.actor, matter_id=int(so_far["about"]))
        return Question(T("paid_trace.shot", day=by_day(matter)), options)

    async def submit(self, turn: Turn) -> Reply:
        """Pass it on to finance; words that are plainly something else go their own way."""
        matter = await matters.own(turn.session, turn.actor, matter_id=self.about)
        skipped = self.shot is None
        if self.shot == []:
            reading = turn.understood()
            if reading.confident and reading.intent in ELSEWHERE:
                return Reply(words=turn.text)
        shot = next(iter(self.shot or ()), None)
        words = "" if skipped else turn.text
        await matters.add(turn.session, turn.actor, matter=matter, words=words, media_id=shot, now=turn.now)
        return reply(T("paid_trace.none" if skipped else "paid_trace.kept", day=by_day(matter)))


@dataclass(frozen=True, kw_only=True)
class WrongLine(Form, name="wrong_line"):
    """One line of a bill is wrong: which, and what about it."""

    bill: Annotated[int, pick(_lines, only=_only_line)]
    words: Annotated[str, free_words(least=2)]
    media: Annotated[Sequence[int], filled()] = ()

    @classmethod
    async def ask(cls, turn: Turn, name: str, so_far: Answers, options: Sequence[Option]) -> Question:
        """Name the line that is in question."""
        if name != "words":
            return await super().ask(turn, name, so_far, options)
        bill = next((one for one in await _bills(turn) if one.id == so_far["bill"]), None)
        if bill is None:  # paid meanwhile
            return Question(T("wrong_line.words_any"), options)
        return Question(T("wrong_line.words", item=fees.item(bill)), options)

    @classmethod
    async def also(cls, turn: Turn, name: str, so_far: Answers) -> Mapping[str, Any]:  # noqa: ARG003
        """A picture may come with the words."""
        if name != "words" or not turn.inbound.media:
            return {}
        return {"media": await media.keep(turn.session, turn.actor, turn.inbound, now=turn.now)}

    async def submit(self, turn: Turn) -> Reply:
        """Open a dispute of this line; the others stay as they are."""
        bill = next((one for one in await _bills(turn) if one.id == self.bill), None)
        if bill is None:
            raise NotFound
        said = Said(
            about=About.WRONG,
            unit_id=bill.unit_id,
            bill_id=bill.id,
            words=self.words,
            media_id=next(iter(self.media), None),
        )
        matter = await matters.say(turn.session, turn.actor, said=said, now=turn.now, policy=turn.policy)
        return reply(T("wrong_line.noted", item=fees.item(bill), day=by_day(matter)))


async def _names(turn: Turn, so_far: Answers) -> Sequence[Option]:  # noqa: ARG001
    name = turn.actor.name
    return [Option(name, T("invoice_request.personal", name=name))] if name else []


async def _typed(turn: Turn) -> str | None:
    return turn.text[:100] or None


@dataclass(frozen=True, kw_only=True)
class Fitting(Kind):
    """Words that fit a pattern: an address for e-mail, a tax number."""

    pattern: re.Pattern[str]

    async def read(self, turn: Turn, options: Sequence[Option]) -> Any:  # noqa: ANN401, ARG002
        """Find what fits in the words."""
        upper = self.pattern is TAX
        found = self.pattern.search(turn.text.upper().replace(" ", "") if upper else turn.text)
        if found is None:
            raise Unclear(T("unclear.tax") if upper else T("unclear.email"))
        return found[0]


@dataclass(frozen=True, kw_only=True)
class AskInvoice(Form, name="invoice_request"):
    """An invoice: to whom, with which tax number, to which address."""

    confirms: ClassVar[bool] = True

    unit: Annotated[int, pick(_units, only=_only_unit)]
    title: Annotated[str, pick(_names, other=_typed)]
    tax: Annotated[str | None, Fitting(pattern=TAX, optional=True)] = None
    email: Annotated[str, Fitting(pattern=EMAIL)]

    async def summary(self, turn: Turn) -> Text:
        """Say back what will stand on it."""
        home = next((one for one in homes(turn) if one.unit_id == self.unit), None)
        return lines(
            T("invoice_request.summary"),
            T("slip.place", place=unit_label(home)) if home else None,
            T("invoice_request.title.line", title=plain(self.title)),
            T("invoice_request.tax.line", tax=self.tax) if self.tax else None,
            T("invoice_request.email.line", email=self.email),
        )

    async def submit(self, turn: Turn) -> Reply:
        """Ask finance for it."""
        given = {"title": self.title, "tax": self.tax or "", "email": self.email}
        said = Said(about=About.INVOICE, unit_id=self.unit, given=given)
        matter = await matters.say(turn.session, turn.actor, said=said, now=turn.now, policy=turn.policy)
        return reply(T("invoice_request.asked", day=by_day(matter)))
