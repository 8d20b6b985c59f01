"""Danger leaves every dialogue at once: what to do, then a ticket with what is known, and the duty person paged.

A bare word that only hints at danger is asked about first; "no" leads back to where one was, with the word as it is.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Any, ClassVar

from handlers import mine, places, repair
from handlers import words as spoken
from handlers.answers import Answers, Question, chosen, filled, pick
from handlers.form import Form
from handlers.turn import Turn
from services import conversations, houses, media, outbox, people
from services.catalog import Kind, Priority
from services.conversations import Option, read_options
from services.messages import Reply, Start, T, joined, lines, plain, reply
from services.models import Prompt, Ticket
from services.tickets import filing, finding
from services.tickets.filing import Request
from services.understanding.danger import Danger, danger_asked, danger_in
from services.understanding.numbers import choice_number

CATEGORIES = {
    Danger.LIFT_TRAPPED: "lift",
    Danger.BURST_PIPE: "plumbing",
    Danger.FLOOD: "leak",
    Danger.ELECTRIC: "electrical",
    Danger.GAS: "heating_air",
}
NEW_MATTER = 6  # signs: words as long as this that are neither yes nor no are about something else
HEADS_FOR = timedelta(minutes=30)
LATELY = (timedelta(0), timedelta(hours=1))  # a "no" holds for this hour and the next


def spotted(turn: Turn) -> Danger | None:
    """Return the danger that the words speak of; a bare word only asks."""
    if not turn.text or turn.inbound.tap or _hinted(turn) is not None:
        return None
    return danger_in(turn.text)


async def heard(turn: Turn) -> Reply | None:
    """Answer words of danger, whoever writes them and wherever; None when they are none."""
    danger = spotted(turn)
    if danger is None:
        return None
    if turn.inbound.group:
        return await _in_group(turn, danger)
    return await (answer(turn, danger) if turn.actor.house is not None else _stranger(turn, danger))


async def edited(turn: Turn) -> Reply | None:
    """Answer danger that was not in a message before it was edited."""
    told = await outbox.known(turn.session, key=_key(turn))
    return None if told else await heard(turn)


async def asked(turn: Turn) -> Reply | None:
    """Ask whether a bare word means danger; None when it is none, answers what was asked, or was denied lately."""
    danger = _hinted(turn)
    if danger is None:
        return None
    prompts = await conversations.open_prompts(turn.session, address_id=turn.actor.to.address_id)
    given: dict[str, str] = {"danger": danger, "words": turn.text}
    waiting = next((prompt for prompt in prompts if prompt.form == Emergency.name), None)
    if waiting is not None:
        if waiting.given["danger"] == danger:
            return None
        waiting.state = "cancelled"
        given["words"] = f"{waiting.given['words']} {turn.text}"
    elif any(chosen(turn, read_options(prompt)) for prompt in prompts) or await _denied(turn, danger):
        return None
    return Reply(then=Start(Emergency.name, given))


async def heads(turn: Turn) -> Reply | None:
    """Add to an alarm about a lift who is in it, as it was asked; None when something was asked since, or it is not."""
    if choice_number(turn.text) is None and not spoken.within(turn, "emergency.words.heads"):
        return None
    theirs = await finding.newest_open(turn.session, turn.actor)
    alarm = next((ticket for ticket in theirs if _is_lift_alarm(turn, ticket)), None)
    if alarm is None:
        return None
    prompts = await conversations.open_prompts(turn.session, address_id=turn.actor.to.address_id)
    questions = [prompt for prompt in prompts if prompt.form != conversations.CHOOSE]  # news with buttons asks nothing
    asked_since = any(prompt.shown_at and prompt.shown_at > alarm.created_at for prompt in questions)
    return None if asked_since else await mine.add(turn, alarm)


def _is_lift_alarm(turn: Turn, ticket: Ticket) -> bool:
    urgent = ticket.priority == Priority.EMERGENCY and ticket.category == CATEGORIES[Danger.LIFT_TRAPPED]
    return urgent and ticket.created_at >= turn.now - HEADS_FOR


async def answer(turn: Turn, danger: Danger, *, told: bool = False, matter: str = "") -> Reply:
    """Say what to do first (unless told already); file an urgent ticket and page whoever is on duty."""
    await _settle_question(turn)
    matter = matter or turn.text
    place = await _where(turn)
    ticket = await filing.file(
        turn.session,
        turn.actor,
        house=turn.house,
        request=Request(
            category=turn.world.catalog.of_kind(CATEGORIES.get(danger), Kind.REPAIR),
            matter=matter,
            place=str(place["label"]),
            scope="public" if place.get("public") else "unit",
            unit_id=place.get("unit"),
            building=str(place.get("building", "")),
            media=tuple(await media.keep(turn.session, turn.actor, turn.inbound, now=turn.now)),
            urgent=True,
            emergency=True,
            requester=await repair.requester(turn),
        ),
        now=turn.now,
        policy=turn.policy,
    )
    filed = T("danger.filed", number=ticket.number)
    said = lines(filed, turn.about()) if told else lines(_instructions(turn, danger), filed)
    return dataclasses.replace(reply(said), key=_key(turn))


async def _in_group(turn: Turn, danger: Danger) -> Reply | None:
    """In a group residents are heard; employees there tell each other, and have their ways to file."""
    if turn.actor.memberships or turn.inbound.anonymous:
        return None
    if turn.actor.house is not None:
        return await answer(turn, danger)
    group = await people.group_address(turn.session, turn.inbound)
    if group is None or group.community_id is None:
        return None
    house = await houses.by_id(turn.session, community_id=group.community_id)
    return await answer(dataclasses.replace(turn, actor=dataclasses.replace(turn.actor, house=house)), danger)


async def _stranger(turn: Turn, danger: Danger) -> Reply:
    """Tell somebody what to do whose estate is not known yet, and ask for it, unless he has named it."""
    served = await houses.choices(turn.session, channel=turn.inbound.channel, account=turn.inbound.account)
    named = [house for house in served if house.name in turn.text]
    if len(named) == 1:
        actor = await houses.choose(turn.session, turn.actor, community_id=named[0].id)
        return await answer(dataclasses.replace(turn, actor=actor), danger)
    waiting = await conversations.newest(turn.session, address_id=turn.actor.to.address_id)
    before = ""
    if waiting is not None:
        waiting.state, before = "cancelled", str(waiting.given.get("words", ""))
    phones = joined([plain(f"{house.name}{house.phone}") for house in served], turn.label(T("join.list")))
    given = {"words": f"{before}\n{turn.text}".strip(), "danger": danger}
    told = reply(_instructions(turn, danger, phones=phones))
    return dataclasses.replace(told, then=Start("community", given), key=_key(turn))


def _instructions(turn: Turn, danger: Danger, *, phones: Any = None) -> T:  # noqa: ANN401
    numbers = turn.policy.emergency
    return T(
        f"danger.{danger}",
        phone=turn.house.phone if phones is None else phones,
        gas=numbers.gas,
        fire=numbers.fire,
        ambulance=numbers.ambulance,
        police=numbers.police,
        lift=numbers.lift_rescue,
    )


async def _where(turn: Turn) -> dict[str, Any]:
    found = await places.from_reading(turn, turn.understood())
    home = next(iter(turn.actor.here), None)
    if found is not None:
        return found
    if home is not None:
        return places.of_unit(home, home.unit_id, turn)
    return {"label": turn.actor.name or turn.world.texts.label(T("place.unknown"), turn.house.locale)}


def _key(turn: Turn) -> str:
    """Return the key of what is said to a message of danger: its edits know by it that it was heard."""
    inbound = turn.inbound
    if inbound.tap or not inbound.message_id:
        return ""
    return f"danger:{inbound.channel}:{inbound.account}:{inbound.address}:{inbound.message_id}"


def _hinted(turn: Turn) -> Danger | None:
    """Return the danger that a bare word may hint at; a picture with it says more than the word."""
    alone = turn.text and not (turn.inbound.tap or turn.inbound.media or turn.inbound.group)
    return danger_asked(turn.text) if alone else None


async def _denied(turn: Turn, danger: Danger) -> bool:
    """Whether somebody said of the danger in this hour or the last one that it is none."""
    return await conversations.marked(turn.session, keys=[_denial(turn, danger, turn.now - ago) for ago in LATELY])


def _denial(turn: Turn, danger: Danger, at: datetime) -> str:
    return f"no_emergency:{turn.actor.to.address_id}:{danger}:{at:%Y%m%d%H}"


async def _question(turn: Turn) -> Prompt | None:
    prompts = await conversations.open_prompts(turn.session, address_id=turn.actor.to.address_id)
    return next((prompt for prompt in prompts if prompt.form == Emergency.name and prompt.state == "open"), None)


async def _settle_question(turn: Turn) -> None:
    """End the question whether it is an emergency: it is one."""
    waiting = await _question(turn)
    if waiting is not None:
        waiting.state = "done"


async def _yes_or_no(turn: Turn, so_far: Answers) -> Sequence[Option]:  # noqa: ARG001
    return [Option(value=True, label=T("emergency.yes")), Option(value=False, label=T("emergency.no"))]


def _meant(turn: Turn) -> tuple[bool | None, str]:
    """Read a typed answer, and what it says beside yes or no; words about something else are a "no"."""
    for key, certain in (("words.yes", True), ("emergency.words.yes", True), ("emergency.words.no", False)):
        rest = "" if spoken.means(turn, key) else spoken.after(turn, key)
        if rest is not None:
            return certain, rest
    return (False, turn.text) if len(turn.text) >= NEW_MATTER else (None, "")


async def _typed(turn: Turn) -> bool | None:
    return _meant(turn)[0]


@dataclass(frozen=True, kw_only=True)
class Emergency(Form, name="emergency"):
    """Ask whether a bare word means danger; the words go on as they were when it does not."""

    on_top: ClassVar[bool] = True
    danger: Annotated[str, filled()]
    words: Annotated[str, filled()]
    beside: Annotated[str, filled()] = ""  # what the answer says beside yes or no
    certain: Annotated[bool, pick(_yes_or_no, other=_typed)]

    @classmethod
    async def ask(cls, turn: Turn, name: str, so_far: Answers, options: Sequence[Option]) -> Question:  # noqa: ARG003
        """Ask in the words of that danger, with the first thing to do if it is one."""
        danger = so_far.get("danger", Danger.FIRE)
        text = T(f"emergency.{danger}", words=so_far.get("words", ""), fire=turn.policy.emergency.fire)
        return Question(text, options)

    @classmethod
    async def also(cls, turn: Turn, name: str, so_far: Answers) -> Mapping[str, Any]:  # noqa: ARG003
        """Keep what was written beside yes or no."""
        return {"beside": _meant(turn)[1]}

    async def submit(self, turn: Turn) -> Reply:
        """Raise the alarm, or let the words go where they would have gone."""
        if self.certain:
            return await self._alarm(turn)
        waiting = await _question(turn)
        if waiting is not None:
            key = _denial(turn, Danger(self.danger), turn.now)
            await conversations.mark(turn.session, prompt=waiting, key=key)
        return Reply(words=self.beside or self.words)

    async def _alarm(self, turn: Turn) -> Reply:
        words = f"{self.words} {self.beside}".strip()
        about = T(f"emergency.about.{self.danger}")
        matter = turn.world.texts.label(T("emergency.matter", words=words, danger=about), turn.house.locale)
        inbound = dataclasses.replace(turn.inbound, text=words)
        return await answer(dataclasses.replace(turn, inbound=inbound), Danger(self.danger), matter=matter)
