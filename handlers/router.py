"""Which handler a message is for: tap, command, open question, joined ticket, free words, in this order."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence

from handlers import complaint, desk, emergency, fees, forms, linking, menu, mine, notices, relay, repair, survey, work
from handlers import words as spoken
from handlers.answers import chosen
from handlers.forms import Form
from handlers.turn import Turn
from services import conversations, links, places, relays
from services.conversations import CHOOSE, read_options
from services.messages import MediaKind, Reply, Say, Start, T, Toast, lines, reply
from services.models import Prompt, Ticket
from services.refusals import NotFound
from services.tickets import finding
from services.understanding.intents import Intent
from services.understanding.reading import Reading

Command = Callable[[Turn, str], Awaitable[Reply | None]]

FORMS: Mapping[str, type[Form]] = {
    form.name: form
    for form in (
        repair.FileRepair,
        complaint.FileComplaint,
        menu.AskDesk,
        linking.WhichPerson,
        linking.WhichCommunity,
        linking.Review,
        mine.Note,
        mine.Return,
        mine.Reschedule,
        mine.AnswerStaff,
        mine.Verdict,
        survey.TakeSurvey,
        survey.FollowedUp,
        work.HandOn,
        work.NotOurs,
        work.ReportProblem,
        work.AskOwner,
        work.Done,
        desk.NewTicket,
    )
}


def _plain(handler: Callable[[Turn], Awaitable[Reply | None]]) -> Command:
    async def command(turn: Turn, rest: str) -> Reply | None:  # noqa: ARG001
        return await handler(turn)

    return command


async def _start(turn: Turn, rest: str) -> Reply:
    payload = turn.inbound.start or rest
    if payload and (found := await places.by_code(turn.session, community_id=turn.actor.community_id, code=payload)):
        label = found.name
        return Reply(then=Start("repair", {"where": {"public": True, "building": "", "label": label}, **_who(turn)}))
    if payload:
        return await linking.code(turn, payload)
    return await (menu.start(turn) if turn.actor.person_id is not None else linking.offer(turn))


def _who(turn: Turn) -> dict[str, bool]:
    return {"stranger": turn.actor.person_id is None and not turn.actor.phone}


async def _repair(turn: Turn, rest: str) -> Reply:
    if not rest:
        return Reply(then=Start("repair", _who(turn)))
    return Reply(then=Start("repair", await repair.known_from(turn, turn.understood())))


async def _complaint(turn: Turn, rest: str) -> Reply:
    return Reply(then=Start("complaint", await complaint.known_from(turn) if rest else {}))


async def _ask(turn: Turn, rest: str) -> Reply:  # noqa: ARG001
    return Reply(then=Start("inquiry", {"matter": rest}))


async def _callback(turn: Turn) -> Reply:
    return Reply(then=Start("inquiry", {"what": turn.label(T("more.callback"))}))


async def _language(turn: Turn, rest: str) -> Reply:
    return await (menu.set_language(turn, rest) if rest else menu.language(turn))


async def _ticket(turn: Turn, rest: str) -> Reply:
    return await work.open_ticket(turn, rest.strip()) if rest else await mine.show(turn)


async def _review(turn: Turn) -> Reply:  # noqa: ARG001
    return Reply(then=Start("review", {}))


COMMANDS: Mapping[str, Command] = {
    "start": _start,
    "menu": _start,
    "help": _plain(menu.helped),
    "repair": _repair,
    "mine": _plain(mine.show),
    "my": _plain(mine.show),
    "fees": _plain(fees.show),
    "notices": _plain(notices.show),
    "complaint": _complaint,
    "person": _plain(menu.person),
    "callback": _plain(_callback),
    "more": _plain(menu.more),
    "ask": _ask,
    "language": _language,
    "review": _plain(_review),
    "new": desk.new,
    "jobs": _plain(work.jobs),
    "ticket": _ticket,
    "code": desk.code,
    "team": desk.group,
    "end": _plain(relay.end),
}
LABELS = ("menu.repair", "menu.mine", "menu.fees", "menu.notices", "menu.complaint", "menu.person", "menu.more.button")
IN_GROUPS = frozenset({"jobs", "ticket", "team", "new"})


async def route(turn: Turn) -> Reply | None:
    """Find the handler and let it answer; None: nothing is said."""
    if turn.inbound.tap:
        return await _tap(turn)
    if turn.inbound.group:
        return await _in_group(turn)
    if turn.actor.house is None:
        return await _no_house(turn)
    if turn.inbound.start or turn.inbound.contact is not None:
        return await (_start(turn, "") if turn.inbound.start else linking.contact(turn))
    danger = emergency.spotted(turn)
    if danger is not None:
        return await emergency.answer(turn, danger)
    return await _in_private(turn)


async def _no_house(turn: Turn) -> Reply | None:
    """Ask a stranger on a shared account which estate he means; a code or a printed spot says it by itself."""
    if turn.inbound.start:
        return await _start(turn, "")
    prompts = await conversations.open_prompts(turn.session, address_id=turn.actor.to.address_id)
    answered = await _answer(turn, prompts)
    return answered if answered is not None else Reply(then=Start("community", {"words": turn.text}))


async def _in_private(turn: Turn) -> Reply | None:
    prompts = await conversations.open_prompts(turn.session, address_id=turn.actor.to.address_id)
    command = _command(turn)
    if command is not None:
        return await COMMANDS[command[0]](turn, command[1])
    talk = await relays.of(turn.session, address_id=turn.actor.to.address_id, now=turn.now)
    if talk is not None:
        return await relay.hear(turn, talk)
    answered = await _answer(turn, prompts)
    if answered is not None:
        return answered
    return await _free(turn)


def _command(turn: Turn) -> tuple[str, str] | None:
    """Return the command that the words are: `/name rest`, or exactly a label of the menu."""
    text = turn.text
    if text.startswith("/"):
        name, _, rest = text[1:].partition(" ")
        name = name.partition("@")[0].lower()
        return (name, rest.strip()) if name in COMMANDS else ("help", "")
    bare = _bare(text)
    for key in LABELS:
        if bare and bare in {_bare(label) for label in turn.world.texts.all_labels(T(key))}:
            return key.split(".")[1], ""
    return ("menu", "") if spoken.means(turn, "words.menu") else None


def _bare(label: str) -> str:
    return "".join(sign for sign in label if sign.isalnum()).lower()


async def _tap(turn: Turn) -> Reply | None:
    kind, _, rest = turn.inbound.tap.partition(":")
    if kind == "p":
        return await _prompt_tap(turn, rest)
    parts = rest.split(":")
    if kind == "go" and parts[0] in COMMANDS:
        return await COMMANDS[parts[0]](turn, ":".join(parts[1:]))
    if kind == "t":
        return await _ticket_tap(turn, parts)
    if kind == "l":
        return await desk.decide(turn, int(parts[1]), approve=parts[0] == "yes")
    if kind == "f":
        return await survey.follow_up(turn, int(parts[1]))
    return Reply(toast=Toast(T("tap.stale")))


async def _prompt_tap(turn: Turn, rest: str) -> Reply:
    prompt_id, name, index = rest.split(":")
    prompt = await conversations.by_id(turn.session, prompt_id=int(prompt_id), address_id=turn.actor.to.address_id)
    if prompt is None or prompt.state != "open" or prompt.form not in FORMS:
        return Reply(toast=Toast(T("tap.over")), say=_over(prompt))
    if _expired(turn, prompt):
        prompt.state = "expired"
        return reply(T("form.expired"), toast=T("form.expired"))
    return await forms.tap(turn, FORMS[prompt.form], prompt, name=name, index=int(index))


def _over(prompt: Prompt | None) -> Say | None:
    return Say(T("form.expired")) if prompt is not None and prompt.state == "expired" else None


async def _ticket_tap(turn: Turn, parts: Sequence[str]) -> Reply:
    verb, ticket_id = parts[0], int(parts[1])
    if verb == "send":
        return await work.send(turn, ticket_id, int(parts[2]))
    handler = relay.talk if verb == "talk" else work.VERBS.get(verb) or mine.VERBS.get(verb)
    if handler is None:
        return Reply(toast=Toast(T("tap.stale")))
    return await handler(turn, ticket_id)


async def _in_group(turn: Turn) -> Reply | None:
    """In a group only commands and replies to cards are heard; an admin who hides can't act."""
    command = _command(turn) if turn.text.startswith("/") else None
    if command is not None and command[0] in IN_GROUPS:
        if turn.inbound.anonymous:
            return reply(T("group.anonymous"))
        return await COMMANDS[command[0]](turn, command[1])
    if turn.actor.staff is None or not turn.inbound.reply_to:
        return None
    ticket = await work.ticket_of_card(turn)
    return await work.reply_in_group(turn, ticket) if ticket is not None else None


