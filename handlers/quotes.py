"""What work will cost: the engineer types or taps it, and one tap sends it to the owner."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import astuple, dataclass, replace
from typing import Annotated, Any

from rapidfuzz import fuzz, process

from handlers import prices, tickets, words
from handlers.answers import Answers, Files, Question, Unclear, filled
from handlers.form import Form
from handlers.turn import Turn
from services import pricing
from services.catalog import Price, said
from services.conversations import Option
from services.messages import Reply, Start, T, Text, joined, lines, money, reply
from services.pricelist import LABOUR
from services.pricing import Line
from services.tickets import finding, quotes
from services.tickets.rules import Action
from services.understanding.numbers import choice_number

MOST_OFFERED = 6
NEAREST = 3
CLOSE = 30  # of 100: what is nearest may still be far
UNREAD, STATED = "?", "="  # what stands among the lines without being one


@dataclass(frozen=True, slots=True)
class Sheet:
    """What an engineer has named so far, and what of it was not understood."""

    lines: tuple[Line, ...]
    unread: tuple[str, ...] = ()
    stated_cents: int | None = None

    @property
    def total_cents(self) -> int:
        """Give what all lines cost."""
        return sum(line.cents for line in self.lines)


def _packed(reading: pricing.Reading) -> list[list[Any]]:
    found = [list(astuple(line)) for line in reading.lines] + [[UNREAD, name] for name in reading.unread]
    differs = reading.stated_cents not in {None, reading.total_cents}
    return [*found, [STATED, reading.stated_cents]] if differs else found


def _sheet(value: Sequence[Sequence[Any]]) -> Sheet:
    """Turn what is kept into lines; the same item named again takes the place of the one before."""
    kept = {(row[0], row[1]): Line(*row) for row in value if row[0] not in {UNREAD, STATED}}
    unread = tuple(row[1] for row in value if row[0] == UNREAD)
    return Sheet(tuple(kept.values()), unread, next((row[1] for row in value if row[0] == STATED), None))


def _added(rows: Sequence[Sequence[Any]]) -> list[Any]:
    """Make one line of several of the same item."""
    key, label = rows[0][:2]
    count, material, labour = (sum(row[place] for row in rows) for place in (2, 3, 4))
    return [key, label, count, material, labour, True]


def _without_labour(line: Line) -> Line:
    """Labour that is named by itself takes the place of that of the items: so they are read in one go, too."""
    return replace(line, labour_cents=0) if line.material_cents else line


def _read(turn: Turn, text: str) -> list[list[Any]]:
    return _packed(pricing.read(text, turn.world.catalog.prices, turn.actor.locale))


def _likely(turn: Turn, category: str) -> Sequence[Price]:
    """Return the entries of the price list that the matter usually needs."""
    prices = turn.world.catalog.prices.values()
    fitting = [price for price in prices if category in price.categories]
    others = [price for price in prices if not price.categories and price.key != LABOUR]
    return [*fitting, *others][:MOST_OFFERED]


def _listed(turn: Turn, price: Price) -> Line:
    return Line(price.key, said(price.labels, turn.actor.locale), 1, price.material_cents, price.labour_cents)


def _nearest(turn: Turn, name: str) -> list[Price]:
    """Return the entries of the price list whose names come closest."""
    prices = turn.world.catalog.prices
    labels = {key: said(price.labels, turn.actor.locale) for key, price in prices.items() if key != LABOUR}
    found = process.extract(name, labels, scorer=fuzz.WRatio, limit=NEAREST, score_cutoff=CLOSE)
    return [prices[key] for _, _, key in found]


def _entry(turn: Turn, price: Price) -> T:
    line = _listed(turn, price)
    return T("quote.entry", item=line.label, total=money(line.cents))


def _not_understood(turn: Turn, names: Sequence[str]) -> Text | None:
    """Say what was not understood, and what on the list comes nearest."""
    if not names:
        return None
    near = {price.key: price for name in names for price in _nearest(turn, name)}
    shown = joined([_entry(turn, price) for price in list(near.values())[:NEAREST]], "  ")
    return lines(T("quote.unread", words=" / ".join(names)), T("quote.near", entries=shown) if near else None)


@dataclass(frozen=True, kw_only=True)
class Items(Files):
    """Items tapped one by one until "done"; what is typed is taken for the whole of it."""

    async def options(self, turn: Turn, so_far: Answers) -> Sequence[Option]:
        """Offer what the matter usually needs and, once there is something, to end."""
        likely = [
            Option({"one": list(astuple(_listed(turn, price)))}, _entry(turn, price))
            for price in _likely(turn, str(so_far.get("category", "")))
        ]
        return [*likely, Option("done", T("quote.enough"))] if so_far.get("lines") else likely

    async def read(self, turn: Turn, options: Sequence[Option]) -> Any:  # noqa: ANN401
        """Read items and sums; a bare digit is an option, "done" ends."""
        number = choice_number(turn.text)
        if number is not None and 0 < number <= len(options):
            return options[number - 1].value
        if options and options[-1].value == "done" and words.means(turn, "words.enough"):
            return "done"
        found = _read(turn, turn.text)
        if not _sheet(found).lines:
            hint = _not_understood(turn, _sheet(found).unread)
            raise Unclear(T("plain", words=hint) if hint else T("quote.nothing"))
        return found

    def gather(self, before: Sequence[Any], value: Any) -> tuple[list[Any], bool]:  # noqa: ANN401
        """A tap adds one of its item, and more may come; what is typed ends the list."""
        if not isinstance(value, Mapping):
            return super().gather(before, value)[0], False
        same = [row for row in before if row[0] == value["one"][0]]
        others = [row for row in before if row not in same]
        return [*others, _added([*same, value["one"]])], True

    def load(self, value: Any) -> Sheet:  # noqa: ANN401
        """Turn the rows into a sheet; one without a line is no answer."""
        sheet = _sheet(value)
        if not sheet.lines:
            raise ValueError("nothing named")
        return sheet


@dataclass(frozen=True, kw_only=True)
class MakeQuote(Form, name="quote"):
    """What an engineer would charge, typed in one go or tapped together."""

    confirms = True

    ticket: Annotated[int, filled()]
    number: Annotated[str, filled()]
    category: Annotated[str, filled()] = ""
    lines: Annotated[Sheet, Items()]

    @classmethod
    async def ask(cls, turn: Turn, name: str, so_far: Answers, options: Sequence[Option]) -> Question:
        """Show what was tapped so far."""
        del name
        sheet = _sheet(so_far.get("lines") or ())
        if not sheet.lines:
            return Question(T("quote.lines", number=so_far["number"]), options)
        total = T("quote.so_far", total=money(sheet.total_cents))
        return Question(lines(prices.itemised(turn, sheet.lines), total), options)

    @classmethod
    async def more(cls, turn: Turn, so_far: Answers) -> Mapping[str, Any] | None:
        """Words that come while the summary waits add items, or change the sum of one."""
        found = _read(turn, turn.text)
        if not _sheet(found).lines:
            return None
        labour = any(row[0] == LABOUR for row in found)
        before = (_without_labour(line) if labour else line for line in _sheet(so_far["lines"]).lines)
        return {"lines": [*(list(astuple(line)) for line in before), *found]}

    async def summary(self, turn: Turn) -> Text:
        """Show lines, sums, the total and the guarantee, and what was left out."""
        sheet = self.lines
        stated = sheet.stated_cents
        return lines(
            _not_understood(turn, sheet.unread),
            T("quote.differs", stated=money(stated)) if stated not in {None, sheet.total_cents} else None,
            T("quote.head", number=self.number),
            prices.itemised(turn, sheet.lines),
            prices.total(sheet.total_cents, quotes.guarantee(sheet.lines, turn.world.catalog.prices)),
            T("quote.summary"),
        )

    async def submit(self, turn: Turn) -> Reply:
        """Ask the owner; what is not on the list goes to the supervisor first."""
        ticket = await finding.find(turn.session, turn.actor, ticket_id=self.ticket, lock=True)
        named = self.lines.lines
        days = quotes.guarantee(named, turn.world.catalog.prices)
        try:
            quote = await quotes.offer(
                turn.session,
                turn.actor,
                ticket=ticket,
                lines=named,
                guarantee_days=days,
                now=turn.now,
                policy=turn.policy,
            )
        except quotes.NotListed as refused:
            shown = lines(prices.itemised(turn, named), prices.total(self.lines.total_cents, days))
            await quotes.refer(turn.session, turn.actor, ticket=ticket, lines=named, shown=shown, now=turn.now)
            return reply(refused.text)
        return reply(T("quote.sent", number=ticket.number, total=money(quote.total_cents)))


async def begin(turn: Turn, ticket_id: int) -> Reply:
    """Ask what it will cost; what stands behind the word "quote" is read at once, and so is what was referred."""
    ticket = await tickets.may(turn, ticket_id, Action.QUOTE)
    quotes.check(turn.actor, ticket)
    given: dict[str, Any] = {"ticket": ticket.id, "number": ticket.number, "category": ticket.category}
    typed = words.after(turn, "words.quote") if turn.text and not turn.inbound.tap else None
    before = await quotes.latest(turn.session, ticket)
    if typed:
        given["lines"] = _read(turn, typed)
    elif before is not None and before.state == quotes.REFERRED and turn.actor.is_lead:
        given["lines"] = before.lines
    return Reply(then=Start("quote", given))


VERBS: Mapping[str, Callable[[Turn, int], Awaitable[Reply]]] = {"quote": begin}
