"""Which handler a message is for: tap, command, open question, joined ticket, free words, in this order."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Sequence

from handlers import (
    calls,
    commands,
    emergency,
    fees,
    forms,
    freewords,
    imports,
    linking,
    relay,
    shortcodes,
    telling,
    unitdesk,
    wording,
    work,
)
from handlers import words as spoken
from handlers.answers import chosen
from handlers.form import Form
from handlers.registry import FORMS
from handlers.turn import Turn
from handlers.verbs import VERBS
from services import conversations, relays
from services.conversations import CHOOSE, read_options
from services.messages import Happening, Reply, Start, T, Toast, lines, reply
from services.models import Prompt

PROMPT_TAP = re.compile(r"p:(\d{1,18}):([a-z_]{1,40}):(\d{1,3})")
TICKET_TAP = re.compile(r"t:([a-z_]{1,20}):(\d{1,18})(?::(\d{1,18}))?")
COMMAND_TAP = re.compile(r"go:([a-z]{1,20})(?::(.{1,40}))?")
LINK_TAP = re.compile(r"l:(yes|no):(\d{1,18})")
CALL_TAP = re.compile(r"f:([a-z_]{1,20}):(\d{1,18})")
SHORT_ANSWER = 6  # signs: so short a message can only have meant the question that expired


async def route(turn: Turn) -> Reply | None:
    """Find the handler and let it answer; None: nothing is said."""
    answer = await _routed(turn)
    if answer is None or not answer.words:
        return answer
    inbound = dataclasses.replace(turn.inbound, text=answer.words, tap="", media=())
    return await _in_private(dataclasses.replace(turn, inbound=inbound))


async def _routed(turn: Turn) -> Reply | None:
    if turn.inbound.happening is Happening.EDITED:
        return await emergency.edited(turn)
    if turn.inbound.tap:
        return await _tap(turn)
    if turn.inbound.group:
        return await _in_group(turn)
    if turn.actor.house is None:
        return await _no_house(turn)
    if turn.inbound.start or turn.inbound.contact is not None:
        return await (commands.start(turn, "") if turn.inbound.start else linking.contact(turn))
    if await _announces(turn):
        return await _in_private(turn)
    return await emergency.heard(turn) or await emergency.asked(turn) or await _in_private(turn)


async def _announces(turn: Turn) -> bool:
    """Whether the desk is writing down what many homes shall read: "the main has burst" is no alarm then."""
    if not turn.actor.is_front:
        return False
    waiting = await conversations.newest(turn.session, address_id=turn.actor.to.address_id)
    form = FORMS.get(waiting.form) if waiting is not None else None
    return bool(waiting and form and form.announces and form.announces == waiting.asked)


async def _no_house(turn: Turn) -> Reply | None:
    """Ask a stranger on a shared account which estate he means; a code or a printed spot says it by itself."""
    if turn.inbound.start:
        return await commands.start(turn, "")
    danger = await emergency.heard(turn)
    if danger is not None:
        return danger
    prompts = await conversations.open_prompts(turn.session, address_id=turn.actor.to.address_id)
    answered = await _answer(turn, prompts)
    return answered if answered is not None else Reply(then=Start("community", {"words": turn.text}))


async def _in_private(turn: Turn) -> Reply | None:
    prompts = await conversations.open_prompts(turn.session, address_id=turn.actor.to.address_id)
    prompts = [prompt for prompt in prompts if prompt.state == "open"]  # this very turn may have ended one
    command = commands.named(turn)
    if command is not None:
        return await commands.COMMANDS[command[0]](turn, command[1])
    told = await telling.numbered(turn)
    if told is not None:
        return told
    talk = await relays.of(turn.session, turn.actor, now=turn.now)
    if talk is not None and not wording.awaits(prompts, talk):
        return await relay.hear(turn, talk)
    coded = await shortcodes.answer(turn, asked=any(prompt.form in FORMS for prompt in prompts))
    if coded is not None:
        return coded
    table = await imports.arrived(turn)
    if table is not None:  # no question of ours is answered by one
        return table
    answered = await emergency.heads(turn) or await fees.coded(turn) or await _answer(turn, prompts)
    if answered is not None:
        return answered
    return await freewords.answer(turn)


async def _tap(turn: Turn) -> Reply | None:
    """Go a button's way; what does not read as one of ours is an old button."""
    tap = turn.inbound.tap
    if found := PROMPT_TAP.fullmatch(tap):
        return await _prompt_tap(turn, int(found[1]), found[2], int(found[3]))
    if found := TICKET_TAP.fullmatch(tap):
        return await _ticket_tap(turn, found[1], int(found[2]), int(found[3] or 0))
    if found := COMMAND_TAP.fullmatch(tap):
        command = commands.COMMANDS.get(found[1])
        return await command(turn, found[2] or "") if command else _stale()
    if found := LINK_TAP.fullmatch(tap):
        return await unitdesk.decide(turn, int(found[2]), approve=found[1] == "yes")
    if found := CALL_TAP.fullmatch(tap):
        return await calls.tapped(turn, found[1], int(found[2]))
    return _stale()


