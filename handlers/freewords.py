"""Free words: about the work in hand, about a ticket just filed, or something new, by what they seem to want."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence

from handlers import (
    buttons,
    cars,
    commands,
    feematters,
    feequestions,
    gate,
    household,
    linking,
    losses,
    menu,
    mine,
    neighbours,
    notices,
    rectify,
    repair,
    slips,
    telling,
    work,
)
from handlers import words as spoken
from handlers.answers import chosen
from handlers.forms import SKIP
from handlers.turn import Turn
from handlers.verbs import TYPED, VERBS
from services import links
from services.conversations import read_options
from services.messages import Channel, MediaKind, Reply, Start, T, reply
from services.models import Prompt, Ticket
from services.tickets import finding
from services.tickets.rules import State
from services.understanding.intents import Intent
from services.understanding.reading import Reading

JOINS_FROM = 3  # signs: less is no note
GLUED = frozenset({"words.hand_on"})  # a name follows without a space
CALL_OFF = "0"  # by text message: nobody need come, or a person, please


async def answer(turn: Turn) -> Reply | None:
    """Words that answer nothing: about the work in hand, about a ticket just filed, or something new."""
    if turn.actor.staff is not None:
        handled = await _staff_words(turn)
        if handled is not None:
            return handled
    if links.looks_like_code(turn.text) and (turn.actor.person_id is None or turn.text.isupper()):
        return await linking.code(turn, turn.text)
    if turn.inbound.channel is Channel.SMS and turn.text == CALL_OFF:
        return await mine.call_off(turn)
    told = next((verb for key, verb in TOLD.items() if spoken.means(turn, key)), None)
    if told is not None:
        return await told(turn)
    righted = await rectify.typed(turn) if spoken.after(turn, "words.rectified") is not None else None
    asked = righted or await linking.who_of_number(turn)
    if asked is not None:
        return asked
    reading = turn.understood()
    theirs = await finding.newest_open(turn.session, turn.actor)
    recent = finding.just_filed(theirs, turn.actor, since=turn.now - mine.JOINS_FOR)
    if recent is not None and _belongs(turn, reading, recent):
        return await mine.add(turn, recent)
    if turn.inbound.media or turn.inbound.location is not None:
        return await _file_alone(turn, reading, theirs)
    about = await _about_visit(turn, reading, theirs)
    return about if about is not None else await _by_intent(turn, reading, theirs)


async def _lost(turn: Turn) -> Reply:
    return await losses.begin(turn, "")


async def _household(turn: Turn) -> Reply:
    return await household.show(turn, "")


async def _act_for(turn: Turn) -> Reply:
    return await household.act_for(turn, "")


TOLD: Mapping[str, Callable[[Turn], Awaitable[Reply]]] = {  # what residents say that is no matter of its own
    "words.hide_number": mine.hide_number,
    "words.loss": _lost,
    "words.household": _household,
    "words.act_for": _act_for,
}


async def _about_visit(turn: Turn, reading: Reading, theirs: Sequence[Ticket]) -> Reply | None:
    """Words about a visit that should have been, or about finished work."""
    missed = await mine.waited_for_nothing(turn, theirs) if spoken.within(turn, "words.no_show") else None
    return missed if missed is not None else await _about_finished(turn, reading, theirs)


async def _about_finished(turn: Turn, reading: Reading, theirs: Sequence[Ticket]) -> Reply | None:
    """Words about work that waits for the owner's verdict: "still leaking" sends it back, "it's fine" closes it."""
    tickets = [ticket for ticket in theirs if ticket.state == State.DONE]
    if not tickets:
        return None
    ticket = tickets[0]
    if spoken.means(turn, "words.fixed"):
        return await mine.accept(turn, ticket.id)
    same = reading.intent is Intent.REPAIR and reading.category == ticket.category
    if same or spoken.within(turn, "words.not_fixed"):
        return await mine.send_back(turn, ticket.id, turn.text)
    return None


async def _staff_words(turn: Turn) -> Reply | None:
    at_gate = await gate.typed(turn)
    if at_gate is not None:
        return at_gate
    told = await telling.marked(turn)
    if told is not None:
        return told
    verb = next(
        (verb for key, verb in TYPED.items() if spoken.means(turn, key)),
        None,
    ) or next((verb for key, verb in TYPED.items() if spoken.after(turn, key, glued=key in GLUED) is not None), None)
    clock = verb is None and bool(turn.text) and spoken.within(turn, "words.arrived")
    verb = "arrived" if clock else verb
    photo = any(file.kind in {MediaKind.PHOTO, MediaKind.VIDEO} for file in turn.inbound.media)
    if verb is None and not photo:
        return None
    held = await finding.held(turn.session, turn.actor)
    if not held:
        return reply(T("jobs.none")) if verb is not None else None
    if photo and verb != "no_access":
        return await work.photo(turn, held[0])
    if verb is None:
        return None
    found = buttons.fitting(turn.actor, verb, held)
    return await VERBS[verb](turn, found[0].id) if len(found) == 1 else work.which(found, verb)


def is_new(turn: Turn, prompt: Prompt) -> bool:
    """Whether words, or a photo, are plainly about something else than a question that gives way to such."""
    if not read_options(prompt) or chosen(turn, read_options(prompt)) is not None:
        return False
    if any(option.value == SKIP for option in read_options(prompt)):  # free words are asked for: these are some
        return False
    reading = turn.understood()
    tells = reading.category is not None or (reading.confident and reading.intent not in COURTESIES)
    return bool(turn.inbound.media) or tells


