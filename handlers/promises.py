"""A promise to pay, in chat: a day, equal parts a month, or days and sums as they are typed."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated, Any, ClassVar

from handlers.answers import Answers, Pick, filled, pick
from handlers.form import Ask, Form
from handlers.turn import Turn
from services.conversations import Option
from services.dunning import promises
from services.dunning.promises import Part
from services.messages import Cents, Reply, Start, Style, T, Text, When, lines, reply
from services.refusals import NotFound
from services.understanding.normalise import normalise
from services.understanding.times import day_told

PARTS = "parts"
COUNTS = (2, 3, 4, 6)
OFFERED = (3, 7, 14)  # days from now
SUM = re.compile(r"(?P<yuan>\d+(?:\.\d{1,2})?)\s*(?:\u5143|yuan)?\s*$")
BETWEEN = re.compile(r"[,\uff0c;\uff1b\u3001\n]+")


async def begin(turn: Turn, rest: str) -> Reply:
    """Begin a promise for the home named, or the person's own."""
    unit_id = int(rest) if rest.isdecimal() and rest.isascii() else next((h.unit_id for h in turn.actor.here), None)
    if unit_id is None:
        raise NotFound
    unit = await promises.may_speak_for(turn.session, turn.actor, unit_id=unit_id)
    if await promises.owed_by(turn.session, unit_id=unit.id) <= 0:
        raise promises.NothingOwed
    return Reply(then=Start("promise", {"unit": unit.id}))


async def hardship(turn: Turn, rest: str) -> Reply:
    """Pass on to who leads that money is short."""
    unit_id = int(rest) if rest.isdecimal() and rest.isascii() else next((h.unit_id for h in turn.actor.here), None)
    if unit_id is None:
        raise NotFound
    await promises.ask_hardship(turn.session, turn.actor, unit_id=unit_id, now=turn.now)
    return reply(T("hardship.asked", phone=turn.house.phone))


def _today(turn: Turn) -> date:
    return turn.now.astimezone(turn.house.zone).date()


def day(on: date) -> When:
    """Write a day as the reader's language does."""
    return When(datetime.combine(on, time(4), tzinfo=UTC), Style.DAY)


async def _days(turn: Turn, so_far: Answers) -> Sequence[Option]:
    days = [_today(turn) + timedelta(days=ahead) for ahead in OFFERED]
    offered = [Option(on.isoformat(), T("promise.by", day=day(on))) for on in days]
    return offered if so_far.get("first") == PARTS else [*offered, Option(PARTS, T("promise.parts"))]


async def _starts(turn: Turn, so_far: Answers) -> Sequence[Option]:
    return await _days(turn, {**so_far, "first": PARTS})


async def _counts(turn: Turn, so_far: Answers) -> Sequence[Option]:  # noqa: ARG001
    most = turn.policy.dunning.instalments
    return [Option(count, T("promise.times", count=count), str(count)) for count in COUNTS if count <= most]


async def _typed(turn: Turn) -> str | None:
    """Read a day, or several days each with a sum."""
    pieces = [piece for piece in BETWEEN.split(turn.text) if piece.strip()]
    told = [(_day_in(turn, piece), SUM.search(piece)) for piece in pieces]
    if len(told) == 1 and told[0][0] is not None and told[0][1] is None:
        return told[0][0].isoformat()
    found = [f"{on.isoformat()}={_cents(said['yuan'])}" for on, said in told if on is not None and said is not None]
    return ";".join(found) if len(found) == len(pieces) and found else None


def _day_in(turn: Turn, text: str) -> date | None:
    told = day_told(normalise(text), today=_today(turn))
    return _today(turn) + timedelta(days=told.days[1]) if told is not None and told.days is not None else None


def _cents(yuan: str) -> int:
    whole, _, rest = yuan.partition(".")
    return int(whole) * 100 + int(rest.ljust(2, "0") or 0)


@dataclass(frozen=True, kw_only=True)
class ADay(Pick):
    """A day that was offered, or any that is typed: one that comes close to an offered one is still another."""

    async def read(self, turn: Turn, options: Sequence[Option]) -> Any:  # noqa: ANN401
        """Read what is typed before it is compared with what is offered."""
        return await _typed(turn) or await Pick.read(self, turn, options)


def _in_parts(so_far: Answers) -> bool:
    return so_far.get("first") == PARTS


@dataclass(frozen=True, kw_only=True)
class PromiseToPay(Form, name="promise"):
    """By when, in how many parts."""

    confirms: ClassVar[bool] = True

    unit: Annotated[int, filled()]
    first: Annotated[str, ADay(of=_days)]
    count: Annotated[int, pick(_counts, when=_in_parts)] = 1
    start: Annotated[str, ADay(of=_starts, when=_in_parts)] = ""

    @classmethod
    async def check(cls, turn: Turn, so_far: Answers) -> Ask | None:
        """A day that can't be is asked again."""
        name = "start" if _in_parts(so_far) else "first"
        days = [date.fromisoformat(piece.partition("=")[0]) for piece in str(so_far[name]).split(";")]
        if min(days) < _today(turn) or (name == "start" and "=" in str(so_far[name])):
            return Ask(name, T("promise.past"))
        return None

    async def _planned(self, turn: Turn) -> Sequence[Part]:
        owed = await promises.owed_by(turn.session, unit_id=self.unit)
        if "=" in self.first:
            pairs = [piece.split("=") for piece in self.first.split(";")]
            return [Part(date.fromisoformat(on), int(cents)) for on, cents in pairs]
        first = date.fromisoformat(self.start or self.first)
        return promises.parts_of(owed, first, self.count if self.start else 1)

    async def summary(self, turn: Turn) -> Text:
        """Say days and sums; sums only where they may be named."""
        parts = await self._planned(turn)
        named = turn.actor.sees_amounts or turn.actor.staff is not None
        rows = [
            T("promise.part", day=day(one.due_on), cents=Cents(one.cents))
            if named
            else T("promise.by", day=day(one.due_on))
            for one in parts
        ]
        return lines(T("promise.summary"), *rows)

    async def submit(self, turn: Turn) -> Reply:
        """Write it down; nobody reminds him until then."""
        parts = await self._planned(turn)
        await promises.make(turn.session, turn.actor, unit_id=self.unit, parts=parts, now=turn.now, policy=turn.policy)
        return reply(T("promise.noted", day=day(parts[-1].due_on), phone=turn.house.phone))
