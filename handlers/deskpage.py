"""The desk's page speaks with the same verbs and forms as the chat: one event, answered at once instead of sent."""

from __future__ import annotations

import dataclasses
import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from handlers import desk, forms, places, registry, router, tickets
from handlers.turn import Turn, World
from services import conversations, deskpass, residents, wire
from services.actors import Actor
from services.db import Session
from services.messages import Channel, Inbound, Lines, Reply, Say, Start, T, Text, Toast, lines, reply
from services.models import DeskAct, Prompt
from services.phones import find_number
from services.refusals import NotAllowed, NotFound, Refused
from services.tickets import finding
from services.tickets.history import Said
from services.tickets.rules import Action

TAPS = re.compile(r"(?:p:\d+:[a-z_]+:\d+|f:done:\d+|t:(?!talk:)[a-z_]+:\d+(?::\d+)?)")
MOST_CHAINED = 3
MOST_SAID = 1000
FILED = "new.filed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """What a form of the page brings: a button, words, an answer to a question, a step back."""

    tap: str = ""
    words: str = ""
    prompt_id: int = 0
    step: str = ""  # back | cancel
    note: bool = False  # the words are for the ticket's log


NOTHING = Given()


def wanted(tap: str) -> bool:
    """Whether a button can be pressed on the page; a talk through the line needs a chat."""
    return TAPS.fullmatch(tap) is not None


async def turn_of(session: Session, actor: Actor, *, now: datetime, world: World, given: Given = NOTHING) -> Turn:
    """Build the turn of an event on the page."""
    policy = await world.policies.of(session, actor.community_id, changed=actor.has_own_settings)
    inbound = Inbound(
        channel=Channel.WEB,
        account=deskpass.ACCOUNT,
        event_id=actor.event_id,
        sender=f"staff-{actor.staff.staff_id}" if actor.staff else "",
        address="",
        text=given.words[:MOST_SAID],
        tap=given.tap,
        tap_id=actor.event_id if given.tap else "",
    )
    return Turn(session, actor, inbound, now, policy, world)


async def act(turn: Turn, row: DeskAct, *, given: Given) -> None:
    """Do what a form of the page asks for, and keep the answer with it; a refusal is an answer too."""
    try:
        answer = await _followed(turn, await _routed(turn, row, given))
    except Refused as refused:
        row.says, row.refused = wire.pack_say(Say(refused.text)), True
        return
    row.prompt_id = answer.prompt_id
    row.refused = answer.toast is not None and answer.toast.alert
    row.ticket_id = await _filed(turn, answer) or row.ticket_id
    said = answer.say or Say(answer.toast.text if answer.toast else T("tap.ok"))
    row.says = wire.pack_say(said)


async def _routed(turn: Turn, row: DeskAct, given: Given) -> Reply:
    if given.prompt_id:
        return await _answered(turn, given)
    if given.note and row.ticket_id is not None:
        ticket, _ = await tickets.act(turn, row.ticket_id, Action.NOTE, said=Said(turn.text))
        return reply(T("desk.page.noted", number=ticket.number))
    if not wanted(given.tap):
        raise NotFound
    pressed = dataclasses.replace(turn, inbound=dataclasses.replace(turn.inbound, text=""))
    return await _with_words(turn, await router.route(pressed) or Reply(), given)


async def _with_words(turn: Turn, answer: Reply, given: Given) -> Reply:
    """Words that were sent along with a button answer the first question of its form."""
    if answer.then is None or not turn.text:
        return answer
    first = await forms.begin(turn, registry.form_named(answer.then.form), answer.then.given)
    prompt = await _open(turn, first.prompt_id) if first.prompt_id else None
    if prompt is None:
        return first
    return await forms.hear(_spoken(turn, given.words), registry.form_named(prompt.form), prompt)


async def _answered(turn: Turn, given: Given) -> Reply:
    """Take a step in a question of the page: an option, words, back, cancel."""
    prompt = await _open(turn, given.prompt_id)
    if prompt is None:
        return Reply(toast=Toast(T("tap.over"), alert=True))
    form = registry.form_named(prompt.form)
    if given.step == "cancel":
        return forms.cancel(prompt)
    if given.step == "back":
        return await forms.back(turn, form, prompt)
    if given.tap:
        return await router.route(turn) or Reply()
    return await forms.hear(turn, form, prompt)


async def _open(turn: Turn, prompt_id: int) -> Prompt | None:
    """Return a question of this page that still waits."""
    prompt = await conversations.by_id(turn.session, prompt_id=prompt_id, address_id=turn.actor.to.address_id)
    if prompt is None or prompt.state != "open" or prompt.form not in registry.FORMS:
        return None
    if prompt.expires_at is not None and prompt.expires_at <= turn.now:
        prompt.state = "expired"
        return None
    return prompt


def _spoken(turn: Turn, words: str) -> Turn:
    return dataclasses.replace(turn, inbound=dataclasses.replace(turn.inbound, tap="", tap_id="", text=words))


async def _followed(turn: Turn, answer: Reply) -> Reply:
    """Begin the form that an answer leads to; what was said before stays above it."""
    said: list[Text | None] = []
    for _ in range(MOST_CHAINED):
        if answer.then is None:
            break
        said.append(answer.say.text if answer.say else None)
        start, toast = answer.then, answer.toast
        answer = await forms.begin(turn, registry.form_named(start.form), start.given)
        answer = dataclasses.replace(answer, toast=answer.toast or toast)
    if any(said) and answer.say is not None:
        answer = dataclasses.replace(answer, say=dataclasses.replace(answer.say, text=lines(*said, answer.say.text)))
    return answer


async def _filed(turn: Turn, answer: Reply) -> int | None:
    """Return the ticket that was just filed, so that the page can go there."""
    number = _number_in(answer.say.text) if answer.say is not None else ""
    if not number:
        return None
    try:
        return (await finding.by_number(turn.session, turn.actor, number=number)).id
    except Refused:  # it is filed, but not theirs to see
        return None


def _number_in(text: Text | None) -> str:
    if isinstance(text, Lines):
        return next((found for part in text.parts if (found := _number_in(part))), "")
    return str(text.params["number"]) if text is not None and text.key == FILED else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """What the desk typed while somebody was on the phone or at the counter."""

    what: str
    where: str = ""
    phone: str = ""
    person_id: int = 0
    door: str = desk.Door.PHONE.value


async def take_down(turn: Turn, row: DeskAct, *, caller: Caller) -> None:
    """Read words, place and person as `/new` does, and sum up what will be filed."""
    try:
        given = await _understood(turn, caller)
        answer = await _followed(turn, Reply(then=Start("new", given)))
    except Refused as refused:
        row.says, row.refused = wire.pack_say(Say(refused.text)), True
        return
    row.prompt_id = answer.prompt_id
    row.says = wire.pack_say(answer.say or Say(T("tap.ok")))


async def _understood(turn: Turn, caller: Caller) -> dict[str, Any]:
    if not deskpass.may_enter(turn.actor):
        raise NotAllowed
    number, _ = find_number(caller.phone, turn.world.region)
    given = await desk.known(turn, f"{caller.where} {caller.what} {number}".strip())
    if caller.door in set(desk.Door) and given["door"] != desk.Door.FORWARDED:
        given["door"] = caller.door
    if caller.where:  # place and matter were typed apart; a place that we don't know is kept as it was said
        given["what"] = caller.what
        known, nowhere = given.get("where"), places.of_public(turn, "")["label"]
        if known is None or known["label"] == nowhere:
            given["where"] = {**(known or {"words": True}), "label": caller.where}
    if caller.person_id:
        file = await residents.file_of(turn.session, turn.actor, person_id=caller.person_id)
        given["who"] = file.person.id
        if given.get("where") is None and len(file.homes) == 1:
            unit = file.homes[0].unit
            given["where"] = places.of_unit(unit, unit.id, turn)
    return {name: value for name, value in given.items() if value not in ("", None)}
