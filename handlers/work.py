"""Staff work their tickets: accept, hand on, steps on site, problems, questions, done."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from handlers import buttons, calls, quotes, telling, tickets, wording, words
from handlers.tickets import Verb
from handlers.turn import Turn
from services import media, people, surveys
from services.messages import Choice, Reply, Start, T, Toast, When, lines, pairs, plain, reply
from services.models import Ticket
from services.refusals import NotAllowed, NotFound
from services.tickets import finding, passing
from services.tickets.history import Said
from services.tickets.rules import Action, Standing, standings
from services.understanding.normalise import normalise
from services.understanding.times import clock_time

MOST_OFFERED = 6
REASONS = ("skill", "busy", "off_duty", "other")
TRAILING_NUMBER = re.compile(r"\+?\d[\d\s-]{1,18}\d$")
LATEST_BACK = timedelta(hours=24)


async def jobs(turn: Turn) -> Reply:
    """List what the employee holds and what waits for somebody."""
    if turn.actor.staff is None:
        raise NotAllowed
    held = await finding.held(turn.session, turn.actor)
    pool = await finding.pool(turn.session, turn.actor)
    sums = await surveys.sums_of(turn.session, staff_id=turn.actor.staff.staff_id)
    score = T("jobs.score", count=sums.answers, average=f"{sums.average_tenths / 10:.1f}") if sums.answers else None
    owed, open_calls = ((), ()) if turn.inbound.group else await calls.listed(turn)  # whom to call is no group's matter
    if not held and not pool:
        return reply(lines(T("jobs.none"), *owed, score), *pairs(open_calls, across=3), _shift_ends(turn))
    text, rows = tickets.listed([*held, *pool], now=turn.now)
    head = T("jobs.head", held=len(held), pool=len(pool))
    return reply(lines(head, text, *owed, score), *rows, *pairs(open_calls, across=3), _shift_ends(turn))


def _shift_ends(turn: Turn) -> Sequence[Choice]:
    """Offer the ways out of a shift, where only the employee reads it."""
    return () if turn.inbound.group else (Choice(T("do.handover"), "go:handover"), Choice(T("do.off"), "go:off"))


async def accept(turn: Turn, ticket_id: int) -> Reply:
    """Say yes to a ticket, or take one that anybody may have; exactly one wins."""
    ticket = await finding.find(turn.session, turn.actor, ticket_id=ticket_id, lock=True)
    change = await passing.accept(turn.session, turn.actor, ticket=ticket, now=turn.now, policy=turn.policy)
    if change.repeated:
        return noted(turn, T("work.accepted_before", number=ticket.number))
    by = ticket.promised_at or ticket.answer_by
    if by is None:
        return noted(turn, T("work.yours", number=ticket.number))
    visit = ticket.promised_at is not None
    return noted(turn, T("work.accepted" if visit else "work.answer_by", number=ticket.number, by=When(by)))


def noted(turn: Turn, text: T) -> Reply:
    """Answer a tap by a toast: the card itself shows the change. Typed words get an answer in words."""
    return Reply(toast=Toast(text)) if turn.inbound.tap_id else reply(text)


def step(action: Action) -> Verb:
    """Return the verb of a step on the way: called, on the way, arrived."""

    async def verb(turn: Turn, ticket_id: int) -> Reply:
        ticket, change = await tickets.act(turn, ticket_id, action, codes=_typed_time(turn))
        if change.repeated:
            return noted(turn, T("work.step_before", number=ticket.number))
        return noted(turn, T(f"work.{action}", number=ticket.number))

    return verb


def _typed_time(turn: Turn) -> dict[str, datetime]:
    """Read a time typed later, such as "14:20到的"; it counts with its own time."""
    at = clock_time(turn.text, now=turn.now, zone=turn.house.zone) if turn.text else None
    return {"at": at} if at is not None and turn.now - at < LATEST_BACK else {}


async def hand_on(turn: Turn, ticket_id: int) -> Reply:
    """Ask to whom; a name typed along is enough."""
    ticket = await finding.find(turn.session, turn.actor, ticket_id=ticket_id)
    if ticket.holder_id is None:
        return await assign(turn, ticket_id)
    await tickets.may(turn, ticket_id, Action.HAND_ON)
    name, _, why = words.beside(turn, "words.hand_on").partition(" ")
    mine = Standing.HOLDER in standings(turn.actor, ticket)
    given = {"ticket": ticket_id, "mine": mine, "said": name or None, "why": why.strip() or None}
    return Reply(then=Start("hand_on", given))


async def give_back(turn: Turn, ticket_id: int) -> Reply:
    """Ask why; words that say it already are enough."""
    ticket = await tickets.may(turn, ticket_id, Action.GIVE_BACK)
    typed = words.beside(turn, "words.give_back")
    reason, rest = words.reason_in(turn, typed, REASONS)
    given = {"reason": reason or ("other" if typed else None), "words": rest or None}
    return Reply(then=tickets.start("give_back", ticket, **given))


async def not_ours(turn: Turn, ticket_id: int) -> Reply:
    """Ask whose it is; words that say it already are enough."""
    ticket = await tickets.may(turn, ticket_id, Action.NOT_OURS)
    typed = words.beside(turn, "words.not_ours")
    return Reply(then=tickets.start("not_ours", ticket, whose=whose_is(turn, typed) if typed else None))


def whose_is(turn: Turn, typed: str) -> dict[str, str]:
    """Read whose a matter is: a contact of the catalogue by its words, else a name and perhaps a number."""
    number = TRAILING_NUMBER.search(typed)
    name = (typed[: number.start()] if number else typed).strip(words.STRIP)
    said = normalise(name).lower()
    for contact in turn.world.catalog.contacts.values():
        if said in {normalise(word).lower() for word in (*contact.words, *contact.labels.values())}:
            return {"key": contact.key}
    return {"words": name or typed, "phone": number[0].strip() if number else ""}


async def ask(turn: Turn, ticket_id: int) -> Reply:
    """Ask what the owner shall be asked."""
    ticket = await tickets.may(turn, ticket_id, Action.ASK)
    typed = words.beside(turn, "words.ask")
    return Reply(then=tickets.start("ask", ticket, question=typed or None))


async def done(turn: Turn, ticket_id: int) -> Reply:
    """Finish; without a photo or a note the engineer is asked for one."""
    ticket = await tickets.may(turn, ticket_id, Action.DONE)
    if not turn.inbound.media and not _note(turn):
        return Reply(then=Start("done", {"ticket": ticket_id, "number": ticket.number}))
    return await finish(turn, ticket_id, _note(turn))


async def settle(turn: Turn, ticket_id: int) -> Reply:
    """Answer a complaint or a question; the words go to the owner."""
    ticket = await tickets.may(turn, ticket_id, Action.DONE)
    return Reply(then=Start("settle", {"ticket": ticket_id, "number": ticket.number}))


def _note(turn: Turn) -> str:
    """Return what was written beside the word "done"."""
    rest = words.after(turn, "words.done")
    return "" if turn.inbound.tap else (rest if rest is not None else turn.text)


@wording.guarded("done")
async def finish(turn: Turn, ticket_id: int, said: Said) -> Reply:
    """Say that it is done, with what was sent along."""
    ticket, change = await tickets.act(turn, ticket_id, Action.DONE, said=said)
    if change.repeated:
        return reply(T("work.done_before", number=ticket.number))
    return reply(T("work.done", number=ticket.number))


def which(held: Sequence[Ticket], verb: str) -> Reply:
    """Ask which of several tickets was meant."""
    choices = [
        Choice(plain(f"{ticket.number} {ticket.place}"), f"t:{verb}:{ticket.id}") for ticket in held[:MOST_OFFERED]
    ]
    return reply(T("jobs.which"), *[[choice] for choice in choices])


async def photo(turn: Turn, held: Ticket) -> Reply:
    """A photo with a word is "done"; a photo without goes into the ticket, and "done" is one tap away."""
    if turn.text:
        return await finish(turn, held.id, _note(turn) or turn.text)
    kept = await media.keep(turn.session, turn.actor, turn.inbound, now=turn.now)
    await tickets.act(turn, held.id, Action.NOTE, said=Said("", tuple(kept)))
    album = f"album:{turn.inbound.account}:{turn.inbound.album}" if turn.inbound.album else ""
    answer = reply(T("work.photo_kept", number=held.number), [buttons.button("done", held)])
    return Reply(answer.say, key=album)


async def send(turn: Turn, ticket_id: int, staff_id: int) -> Reply:
    """A lead sends somebody by one tap."""
    return await give(turn, ticket_id, staff_id)


async def assign(turn: Turn, ticket_id: int) -> Reply:
    """Ask who shall go."""
    await tickets.may(turn, ticket_id, Action.ASSIGN)
    name = words.beside(turn, "words.hand_on")
    return Reply(then=Start("hand_on", {"ticket": ticket_id, "first": True, "said": name or None}))


async def give(turn: Turn, ticket_id: int, staff_id: int, why: str = "") -> Reply:
    """Give a ticket to a colleague of the same estate."""
    if not await people.works_here(turn.session, staff_id=staff_id, community_id=turn.house.id):
        raise NotFound
    ticket = await finding.find(turn.session, turn.actor, ticket_id=ticket_id)
    action = Action.HAND_ON if ticket.holder_id is not None else Action.ASSIGN
    ticket, _ = await tickets.act(turn, ticket_id, action, said=Said(why), codes={"to": staff_id})
    name = await people.staff_name(turn.session, staff_id)
    return reply(T("work.handed_on", number=ticket.number, name=name))


VERBS: Mapping[str, Verb] = {
    "accept": accept,
    "hand_on": hand_on,
    "assign": assign,
    "give_back": give_back,
    "not_ours": not_ours,
    "called": step(Action.CALLED),
    "on_the_way": step(Action.ON_THE_WAY),
    "arrived": step(Action.ARRIVED),
    "ask": ask,
    "tell": telling.ask_words,
    "done": done,
    "settle": settle,
    **quotes.VERBS,
}
TYPED: Mapping[str, str] = {  # what an employee may type about the ticket in hand
    "words.accept": "accept",
    "words.called": "called",
    "words.on_the_way": "on_the_way",
    "words.arrived": "arrived",
    "words.done": "done",
    "words.not_ours": "not_ours",
    "words.give_back": "give_back",
    "words.hand_on": "hand_on",
    "words.ask": "ask",
    "words.tell": "tell",
    "words.quote": "quote",
}


async def reply_in_group(turn: Turn, ticket: Ticket) -> Reply:
    """A reply to a card in the group is the ticket's internal log; one that begins with `>` is for the owner."""
    if telling.is_marked(turn.text):
        return await telling.with_words(turn, ticket.id, telling.unmarked(turn.text))
    kept = await media.keep(turn.session, turn.actor, turn.inbound, now=turn.now)
    await tickets.act(turn, ticket.id, Action.NOTE, said=Said(turn.text, tuple(kept)))
    return Reply()


async def ticket_of_card(turn: Turn) -> Ticket | None:
    """Return the ticket whose card the message answers."""
    found = await tickets.of_card(turn)
    return await finding.find(turn.session, turn.actor, ticket_id=found) if found is not None else None


async def open_ticket(turn: Turn, number: str) -> Reply:
    """Show a ticket by its number."""
    ticket = await finding.by_number(turn.session, turn.actor, number=number)
    return await tickets.view(turn, ticket)