async def _answer(turn: Turn, prompts: Sequence[Prompt]) -> Reply | None:
    """Give the words to the open question they belong to; None when there is none."""
    for prompt in prompts:
        if _expired(turn, prompt):
            prompt.state = "expired"
            continue
        if prompt.form == CHOOSE:
            found = chosen(turn, read_options(prompt))
            if found is not None:
                return await _chosen(turn, str(found.value))
        elif prompt.form in FORMS:
            return await _hear(turn, prompt, prompts)
    return None


async def _chosen(turn: Turn, tap: str) -> Reply | None:
    """A typed number or label stands for a button: go the button's way."""
    import dataclasses  # noqa: PLC0415

    return await _tap(dataclasses.replace(turn, inbound=dataclasses.replace(turn.inbound, tap=tap, text="")))


async def _hear(turn: Turn, prompt: Prompt, prompts: Sequence[Prompt]) -> Reply:
    form = FORMS[prompt.form]
    digits = {option.digit for option in read_options(prompt)}
    if turn.text not in digits or not turn.text:
        if spoken.means(turn, "words.back"):
            return await forms.back(turn, form, prompt)
        if spoken.means(turn, "words.cancel"):
            return forms.cancel(prompt)
    others = [p for p in prompts if p.form != CHOOSE and p.id != prompt.id]
    answer = await forms.hear(turn, form, prompt)
    if others and answer.say is not None and prompt.state == "done":
        return _saying_which(answer, form)
    return answer