COURTESIES = frozenset({Intent.GREETING, Intent.THANKS, Intent.ACKNOWLEDGE, Intent.CANCEL, Intent.PRAISE})


def _belongs(turn: Turn, reading: Reading, ticket: Ticket) -> bool:
    """What follows a filing until somebody accepts belongs to it, unless it is plainly something else."""
    if turn.inbound.media:
        return True
    if reading.intent in NEVER_JOINED or len(turn.text) < 2:  # noqa: PLR2004
        return False
    return not (reading.confident and reading.category is not None and reading.category != ticket.category)


NEVER_JOINED = frozenset(
    {
        Intent.GREETING,
        Intent.THANKS,
        Intent.ACKNOWLEDGE,
        Intent.FEE_QUERY,
        Intent.PAID_ALREADY,
        Intent.INVOICE,
        Intent.PROGRESS_QUERY,
        Intent.URGE,
        Intent.CANCEL,
        Intent.RESCHEDULE,
        Intent.HUMAN_AGENT,
        Intent.NOTICE_QUERY,
        Intent.COMPLAINT,
        Intent.PRAISE,
        Intent.UNSUBSCRIBE,
        Intent.MOVE_CAR,
        Intent.RELEASE_SLIP,
    }
)


ABOUT_MONEY = frozenset(
    {
        Intent.FEE_QUERY,
        Intent.PRICE_QUESTION,
        Intent.PAID_ALREADY,
        Intent.INQUIRY,
        Intent.OUT_OF_SCOPE,
        Intent.NOTICE_QUERY,
    }
)
ASKING = frozenset({Intent.PROGRESS_QUERY, Intent.URGE, Intent.NOTICE_QUERY})


async def _file_alone(turn: Turn, reading: Reading, theirs: Sequence[Ticket]) -> Reply:
    """A photo or a voice message without a question open begins a repair; a position belongs to an open ticket."""
    if turn.inbound.location is not None:
        return await (mine.add(turn, theirs[0]) if theirs else menu.not_understood(turn))
    if reading.intent is Intent.PAID_ALREADY and reading.confident:  # a screenshot of the payment
        return await feematters.paid_words(turn)
    voice = any(file.kind is MediaKind.VOICE for file in turn.inbound.media)
    if voice and not turn.text:
        return await repair.voice_to_desk(turn)
    return Reply(then=Start("repair", await repair.known_from(turn, reading)))


async def _by_intent(turn: Turn, reading: Reading, theirs: Sequence[Ticket]) -> Reply | None:
    if (reading.intent in ABOUT_MONEY or not reading.confident) and feequestions.topic(turn) is not None:
        return await feequestions.asked(turn)
    if reading.when and reading.category is None and reading.intent not in NEVER_JOINED:
        visits = [ticket for ticket in theirs if ticket.state in finding.IN_HAND]
        if len(visits) == 1 and visits[0].promised_at is not None:
            return await mine.reschedule(turn, visits[0].id)
    if reading.intent in ASKING and reading.category is not None:
        known = await neighbours.known_cause(turn, reading.category)
        if known is not None:
            return known
    if not reading.confident and reading.category is None:
        return await _unclear(turn, theirs)
    return await INTENTS.get(reading.intent, menu.not_understood)(turn)


async def _unclear(turn: Turn, theirs: Sequence[Ticket]) -> Reply:
    """Unclear words of somebody whose only ticket is being worked belong to it; else admit it and offer ways on."""
    under_way = [ticket for ticket in theirs if ticket.state == State.WORKING]
    if len(under_way) == 1 and len(turn.text) >= JOINS_FROM:
        return await mine.add(turn, under_way[0])
    return await menu.not_understood(turn)


async def _new_repair(turn: Turn) -> Reply:
    return await commands.new_repair(turn, turn.text)


async def _new_complaint(turn: Turn) -> Reply:
    return await commands.new_complaint(turn, turn.text)


def _asks(matter: str) -> Callable[[Turn], Awaitable[Reply | None]]:
    async def begin(turn: Turn) -> Reply:
        return Reply(then=Start("inquiry", {"matter": matter, "what": turn.text}))

    return begin


def _about_mine(verb: str) -> Callable[[Turn], Awaitable[Reply | None]]:
    async def act(turn: Turn) -> Reply:
        return await mine.which(turn, verb)

    return act


INTENTS: Mapping[Intent, Callable[[Turn], Awaitable[Reply | None]]] = {
    Intent.REPAIR: _new_repair,
    Intent.JOIN: neighbours.me_too,
    Intent.COMPLAINT: _new_complaint,
    Intent.SUGGESTION: _new_complaint,
    Intent.PRAISE: _new_complaint,
    Intent.FEE_QUERY: feequestions.asked,
    Intent.PAID_ALREADY: feematters.paid_words,
    Intent.INVOICE: feematters.invoice_words,
    Intent.MOVE_CAR: cars.begin,
    Intent.RELEASE_SLIP: slips.begin,
    Intent.PRICE_QUESTION: _asks("other"),
    Intent.INQUIRY: _asks("other"),
    Intent.NOTICE_QUERY: notices.show,
    Intent.PROGRESS_QUERY: mine.show,
    Intent.URGE: _about_mine("urge"),
    Intent.CANCEL: _about_mine("cancel"),
    Intent.RESCHEDULE: _about_mine("reschedule"),
    Intent.HUMAN_AGENT: menu.person,
    Intent.UNSUBSCRIBE: menu.unsubscribe,
    Intent.GREETING: menu.greeted,
    Intent.THANKS: menu.thanked,
    Intent.ACKNOWLEDGE: menu.noted,
}
