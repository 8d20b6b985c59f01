"""Release slips: asked for in one message, decided by the desk, who alone sees what is not paid."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, ClassVar

from handlers import mine, places, words
from handlers.answers import Answers, Question, filled, pick
from handlers.answers import words as free_words
from handlers.form import Form, Numbered
from handlers.turn import Turn
from services import slips
from services.conversations import Option
from services.messages import Reply, Start, T, Text, When, lines, money, plain, reply, window_end
from services.money import standing
from services.slips import NeedsHome, Wish
from services.understanding.plates import plate_in


async def begin(turn: Turn) -> Reply:
    """Begin with what the message says."""
    if not turn.actor.here:
        raise NeedsHome(phone=turn.house.phone)
    return Reply(then=Start("release_slip", _known(turn)))


def _known(turn: Turn) -> dict[str, Any]:
    if not turn.text or turn.inbound.tap:
        return {}
    reading = turn.understood()
    window = next(iter(reading.when), None)
    goods = reading.rest or turn.text
    return {
        "goods": None if words.means(turn, "words.release_slip") or turn.text.startswith("/") else goods,
        "when": [window.start.isoformat(), window.end.isoformat()] if window else None,
        "carrier": plate_in(turn.text) or None,
    }


async def _homes(turn: Turn, so_far: Answers) -> Sequence[Option]:  # noqa: ARG001
    return [Option(home.unit_id, places.unit_label(home)) for home in turn.actor.here]


async def _only_home(turn: Turn, so_far: Answers) -> int | None:  # noqa: ARG001
    return turn.actor.here[0].unit_id if len(turn.actor.here) == 1 else None


@dataclass(frozen=True, kw_only=True)
class AskForSlip(Form, name="release_slip"):
    """What goes out of the gate, when, on which car."""

    confirms: ClassVar[bool] = True

    goods: Annotated[str, free_words(least=2)]
    home: Annotated[int, pick(_homes, only=_only_home)]
    when: Annotated[Sequence[str], pick(mine.windows, other=mine.typed_window)]
    carrier: Annotated[str, filled()] = ""

    @classmethod
    async def also(cls, turn: Turn, name: str, so_far: Answers) -> Mapping[str, Any]:  # noqa: ARG003
        """The words for the goods may hold time and car."""
        return {key: value for key, value in _known(turn).items() if value} if name == "goods" else {}

    @classmethod
    async def more(cls, turn: Turn, so_far: Answers) -> Mapping[str, Any] | None:
        """A time that comes later is the time; other words say who carries, and on which car."""
        window = await mine.typed_window(turn) if turn.text else None
        if window is not None:
            return {"when": window}
        if not turn.text:
            return None
        before = so_far.get("carrier") or ""
        return {"carrier": f"{before} {turn.text}".strip()}

    async def summary(self, turn: Turn) -> Text:
        """Say back what goes out when."""
        start, end = self._span()
        home = next((one for one in turn.actor.here if one.unit_id == self.home), None)
        return lines(
            T("release_slip.summary"),
            T("slip.place", place=places.unit_label(home)) if home else None,
            T("slip.goods", goods=self.goods),
            T("slip.when", start=When(start), end=window_end(start, end)),
            T("slip.carrier", carrier=self.carrier) if self.carrier else T("release_slip.carrier_missing"),
        )

    def _span(self) -> tuple[datetime, datetime]:
        start, end = (datetime.fromisoformat(text) for text in self.when)
        return start, end

    async def submit(self, turn: Turn) -> Reply:
        """Ask the desk."""
        start, end = self._span()
        wish = Wish(self.home, self.goods, start, end, self.carrier)
        slip = await slips.ask(turn.session, turn.actor, wish=wish, now=turn.now, policy=turn.policy)
        return reply(T("release_slip.asked", number=slip.number, phone=turn.house.phone))


async def _decisions(turn: Turn, so_far: Answers) -> Sequence[Option]:  # noqa: ARG001
    return [Option("approve", T("slip_decision.approve")), Option("ask", T("slip_decision.ask"))]


def _asks(so_far: Answers) -> bool:
    return so_far.get("what") == "ask"


@dataclass(frozen=True, kw_only=True)
class Decide(Numbered, name="slip_decision"):
    """The desk gives a slip, or asks the household something first."""

    slip: Annotated[int, filled()]
    number: Annotated[str, filled()]
    what: Annotated[str, pick(_decisions)]
    words: Annotated[str, free_words(least=2, when=_asks)] = ""

    @classmethod
    async def ask(cls, turn: Turn, name: str, so_far: Answers, options: Sequence[Option]) -> Question:
        """Show the slip, and to the desk alone what is not paid; it decides nothing by itself."""
        if name != "what":
            return await super().ask(turn, name, so_far, options)
        one = await slips.for_desk(turn.session, turn.actor, slip_id=int(so_far["slip"]))
        today = turn.now.astimezone(turn.house.zone).date()
        owed = await standing.arrears(turn.session, turn.actor, unit_id=one.unit.id, today=today)
        head = T("slip_decision.what", number=one.slip.number, name=plain(one.person.name))
        about = T("slip_decision.arrears", sum=money(owed)) if owed else None
        return Question(lines(head, described(one), about), options)

    async def submit(self, turn: Turn) -> Reply:
        """Do what was decided."""
        if self.what == "approve":
            slip = await slips.approve(turn.session, turn.actor, slip_id=self.slip, now=turn.now)
            return reply(T("slip_decision.approved", number=slips.whole(slip)))
        await slips.ask_household(turn.session, turn.actor, slip_id=self.slip, words=self.words, now=turn.now)
        return reply(T("slip_decision.asked", number=self.number))


def described(one: slips.Shown) -> Text:
    """Say where from, what, when and on which car."""
    slip = one.slip
    return lines(
        T("slip.place", place=places.unit_label(one.unit)),
        T("slip.goods", goods=slip.goods),
        T("slip.when", start=When(slip.from_at), end=window_end(slip.from_at, slip.until_at)),
        T("slip.carrier", carrier=slip.carrier) if slip.carrier else None,
    )


async def look(turn: Turn, rest: str) -> Reply:
    """Let who leads decide a slip that nobody looked at."""
    one = await slips.for_desk(turn.session, turn.actor, slip_id=int(rest) if rest.isdecimal() else 0)
    return Reply(then=Start("slip_decision", {"slip": one.slip.id, "number": one.slip.number}))


@dataclass(frozen=True, kw_only=True)
class AnswerDesk(Form, name="slip_answer"):
    """The desk asked something about a slip."""

    slip: Annotated[int, filled()]
    number: Annotated[str, filled()]
    question: Annotated[str, filled()]
    words: Annotated[str, free_words()]

    @classmethod
    async def ask(cls, turn: Turn, name: str, so_far: Answers, options: Sequence[Option]) -> Question:
        """Put the desk's own words into the question."""
        del turn, name
        return Question(T("slip_answer.words", number=so_far["number"], question=so_far["question"]), options)

    async def submit(self, turn: Turn) -> Reply:
        """Pass it on; the desk decides anew."""
        await slips.answer(
            turn.session, turn.actor, slip_id=self.slip, words=self.words, now=turn.now, policy=turn.policy
        )
        return reply(T("slip_answer.passed", number=self.number))
