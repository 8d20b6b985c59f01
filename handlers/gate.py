"""The gate: a slip's number typed or its picture scanned, what it allows, and that it was used."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from handlers import slips as dialogue
from handlers import words
from handlers.answers import Answers, Kind, Question, Unclear
from handlers.form import Form
from handlers.turn import Turn
from services import slips
from services.conversations import Option
from services.messages import Choice, Reply, Start, T, lines, plain, reply
from services.refusals import NotAllowed
from services.slips import Valid


@dataclass(frozen=True, kw_only=True)
class SlipNumber(Kind):
    """A slip's number, with its check code or without."""

    async def read(self, turn: Turn, options: Sequence[Option]) -> Any:  # noqa: ANN401, ARG002
        """Bring it to one spelling."""
        found = slips.typed(turn.text)
        if found is None:
            raise Unclear(T("gate.no_number"))
        return found[0]


@dataclass(frozen=True, kw_only=True)
class CheckCode(Kind):
    """The four signs after the number."""

    async def read(self, turn: Turn, options: Sequence[Option]) -> Any:  # noqa: ANN401, ARG002
        """Take four signs."""
        said = turn.text.strip().upper()
        if len(said) != slips.CODE_SIGNS:
            raise Unclear(T("gate.no_code"))
        return said


@dataclass(frozen=True, kw_only=True)
class CheckSlip(Form, name="gate"):
    """Which slip somebody at the gate shows."""

    number: Annotated[str, SlipNumber()]
    code: Annotated[str, CheckCode()]

    @classmethod
    async def ask(cls, turn: Turn, name: str, so_far: Answers, options: Sequence[Option]) -> Question:
        """Ask for the check code of a number."""
        del turn
        return Question(T(f"gate.{name}", number=so_far.get("number") or ""), options)

    @classmethod
    async def also(cls, turn: Turn, name: str, so_far: Answers) -> Mapping[str, Any]:  # noqa: ARG003
        """The check code may come with the number."""
        found = slips.typed(turn.text) if name == "number" else None
        return {"code": found[1]} if found is not None and found[1] else {}

    async def submit(self, turn: Turn) -> Reply:
        """Show what it allows."""
        one = await slips.check(turn.session, turn.actor, number=self.number, code=self.code)
        valid = slips.validity(one.slip, now=turn.now, policy=turn.policy)
        name = plain(one.person.name)
        text = lines(
            T("gate.slip", number=one.slip.number, name=name), dialogue.described(one), T(f"gate.valid.{valid}")
        )
        choices = [Choice(T("gate.let_through"), f"go:passed:{one.slip.id}")] if valid is Valid.YES else []
        return reply(text, choices)


async def check(turn: Turn, rest: str) -> Reply:
    """Look a slip up: `/gate 0412-R3-K7QM`."""
    if not slips.at_gate(turn.actor):
        raise NotAllowed
    found = slips.typed(rest)
    if found is None:
        return Reply(then=Start("gate", {}))
    return Reply(then=Start("gate", {"number": found[0], "code": found[1] or None}))


async def typed(turn: Turn) -> Reply | None:
    """Read `放行 0412-R3`, for those at the gate."""
    rest = words.after(turn, "words.gate", glued=True) if slips.at_gate(turn.actor) else None
    if rest is None or (rest and slips.typed(rest) is None and not turn.actor.keeps_watch):
        return None
    return await check(turn, rest)


async def scanned(turn: Turn, payload: str) -> Reply:
    """A slip's picture was scanned; it tells nothing to anybody but the gate."""
    if not slips.at_gate(turn.actor):
        return reply(T("gate.only_staff"))
    return await check(turn, payload.removeprefix(slips.PAYLOAD))


async def passed(turn: Turn, rest: str) -> Reply:
    """The goods went through."""
    slip_id = int(rest) if rest.isdecimal() else 0
    slip = await slips.use(turn.session, turn.actor, slip_id=slip_id, now=turn.now, policy=turn.policy)
    return reply(T("gate.passed", number=slip.number))
