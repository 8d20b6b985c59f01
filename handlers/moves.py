"""Who owns and rents, as the desk writes it down: a sale, a lease, somebody who leaves; an owner says of a lease."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Annotated, Any, ClassVar

from handlers import days, places
from handlers.answers import Answers, Question, filled, pick
from handlers.answers import words as free_words
from handlers.form import Form
from handlers.turn import Turn
from services.actors import Tie
from services.conversations import Option
from services.messages import Choice, Reply, Start, T, Text, joined, lines, money, plain, reply
from services.phones import find_number
from services.register import homes, lease, sale, telling, ties
from services.register.ties import Newcomer

ENDS, HALF, YEAR = "ends", "half", "year"
MORE: Mapping[str, int] = {HALF: 182, YEAR: 365}


async def sold(turn: Turn, rest: str) -> Reply:
    """Begin to write a sale down: `/sold 3-2-1502 name number day`."""
    return Reply(then=Start("sold", await _known(turn, rest, name="buyer", day="on")))


async def let(turn: Turn, rest: str) -> Reply:
    """Begin to write a lease down: `/lease 3-2-802 name number last-day`."""
    return Reply(then=Start("lease", await _known(turn, rest, name="tenant", day="until")))


async def moved_out(turn: Turn, rest: str) -> Reply:
    """Begin to write down who leaves: `/movedout 3-2-802`."""
    given = await _known(turn, rest, name="", day="last")
    return Reply(then=Start("moved_out", given))


async def _known(turn: Turn, rest: str, *, name: str, day: str) -> dict[str, Any]:
    """Read place, name, number and day out of what follows a command; raises `NotAllowed`."""
    on, rest = days.found(rest)
    number, rest = find_number(rest, turn.world.region)
    unit = await unit_in(turn, rest)
    given: dict[str, Any] = {day: on.isoformat() if on is not None else None, "phone": number or None}
    if unit is not None:
        given["where"] = unit
        words = turn.understood(rest).rest.strip(" ,\uff0c")
        given |= {name: words} if name and words else {}
    return given


async def unit_in(turn: Turn, text: str) -> Mapping[str, Any] | None:
    """Return the unit that an employee's words name, or None."""
    found = await places.from_reading(turn, turn.understood(text)) if text and turn.actor.staff is not None else None
    return found if found is not None and "unit" in found else None


async def no_places(turn: Turn, so_far: Answers) -> Sequence[Option]:  # noqa: ARG001
    """Offer nothing: which unit is typed."""
    return []


async def typed_unit(turn: Turn) -> Mapping[str, Any] | None:
    """Read a unit of the estate."""
    return await unit_in(turn, turn.text)


async def _number(turn: Turn) -> str | None:
    return find_number(turn.text, turn.world.region)[0] or None


async def _with_number(turn: Turn, name: str, what: str) -> dict[str, Any]:
    """A number may come with the name."""
    if name != what:
        return {}
    number, rest = find_number(turn.text, turn.world.region)
    return {"phone": number, what: rest} if number and rest else {}


@dataclass(frozen=True, kw_only=True)
class Sold(Form, name="sold"):
    """Which unit was sold to whom, and from which day it is his."""

    confirms: ClassVar[bool] = True

    where: Annotated[Mapping[str, Any], pick(no_places, other=typed_unit)]
    buyer: Annotated[str, free_words(least=2)]
    phone: Annotated[str, pick(no_places, other=_number, optional=True)] = ""
    on: Annotated[date, days.Day()]

    @classmethod
    async def also(cls, turn: Turn, name: str, so_far: Answers) -> Mapping[str, Any]:  # noqa: ARG003
        """The number may come with the name."""
        return await _with_number(turn, name, "buyer")

    async def summary(self, turn: Turn) -> Text:  # noqa: ARG002
        """Say back what will be written, and what it does."""
        return lines(
            T("sold.summary", place=self.where["label"], day=telling.day(self.on)),
            T("moves.who", name=self.buyer, phone=self.phone or ""),
            T("sold.summary.then"),
        )

    async def submit(self, turn: Turn) -> Reply:
        """Write it down."""
        done = await sale.sell(
            turn.session,
            turn.actor,
            unit_id=self.where["unit"],
            buyer=Newcomer(self.buyer, self.phone or ""),
            on=self.on,
            now=turn.now,
            policy=turn.policy,
        )
        day = telling.day(done.on)
        if not done.done:
            return reply(T("sold.later", place=self.where["label"], day=day))
        left = joined([plain(name) for name in done.left], turn.label(T("join.list")))
        return reply(
            lines(
                T("sold.done", place=self.where["label"], name=done.buyer.name, day=day),
                T("sold.left", names=left) if done.left else None,
                T("sold.tickets", count=done.tickets) if done.tickets else None,
                T("sold.owed", sum=money(done.owed_cents)) if done.owed_cents else None,
                T("sold.credit", sum=money(done.credit_cents)) if done.credit_cents else None,
            ),
            [Choice(T("sold.code"), f"go:code:{_spelled(done)}")],
        )


def _spelled(done: sale.Sold) -> str:
    return f"{done.unit.building}-{done.unit.entrance}-{done.unit.room} {done.buyer.name}"[:40]


