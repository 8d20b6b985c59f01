"""Formal letters in chat: printed, how each was handed over; the legal list; a household's record."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Annotated, Any, ClassVar

from handlers import day, days
from handlers.answers import Answers, Question, files, filled, one_of, pick, words
from handlers.collect import unit_in
from handlers.days import Day, today
from handlers.form import Ask, Form
from handlers.places import unit_label
from handlers.turn import Turn
from services import looks, media
from services.conversations import Option
from services.digests import periods
from services.dunning import evidence, handing
from services.dunning import letters as writing
from services.dunning.handing import BY_POST, Handed, Outcome, Way
from services.dunning.letters import Printed
from services.messages import Cents, Choice, Reply, Start, T, Text, Toast, joined, lines, plain, reply
from services.models import Handing

MOST = 5  # letters that are named with a tap each
LONGEST = 40  # signs of a post's number
UNKNOWN = "unknown"
FEBRUARY, A_WEEK = 2, timedelta(days=7)


async def command(turn: Turn, rest: str) -> Reply:
    """Say which letters are wanted and which lack a word; `/letters print`, `/letters 2026-001` makes the PDF."""
    community_id = turn.house.id
    writing.check(turn.actor, community_id)
    asked = rest.strip()
    if asked in {"print", "again"}:
        return await _list(turn, f"letters.{asked}")
    if asked:
        found = await writing.numbered(turn.session, turn.actor, community_id=community_id, name=asked)
        return await _list(turn, f"letter:{found.name}")
    want = await writing.wanted(turn.session, turn.actor, community_id=community_id)
    open_ones = await handing.not_noted(turn.session, turn.actor, community_id=community_id, most=MOST)
    text = lines(
        T("letters.wanted", count=want.count, cents=Cents(want.cents)) if want.count else T("letters.none_wanted"),
        T("letters.open") if open_ones else None,
        *(_line(one, sent) for one, sent in open_ones),
        T("letters.how"),
    )
    rows = [[Choice(T("letters.tap", name=one.name), f"go:handed:{one.name}")] for one, _ in open_ones]
    return reply(text, [Choice(T("letters.print"), "go:letters:print")] if want.count else [], *rows)


def _line(one: Printed, sent: Sequence[Handing]) -> T:
    state = T("letters.posted") if sent else T("letters.not_noted")
    return T("letters.line", name=one.name, unit=unit_label(one.unit), cents=Cents(one.letter.cents), state=state)


async def _list(turn: Turn, kind: str) -> Reply:
    """Make what names many people: that somebody took it out is written down."""
    await looks.note(turn.session, turn.actor, what="export", now=turn.now)
    return await _follows(turn, kind)


async def _follows(turn: Turn, kind: str) -> Reply:
    await day.wanted(turn, kind, periods.day_of(turn.now, turn.house.zone))
    return Reply(toast=Toast(T("digest.follows")))


async def handed(turn: Turn, rest: str) -> Reply:
    """Note how a letter was handed over, or what came of one that was posted: `/handed 2026-001`."""
    writing.check(turn.actor, turn.house.id)
    if not rest.strip():
        return reply(T("letters.which"))
    found = await _letter(turn, rest)
    sent = (await handing.of(turn.session, [found.letter.id])).get(found.letter.id, ())
    form = "letter_came" if handing.is_open(sent) else "letter_handed"
    return Reply(then=Start(form, {"letter": found.name}))


async def _letter(turn: Turn, name: str) -> Printed:
    return await writing.numbered(turn.session, turn.actor, community_id=turn.house.id, name=name)


async def legal(turn: Turn, rest: str) -> Reply:  # noqa: ARG001
    """Make the legal list: the largest as text, all of it as a workbook."""
    writing.check(turn.actor, turn.house.id)
    return await _list(turn, "legal")


async def record(turn: Turn, rest: str) -> Reply:
    """Make a household's record as a workbook: `/record 3-2-1502`."""
    writing.check(turn.actor, turn.house.id)
    unit = await unit_in(turn, rest.strip())
    if unit is None:
        return reply(T("record.which"))
    await evidence.asked(turn.session, turn.actor, unit=unit, now=turn.now)
    return await _follows(turn, f"record:{unit.id}")


@dataclass(frozen=True, kw_only=True)
class PastDay(Day):
    """A day until today; yesterday is offered as well."""

    async def options(self, turn: Turn, so_far: Answers) -> Sequence[Option]:  # noqa: ARG002
        """Offer today and yesterday."""
        on = today(turn)
        return [
            Option(on.isoformat(), T("word.today")),
            Option((on - timedelta(days=1)).isoformat(), T("day.yesterday")),
        ]

    async def read(self, turn: Turn, options: Sequence[Option]) -> Any:  # noqa: ANN401
        """Read a date; one without a year is the last such day, but for days of this week."""
        on = date.fromisoformat(await Day.read(self, turn, options))
        if on > today(turn) + A_WEEK and days.found(turn.text)[0] is None:
            on = on.replace(year=on.year - 1, day=min(on.day, 28) if on.month == FEBRUARY else on.day)
        return on.isoformat()


