"""Money that a collector or the desk takes, its receipt, and a household's account as who works with it reads it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

from handlers import feematters, fees, places, prepay, sums
from handlers.answers import Answers, filled, pick
from handlers.form import Ask, Form
from handlers.places import unit_label
from handlers.sums import a_sum, cents_in, way_in
from handlers.turn import Turn
from services import media
from services.actors import Role
from services.conversations import Option
from services.messages import Cents, Channel, Choice, Reply, Start, T, Text, When, lines, reply
from services.models import Bill, Payment, Unit
from services.money import account, ledger
from services.money.account import Account, Entry
from services.money.ledger import Money
from services.money.standing import open_cents
from services.refusals import NotFound

NOW = 0  # who lives there now pays, nobody who left
TAKES = frozenset({Role.COLLECTOR, Role.FINANCE, Role.DESK, Role.SUPERVISOR, Role.MANAGER})


async def take(turn: Turn, rest: str) -> Reply:
    """Write down money that was taken: `/paid 3-2-1502 752.64 cash`; an owner says by it that he has paid."""
    if turn.actor.staff is None or turn.actor.staff.role not in TAKES:
        return await feematters.paid(turn, "")
    unit = await _looked_at(turn, rest)
    _, _, more = rest.strip().partition(" ")
    said = more if unit is not None else rest
    given: dict[str, Any] = {
        "unit": unit.id if unit is not None else None,
        "cents": cents_in(said),
        "way": way_in(turn, said),
    }
    return Reply(then=Start("take_payment", given))


async def _looked_at(turn: Turn, text: str) -> Unit | None:
    """Find the unit that is named; what it owes is shown next, which is a look."""
    unit = await places.unit_in(turn, text)
    if unit is not None:
        await account.looked_at(turn.session, turn.actor, unit_id=unit.id, now=turn.now)
    return unit


async def _typed_unit(turn: Turn) -> int | None:
    unit = await _looked_at(turn, turn.text)
    return unit.id if unit is not None else None


async def _whose(turn: Turn, so_far: Answers) -> Sequence[Option]:
    """Offer who lives there now and who left owing."""
    found = await account.of_unit(turn.session, turn.actor, unit_id=int(so_far["unit"]))
    left = [
        Option(one.person.id, T("take_payment.left", name=one.person.name, cents=Cents(one.due))) for one in found.left
    ]
    return [*left, Option(NOW, T("take_payment.now", cents=Cents(found.due)))]


async def _nobody_left(turn: Turn, so_far: Answers) -> int | None:
    return NOW if len(await _whose(turn, so_far)) == 1 else None


async def _owed(turn: Turn, so_far: Answers) -> Sequence[Option]:
    bills = await _bills(turn, int(so_far["unit"]), int(so_far.get("whose") or NOW))
    due = sum(map(open_cents, bills))
    return [Option(due, T("finance.sum", cents=Cents(due)))] if due > 0 else []


async def _bills(turn: Turn, unit_id: int, whose: int) -> Sequence[Bill]:
    """Return what is open of who lives there now, or of one who left."""
    found = await account.of_unit(turn.session, turn.actor, unit_id=unit_id)
    return found.owed if whose == NOW else next((one.bills for one in found.left if one.person.id == whose), ())


async def _unit(turn: Turn, unit_id: int) -> Unit:
    unit = await turn.session.get(Unit, unit_id)
    if unit is None or unit.community_id != turn.house.id:
        raise NotFound
    return unit


@dataclass(frozen=True, kw_only=True)
class TakePayment(Form, name="take_payment"):
    """Money that was taken: of which unit, how much, on which way; a paper receipt's number and a photo may come."""

    confirms: ClassVar[bool] = True

    unit: Annotated[int, pick(sums.nothing, other=_typed_unit)]
    whose: Annotated[int, pick(_whose, only=_nobody_left)]
    cents: Annotated[int, a_sum(_owed)]
    way: Annotated[str, pick(sums.ways, other=sums.typed_way)]
    receipt: Annotated[str, filled()] = ""
    photo: Annotated[Sequence[int], filled()] = ()

    @classmethod
    async def more(cls, turn: Turn, so_far: Answers) -> Mapping[str, Any] | None:
        """A photo at the summary goes with it; words are the paper receipt's number."""
        del so_far
        found: dict[str, Any] = {}
        if turn.inbound.media:
            found["photo"] = await media.keep(turn.session, turn.actor, turn.inbound, now=turn.now)
        if turn.text:
            found["receipt"] = turn.text[:40]
        return found or None

    @classmethod
    async def check(cls, turn: Turn, so_far: Answers) -> Ask | None:
        """See that the unit is one of the estate, and that who left does not pay more than he owes."""
        await _unit(turn, int(so_far["unit"]))
        due = sum(map(open_cents, await _bills(turn, int(so_far["unit"]), int(so_far["whose"]))))
        if so_far["whose"] != NOW and int(so_far["cents"]) > due:
            return Ask("cents", T("take_payment.too_much", cents=Cents(due)))
        return None

    async def summary(self, turn: Turn) -> Text:
        """Say what was taken of whom, which bills it pays, and what is left over."""
        unit = await _unit(turn, self.unit)
        parts, over = account.shares(await _bills(turn, unit.id, self.whose), self.cents)
        return lines(
            T("take_payment.summary", unit=unit_label(unit), cents=Cents(self.cents), way=T(f"way.{self.way}")),
            *(T("take_payment.pays", item=fees.item(bill), cents=Cents(cents)) for bill, cents in parts),
            T("take_payment.over", cents=Cents(over)) if over else None,
            T("take_payment.paper", number=self.receipt) if self.receipt else T("take_payment.add"),
            T("take_payment.photo") if self.photo else None,
        )

    async def submit(self, turn: Turn) -> Reply:
        """Write it down; whoever pays for the unit hears of it."""
        unit = await _unit(turn, self.unit)
        event = f"{turn.inbound.channel}:{turn.inbound.account}:{turn.inbound.event_id}"
        collects = turn.actor.staff is not None and turn.actor.staff.role is Role.COLLECTOR
        money = Money(
            cents=self.cents,
            way=self.way,
            source="collector" if collects else "desk",
            key=f"paper:{self.receipt}" if self.receipt else f"taken:{event}",
            paid_on=sums.today(turn),
            receipt=self.receipt,
            media_id=next(iter(self.photo), None),
        )
        bills = [bill.id for bill in await _bills(turn, unit.id, self.whose)] if self.whose != NOW else []
        payment = await ledger.record(turn.session, turn.actor, unit=unit, money=money, bills=bills, now=turn.now)
        text = T("take_payment.done", unit=unit_label(unit), cents=Cents(payment.cents), number=payment.number)
        return reply(text, [Choice(T("receipt.show"), f"go:receipt:{payment.number}")])