def _stale() -> Reply:
    return Reply(toast=Toast(T("tap.stale")))


async def _prompt_tap(turn: Turn, prompt_id: int, name: str, index: int) -> Reply:
    prompt = await conversations.by_id(turn.session, prompt_id=prompt_id, address_id=turn.actor.to.address_id)
    if prompt is None or prompt.form not in FORMS:
        return _stale()
    if prompt.state == "open" and _expired(turn, prompt):
        prompt.state = "expired"
    if prompt.state == "expired":
        return reply(T("form.expired"), toast=T("form.expired"))
    if prompt.state != "open":
        return Reply(toast=Toast(T("tap.over")))
    return await _then_below(turn, prompt, await forms.tap(turn, FORMS[prompt.form], prompt, name=name, index=index))


async def _then_below(turn: Turn, prompt: Prompt, answer: Reply) -> Reply:
    """A dialogue that cut into one that gives way has ended: that one goes on where it stopped."""
    if prompt.state != "done" or answer.then is not None or answer.waits or FORMS[prompt.form].gives_way:
        return answer
    prompts = await conversations.open_prompts(turn.session, address_id=turn.actor.to.address_id)
    waits = (one for one in prompts if one.form in FORMS and FORMS[one.form].gives_way and not _expired(turn, one))
    below = next(waits, None)
    return dataclasses.replace(answer, again=below.id) if below is not None else answer


async def _ticket_tap(turn: Turn, verb: str, ticket_id: int, staff_id: int) -> Reply:
    if verb == "send":
        return await work.send(turn, ticket_id, staff_id)
    handler = VERBS.get(verb)
    return await handler(turn, ticket_id) if handler else _stale()


async def _in_group(turn: Turn) -> Reply | None:
    """In a group only commands, replies to cards and danger are heard; an admin who hides can't act."""
    danger = await emergency.heard(turn)
    if danger is not None:
        return danger
    command = commands.named(turn) if turn.text.startswith("/") else None
    if command is not None and command[0] in commands.IN_GROUPS:
        if turn.inbound.anonymous:
            return reply(T("group.anonymous"))
        return await commands.COMMANDS[command[0]](turn, command[1])
    if turn.actor.staff is None or not turn.inbound.reply_to:
        return None
    ticket = await work.ticket_of_card(turn)
    return await work.reply_in_group(turn, ticket) if ticket is not None else None


async def _answer(turn: Turn, prompts: Sequence[Prompt]) -> Reply | None:
    """Give the words to the open question they belong to; None when there is none."""
    choices_seen = False
    for prompt in prompts:
        if _expired(turn, prompt):
            prompt.state = "expired"
            if prompt.form != CHOOSE and len(turn.text) < SHORT_ANSWER:
                below = [p for p in prompts if p.form in FORMS and p.id != prompt.id and not _expired(turn, p)]
                return forms.with_below(reply(T("form.expired")), prompt, below)
            continue
        if prompt.form == CHOOSE:
            if choices_seen:  # a number means the newest choices only
                continue
            choices_seen = True
            found = chosen(turn, read_options(prompt))
            if found is not None:
                return await _chosen(turn, str(found.value))
        elif prompt.form in FORMS:
            if FORMS[prompt.form].gives_way and freewords.is_new(turn, prompt):
                continue
            return await _hear(turn, prompt, prompts)
    return None


async def _chosen(turn: Turn, tap: str) -> Reply | None:
    """A typed number or label stands for a button: go the button's way."""
    return await _tap(dataclasses.replace(turn, inbound=dataclasses.replace(turn.inbound, tap=tap, text="")))


async def _hear(turn: Turn, prompt: Prompt, prompts: Sequence[Prompt]) -> Reply:
    form = FORMS[prompt.form]
    others = [p for p in prompts if p.form in FORMS and p.id != prompt.id and not _expired(turn, p)]
    answer = await _heard(turn, prompt, form)
    if not others or prompt.state == "open" or answer.then is not None:
        return answer
    if prompt.state == "done" and form is emergency.Emergency:  # help comes first; after "no" his words go on
        return answer
    answer = _saying_which(answer, form) if prompt.state == "done" else answer
    return forms.with_below(answer, prompt, others)


async def _heard(turn: Turn, prompt: Prompt, form: type[Form]) -> Reply:
    if not form.hears_all and chosen(turn, read_options(prompt)) is None:
        if forms.skips(form, prompt) and spoken.means(turn, "words.cancel"):
            return await forms.skip(turn, form, prompt)
        if spoken.means(turn, "words.back"):
            return await forms.back(turn, form, prompt)
        if spoken.means(turn, "words.cancel"):
            return forms.cancel(prompt)
    return await forms.hear(turn, form, prompt)


def _saying_which(answer: Reply, form: type[Form]) -> Reply:
    if answer.say is None:
        return answer
    text = lines(T("form.answered", form=T(f"form.name.{form.name}")), answer.say.text)
    return dataclasses.replace(answer, say=dataclasses.replace(answer.say, text=text))


def _expired(turn: Turn, prompt: Prompt) -> bool:
    return prompt.expires_at is not None and prompt.expires_at <= turn.now