def _by_post(so_far: Answers) -> bool:
    return so_far.get("way") in set(BY_POST)


def _on_the_door(so_far: Answers) -> bool:
    return so_far.get("way") == Way.DOOR


def _to_somebody(so_far: Answers) -> bool:
    return not _on_the_door(so_far)


async def _outcomes(turn: Turn, so_far: Answers) -> Sequence[Option]:  # noqa: ARG001
    found = [Option(one.value, T(f"handed.result.{one.value}")) for one in Outcome]
    return [*found, Option(UNKNOWN, T("handed.later"))] if _by_post(so_far) else found[:2]


@dataclass(frozen=True, kw_only=True)
class LetterHanded(Form, name="letter_handed"):
    """How a letter went out: the way, the post's number or a photo of the door, the day, what came of it."""

    confirms: ClassVar[bool] = True

    letter: Annotated[str, filled()]
    way: Annotated[Way, one_of(Way, "handed.way")]
    number: Annotated[str, words(when=_by_post)] = ""
    photo: Annotated[Sequence[int], files(most=3, when=_on_the_door)] = ()
    on: Annotated[date, PastDay()]
    outcome: Annotated[str, pick(_outcomes, when=_to_somebody)] = UNKNOWN

    @classmethod
    async def ask(cls, turn: Turn, name: str, so_far: Answers, options: Sequence[Option]) -> Question:
        """Put the letter and its home into the first question."""
        if name != "way":
            return Question(T(f"letter_handed.{name}"), options)
        found = await _letter(turn, str(so_far["letter"]))
        return Question(T("letter_handed.way", name=found.name, unit=unit_label(found.unit)), options)

    @classmethod
    async def more(cls, turn: Turn, so_far: Answers) -> Mapping[str, Any] | None:
        """A photo at the summary goes with it: the receipt, the door."""
        if not turn.inbound.media:
            return None
        kept = await media.keep(turn.session, turn.actor, turn.inbound, now=turn.now)
        return {"photo": [*so_far.get("photo", ()), *kept]}

    @classmethod
    async def check(cls, turn: Turn, so_far: Answers) -> Ask | None:
        """A day before it was printed, or one to come, is asked again."""
        found = await _letter(turn, str(so_far["letter"]))
        on = date.fromisoformat(str(so_far["on"]))
        return None if handing.fits(turn.actor, found.letter, on, turn.now) else Ask("on", T("refused.handed_day"))

    async def summary(self, turn: Turn) -> Text:
        """Say it back."""
        found = await _letter(turn, self.letter)
        on = T("day.year", year=self.on.year, month=self.on.month, day=self.on.day)
        number = plain(self.number[:LONGEST]) if self.number else None
        way = joined([on, T(f"handed.way.{self.way.value}"), number], " ")
        return lines(
            T("letter_handed.summary", name=found.name, unit=unit_label(found.unit), handed=way),
            T(f"handed.result.{self.outcome}") if self.outcome != UNKNOWN else None,
            T("letter_handed.photos", count=len(self.photo)) if self.photo else T("letter_handed.add"),
        )

    async def submit(self, turn: Turn) -> Reply:
        """Write it down."""
        found = await _letter(turn, self.letter)
        outcome = None if self.outcome == UNKNOWN else Outcome(self.outcome)
        said = Handed(self.way, self.on, self.number[:LONGEST], outcome, self.photo)
        key = f"handed:{turn.actor.channel}:{turn.actor.account}:{turn.actor.event_id}"
        await handing.note(turn.session, turn.actor, printed=found, handed=said, key=key, now=turn.now)
        return reply(T("letter_handed.done", name=found.name), [Choice(T("letters.more"), "go:letters")])


@dataclass(frozen=True, kw_only=True)
class LetterCame(Form, name="letter_came"):
    """What came of a letter that was posted."""

    letter: Annotated[str, filled()]
    outcome: Annotated[Outcome, one_of(Outcome, "handed.result")]
    on: Annotated[date, PastDay()]

    @classmethod
    async def ask(cls, turn: Turn, name: str, so_far: Answers, options: Sequence[Option]) -> Question:
        """Put the letter and its home into the first question."""
        if name != "outcome":
            return Question(T(f"letter_came.{name}"), options)
        found = await _letter(turn, str(so_far["letter"]))
        return Question(T("letter_came.outcome", name=found.name, unit=unit_label(found.unit)), options)

    async def submit(self, turn: Turn) -> Reply:
        """Write it down."""
        found = await _letter(turn, self.letter)
        await handing.came_of(turn.session, turn.actor, printed=found, outcome=self.outcome, on=self.on, now=turn.now)
        return reply(T("letter_handed.done", name=found.name), [Choice(T("letters.more"), "go:letters")])