def _saying_which(answer: Reply, form: type[Form]) -> Reply:
    import dataclasses  # noqa: PLC0415

    if answer.say is None:
        return answer
    text = lines(T("form.answered", form=T(f"form.name.{form.name}")), answer.say.text)
    return dataclasses.replace(answer, say=dataclasses.replace(answer.say, text=text))


def _expired(turn: Turn, prompt: Prompt) -> bool:
    return prompt.expires_at is not None and prompt.expires_at <= turn.now


async def _free(turn: Turn) -> Reply | None:
    """Words that answer nothing: about the work in hand, about a ticket just filed, or something new."""
    if turn.actor.staff is not None:
        handled = await _staff_words(turn)
        if handled is not None:
            return handled
    if links.looks_like_code(turn.text) and turn.actor.person_id is None:
        return await linking.code(turn, turn.text)
    if spoken.means(turn, "words.hide_number"):
        return await mine.hide_number(turn)
    reading = turn.understood()
    recent = await finding.waiting(turn.session, turn.actor, since=turn.now - mine.JOINS_FOR)
    if recent is not None and _belongs(turn, reading, recent):
        return await mine.add(turn, recent)
    if turn.inbound.media:
        return await _file_alone(turn, reading)
    return await _by_intent(turn, reading)


async def _staff_words(turn: Turn) -> Reply | None:
    verb = next(
        (verb for key, verb in work.TYPED.items() if spoken.means(turn, key)),
        None,
    ) or next((verb for key, verb in work.TYPED.items() if spoken.after(turn, key) is not None), None)
    clock = verb is None and bool(turn.text) and spoken.within(turn, "words.arrived")
    verb = "arrived" if clock else verb
    photo = any(file.kind in {MediaKind.PHOTO, MediaKind.VIDEO} for file in turn.inbound.media)
    if verb is None and not photo:
        return None
    held = await finding.held(turn.session, turn.actor)
    if not held:
        return reply(T("jobs.none")) if verb is not None else None
    if photo:
        return await work.photo(turn, held[0])
    if verb is None:
        return None
    if len(held) == 1 or held[0].state == "working" != held[1].state:
        return await work.VERBS[verb](turn, held[0].id)
    return await _which_job(turn, verb, held)


async def _which_job(turn: Turn, verb: str, held: Sequence[Ticket]) -> Reply:
    from services.messages import Choice, plain  # noqa: PLC0415

    choices = [Choice(plain(f"{ticket.number} {ticket.place}"), f"t:{verb}:{ticket.id}") for ticket in held[:6]]
    del turn
    return reply(T("jobs.which"), *[[choice] for choice in choices])


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
        Intent.PROGRESS_QUERY,
        Intent.URGE,
        Intent.CANCEL,
        Intent.RESCHEDULE,
        Intent.HUMAN_AGENT,
        Intent.NOTICE_QUERY,
        Intent.COMPLAINT,
        Intent.PRAISE,
    }
)


async def _file_alone(turn: Turn, reading: Reading) -> Reply:
    """A photo or a voice message without a question open begins a repair."""
    voice = any(file.kind is MediaKind.VOICE for file in turn.inbound.media)
    if voice and not turn.text:
        return await repair.voice_to_desk(turn)
    return Reply(then=Start("repair", await repair.known_from(turn, reading)))


async def _by_intent(turn: Turn, reading: Reading) -> Reply | None:
    if not reading.confident and reading.category is None:
        return await menu.not_understood(turn)
    return await INTENTS.get(reading.intent, menu.not_understood)(turn)


async def _new_repair(turn: Turn) -> Reply:
    return await _repair(turn, turn.text)


async def _new_complaint(turn: Turn) -> Reply:
    return await _complaint(turn, turn.text)


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
    Intent.COMPLAINT: _new_complaint,
    Intent.SUGGESTION: _new_complaint,
    Intent.PRAISE: _new_complaint,
    Intent.FEE_QUERY: fees.show,
    Intent.PAID_ALREADY: _asks("other"),
    Intent.INVOICE: _asks("invoice"),
    Intent.MOVE_CAR: _asks("move_car"),
    Intent.RELEASE_SLIP: _asks("release_slip"),
    Intent.PRICE_QUESTION: _asks("other"),
    Intent.INQUIRY: _asks("other"),
    Intent.NOTICE_QUERY: notices.show,
    Intent.PROGRESS_QUERY: mine.show,
    Intent.URGE: _about_mine("urge"),
    Intent.CANCEL: _about_mine("cancel"),
    Intent.RESCHEDULE: _about_mine("reschedule"),
    Intent.HUMAN_AGENT: menu.person,
    Intent.GREETING: menu.greeted,
    Intent.THANKS: menu.thanked,
    Intent.ACKNOWLEDGE: menu.thanked,
}


def form_named(name: str) -> type[Form]:
    """Return a form by the name its rows bear; raises `NotFound` when a deploy removed it."""
    if name not in FORMS:
        raise NotFound
    return FORMS[name]