async def receipt(turn: Turn, rest: str) -> Reply:
    """Show a receipt again: `/receipt 0603-031`."""
    number = rest.strip()
    if not number:
        return reply(T("receipt.how"))
    entry = await account.receipt_seen(turn.session, turn.actor, number=number, now=turn.now)
    rows = [Choice(T("receipt.picture"), f"go:receiptpic:{entry.payment.id}")]
    if entry.payment.cents > 0 and turn.actor.staff is None:
        rows.append(Choice(T("more.invoice"), "go:ask:invoice"))
    return reply(receipt_text(entry, estate=turn.house.name), rows if turn.inbound.channel is not Channel.SMS else [])


def receipt_text(entry: Entry, *, estate: str) -> Text:
    """Say what a receipt says."""
    payment = entry.payment
    head = T("receipt.head" if payment.cents > 0 else "receipt.back", number=payment.number, estate=estate)
    return lines(
        head,
        T("receipt.unit", unit=unit_label(entry.unit)),
        T("receipt.sum", cents=Cents(abs(payment.cents)), way=T(f"way.{payment.way}"), day=fees.day(payment.paid_on)),
        *(T("receipt.for", item=fees.item(bill), cents=Cents(cents)) for bill, cents in entry.bills),
        T("receipt.free", cents=Cents(payment.free_cents)) if payment.free_cents else None,
        T("take_payment.paper", number=payment.receipt) if payment.receipt else None,
        *(T("receipt.gone", number=one.number, cents=Cents(-one.cents)) for one in entry.back),
    )


async def picture(turn: Turn, rest: str) -> Reply:
    """Make a picture of a receipt; it follows in a moment."""
    entry = await account.by_id(turn.session, turn.actor, payment_id=int(rest) if rest.isdecimal() else 0)
    return await fees.picture(turn, f"receipt:{entry.payment.id}")


async def show(turn: Turn, rest: str) -> Reply:
    """Show a household's account: `/account 3-2-1502`."""
    unit = await places.unit_in(turn, rest)
    if unit is None:
        return reply(T("account.how"))
    found = await account.looked_at(turn.session, turn.actor, unit_id=unit.id, now=turn.now)
    waiting = [Choice(T("matter.look"), f"go:matter:{one.id}") for one in found.matters[:2]]
    return reply(account_text(found, unit), waiting, await prepay.choice(turn, unit))


def account_text(found: Account, unit: Unit) -> Text:
    """Say what is open, what was paid last, and what waits for an answer."""
    head = T("account.head", unit=unit_label(unit), due=Cents(found.due))
    return lines(head, *account_lines(found))


def account_lines(found: Account) -> Sequence[Text]:
    """Say each line of an account."""
    return [
        *map(_bill, found.owed),
        *(T("account.left", name=one.person.name, cents=Cents(one.due)) for one in found.left),
        *([T("fees.credit", cents=Cents(found.credit))] if found.credit else ()),
        *map(_payment, found.payments),
        *(T("account.matter", about=T(f"matter.about.{one.kind}"), day=When(one.due_at)) for one in found.matters),
        *(T("account.balance", item=one.item, cents=Cents(one.cents)) for one in found.balances),
        *(T("account.deposit", item=one.item, cents=Cents(one.cents)) for one in found.deposits),
    ]


def _bill(bill: Bill) -> T:
    return T("account.bill", item=fees.item(bill), cents=Cents(open_cents(bill)), day=fees.day(bill.due_on))


def _payment(payment: Payment) -> T:
    return T(
        "account.payment",
        day=fees.day(payment.paid_on),
        cents=Cents(payment.cents),
        way=T(f"way.{payment.way}"),
        number=payment.number,
    )