@dataclass(frozen=True, kw_only=True)
class Let(Form, name="lease"):
    """Who rents a unit, and until when."""

    confirms: ClassVar[bool] = True

    where: Annotated[Mapping[str, Any], pick(no_places, other=typed_unit)]
    tenant: Annotated[str, free_words(least=2)]
    phone: Annotated[str, pick(no_places, other=_number, optional=True)] = ""
    until: Annotated[date, days.Day()]

    @classmethod
    async def also(cls, turn: Turn, name: str, so_far: Answers) -> Mapping[str, Any]:  # noqa: ARG003
        """The number may come with the name."""
        return await _with_number(turn, name, "tenant")

    async def summary(self, turn: Turn) -> Text:
        """Say back what will be written."""
        ask = turn.policy.registry.lease_ask_days
        return lines(
            T("lease.summary", place=self.where["label"], day=telling.day(self.until)),
            T("moves.who", name=self.tenant, phone=self.phone or ""),
            T("lease.summary.then", days=ask),
        )

    async def submit(self, turn: Turn) -> Reply:
        """Write it down."""
        rents = await lease.let(
            turn.session,
            turn.actor,
            unit_id=self.where["unit"],
            tenant=Newcomer(self.tenant, self.phone or ""),
            since=days.today(turn),
            until=self.until,
            now=turn.now,
            policy=turn.policy,
        )
        return reply(T("lease.done", place=self.where["label"], name=rents.person.name, day=telling.day(self.until)))


async def _leavers(turn: Turn, so_far: Answers) -> Sequence[Option]:
    unit_id = (so_far.get("where") or {}).get("unit")
    found = await ties.of_unit(turn.session, unit_ids=[unit_id]) if unit_id else []
    return [
        Option(one.tie.id, T("household.line", name=one.person.name, tie=T(f"tie.{one.tie.role}")))
        for one in found
        if one.tie.role != Tie.OWNER
    ]


@dataclass(frozen=True, kw_only=True)
class MovedOut(Form, name="moved_out"):
    """Who leaves a unit, and his last day."""

    where: Annotated[Mapping[str, Any], pick(no_places, other=typed_unit)]
    who: Annotated[int, pick(_leavers)]
    last: Annotated[date, days.Day()]
    phone: Annotated[str, filled()] = ""

    async def submit(self, turn: Turn) -> Reply:
        """Write it down."""
        left = await lease.move_out(
            turn.session, turn.actor, tie_id=self.who, last=self.last, now=turn.now, policy=turn.policy
        )
        over = left.tie.status == ties.ENDED
        said = {"name": left.person.name, "place": self.where["label"], "day": telling.day(self.last)}
        return reply(T("moved_out.done" if over else "moved_out.later", **said))


async def payer(turn: Turn, rest: str) -> Reply:
    """Say who pays a unit's fees: `/payer 3-2-802 tenant`."""
    unit = await unit_in(turn, rest)
    says = turn.understood(rest).rest.strip().lower()
    who = next((tie for tie in (Tie.TENANT, Tie.OWNER) if says in {tie.value, turn.label(T(f"tie.{tie}"))}), None)
    if unit is None or who is None:
        return reply(T("payer.how"))
    await homes.let_pay(turn.session, turn.actor, unit_id=unit["unit"], payer=who)
    return reply(T("payer.done", place=unit["label"], tie=T(f"tie.{who}")))


async def _ways_on(turn: Turn, so_far: Answers) -> Sequence[Option]:  # noqa: ARG001
    return [Option(way, T(f"lease_end.{way}")) for way in (ENDS, HALF, YEAR)]


async def _until(turn: Turn) -> str | None:
    day = days.read(turn, turn.text)
    return day.isoformat() if day is not None else None


@dataclass(frozen=True, kw_only=True)
class LeaseEnd(Form, name="lease_end"):
    """A lease ends soon, or goes on: its owner, or the desk, says which."""

    gives_way: ClassVar[bool] = True

    tie: Annotated[int, filled()]
    until: Annotated[str, filled()]
    what: Annotated[str, pick(_ways_on, other=_until)]

    @classmethod
    async def ask(cls, turn: Turn, name: str, so_far: Answers, options: Sequence[Option]) -> Question:
        """Name the flat, the tenant and the day."""
        del name
        found, unit = await lease.seen(turn.session, turn.actor, tie_id=int(so_far["tie"]))
        day = telling.day(date.fromisoformat(so_far["until"]))
        text = T("lease_end.what", place=places.unit_label(unit), name=found.person.name, day=day)
        return Question(text, options)

    async def submit(self, turn: Turn) -> Reply:
        """Let it end, or go on."""
        until = self._goes_on()
        found = await lease.answer(
            turn.session, turn.actor, tie_id=self.tie, until=until, now=turn.now, policy=turn.policy
        )
        day = telling.day(found.tie.until or date.fromisoformat(self.until))
        return reply(T("lease_end.over" if until is None else "lease_end.goes_on", day=day))

    def _goes_on(self) -> date | None:
        if self.what == ENDS:
            return None
        now = date.fromisoformat(self.until)
        return now + timedelta(days=MORE[self.what]) if self.what in MORE else date.fromisoformat(self.what)
