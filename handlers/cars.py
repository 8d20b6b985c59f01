"""A car stands in the way: its keeper is asked by its plate, or a guard goes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from handlers import repair
from handlers.answers import Answers, Kind, Question, Unclear, filled, one_of
from handlers.answers import words as free_words
from handlers.form import Form
from handlers.turn import Turn
from services import cars
from services.cars import Answer
from services.conversations import Option
from services.messages import Reply, Start, T, reply
from services.tickets import finding
from services.understanding.plates import plate_in


async def begin(turn: Turn) -> Reply:
    """Begin with the plate, and the spot, if the message says them."""
    said = turn.text and not turn.inbound.tap
    place = turn.understood().place if said else None
    given = {"plate": plate_in(turn.text) or None if said else None, "place": place.spot if place else None}
    return Reply(then=Start("move_car", given))


@dataclass(frozen=True, kw_only=True)
class Plate(Kind):
    """A number plate."""

    async def read(self, turn: Turn, options: Sequence[Option]) -> Any:  # noqa: ANN401, ARG002
        """Find it in the words."""
        plate = plate_in(turn.text)
        if not plate:
            raise Unclear(T("move_car.no_plate"))
        return plate


@dataclass(frozen=True, kw_only=True)
class MoveCar(Form, name="move_car"):
    """Which car stands where."""

    plate: Annotated[str, Plate()]
    place: Annotated[str, free_words(optional=True)] = ""

    @classmethod
    async def ask(cls, turn: Turn, name: str, so_far: Answers, options: Sequence[Option]) -> Question:
        """Name the car when the spot is asked for."""
        del turn
        return Question(T(f"move_car.{name}", plate=so_far.get("plate") or ""), options)

    async def submit(self, turn: Turn) -> Reply:
        """Ask the keeper, or send a guard."""
        who = await repair.requester(turn)
        matter = turn.world.texts.label(T("car.matter", plate=self.plate), turn.house.locale)
        call = await cars.ask(
            turn.session,
            turn.actor,
            plate=self.plate,
            place=self.place,
            matter=matter,
            requester=who,
            now=turn.now,
            policy=turn.policy,
        )
        if call.ticket_id is None:
            return reply(T("move_car.asked", plate=self.plate, minutes=turn.policy.forms.car_minutes))
        number = await finding.number_of(turn.session, call.ticket_id)
        return reply(T("move_car.guard", plate=self.plate, number=number))


@dataclass(frozen=True, kw_only=True)
class Keeper(Form, name="keeper"):
    """The keeper of a car says when he moves it."""

    call: Annotated[int, filled()]
    plate: Annotated[str, filled()]
    answer: Annotated[Answer, one_of(Answer, "keeper")]

    @classmethod
    async def ask(cls, turn: Turn, name: str, so_far: Answers, options: Sequence[Option]) -> Question:
        """Name the car, and nothing of who asks."""
        del turn, name
        return Question(T("keeper.answer", plate=so_far["plate"]), options, across=3)

    async def submit(self, turn: Turn) -> Reply:
        """Pass it on."""
        await cars.answered(
            turn.session, turn.actor, call_id=self.call, answer=self.answer, now=turn.now, policy=turn.policy
        )
        return reply(T(f"keeper.thanks.{self.answer}", plate=self.plate))


async def waits(turn: Turn, rest: str) -> Reply:
    """The car still stands there: a guard goes."""
    ticket = await cars.still_there(
        turn.session,
        turn.actor,
        call_id=int(rest) if rest.isdecimal() else 0,
        requester=await repair.requester(turn),
        now=turn.now,
        policy=turn.policy,
    )
    return reply(T("car.guard_sent", number=ticket.number))
