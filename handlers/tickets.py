"""Looking a ticket up and showing it, for owners and staff alike."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from handlers import buttons
from handlers.turn import Turn
from services import conversations, people, surveys
from services.catalog import Kind
from services.messages import Choice, Reply, Say, Start, Style, T, Text, When, joined, lines, pairs, plain, reply
from services.models import Quote, Ticket
from services.tickets import calls, engine, faces, finding, history, joining, merging, quotes, surveying
from services.tickets.deeds import Wait
from services.tickets.history import Happened, Said
from services.tickets.needs import LastAnswer
from services.tickets.rules import HELD, IN_HAND, TABLE, Action, Change, Standing, State, decide, standings

Verb = Callable[[Turn, int], Awaitable[Reply]]

MOST_SHOWN = 12
MOST_NEIGHBOURS = 3


async def of_card(turn: Turn) -> int | None:
    """Return the id of the ticket whose card the message answers."""
    inbound = turn.inbound
    if not inbound.reply_to:
        return None
    return await conversations.card_answered(
        turn.session,
        channel=inbound.channel,
        account=inbound.account,
        external=inbound.address,
        message_id=inbound.reply_to,
    )


async def act(
    turn: Turn,
    ticket_id: int,
    action: Action,
    *,
    said: Said | None = None,
    codes: Mapping[str, Any] | None = None,
) -> tuple[Ticket, Change]:
    """Lock the ticket and do an action to it; raises `Refused`."""
    ticket = await finding.find(turn.session, turn.actor, ticket_id=ticket_id, lock=True)
    change = await engine.act(
        turn.session, turn.actor, action, ticket=ticket, now=turn.now, policy=turn.policy, said=said, codes=codes
    )
    return ticket, change


def returned(ticket: Ticket) -> Reply:
    """Say what follows when the owner is not content: the repair, or the answering, goes on."""
    return reply(T("mine.returned" if ticket.kind == Kind.REPAIR else "mine.returned_answer", number=ticket.number))


async def view(turn: Turn, ticket: Ticket) -> Reply:
    """Show a ticket with its timeline and what can be done to it."""
    who = standings(turn.actor, ticket)
    rows = await history.timeline(turn.session, ticket)
    work = await merging.work_of(turn.session, ticket)
    told = [_event(row, ticket, who) for row in _few_joined(rows, who) if _seen_by(row, ticket, who)]
    if work is not None:
        told += [_event(row, work, who) for row in await merging.common_log(turn.session, ticket, work)]
    quote = await quotes.latest(turn.session, ticket) if ticket.kind == Kind.REPAIR else None
    verdicts = await _verdicts(turn, ticket, who)
    text = lines(*await _head(turn, ticket, quote, work), verdicts, *told[-MOST_SHOWN:])
    files = await history.files(turn.session, ticket) if who - {Standing.REQUESTER} else ()
    choices = [*_nods(ticket, quote, who), *buttons.shown(turn.actor, ticket, now=turn.now)]
    return Reply(Say(text, pairs(choices), media=files))


async def _head(turn: Turn, ticket: Ticket, quote: Quote | None, work: Ticket | None) -> Sequence[Text | None]:
    """Say what it is, who has it, what it waits for, by when somebody comes; of a merged one, of the common work."""
    head = T(
        "ticket.head",
        number=ticket.number,
        kind=T(f"kind.{ticket.kind}"),
        state=faces.state_of(ticket),
        place=plain(ticket.place),
        matter=ticket.matter,
    )
    done = work or ticket
    holder = await people.staff_name(turn.session, done.holder_id)
    return [
        head,
        T("ticket.joined", count=done.joined_count) if done.joined_count else None,
        T("ticket.merged", into=work.number) if work else None,
        T("ticket.holder", name=holder) if holder else None,
        faces.resting(done) if done.pause_reason != Wait.QUOTE else None,
        _comes(turn, done),
        quotes.line(ticket, quote),
    ]


async def _verdicts(turn: Turn, ticket: Ticket, who: frozenset[Standing]) -> Text | None:
    """Show employees both verdicts, each by itself: the owner's, whose score the one who did the work never sees."""
    if not who - {Standing.REQUESTER} or Standing.REQUESTER in who:
        return None
    desk = DESK & who and Standing.HOLDER not in who
    score = await surveys.score_of(turn.session, ticket) if desk and ticket.done_at is not None else None
    parts = [
        T("verdict.returned", count=ticket.returns) if ticket.returns else None,
        T("verdict.accepted") if ticket.closed_how == "accepted" else None,
        T("verdict.silent") if ticket.closed_how == "silence" else None,
        T(f"score.{score}") if score else None,
    ]
    said = [part for part in parts if part is not None]
    return lines(
        T("verdict.owner", said=joined(said, " · ")) if said else None,
        T("verdict.desk", said=T(f"quality.{ticket.quality}")) if ticket.quality else None,
    )


def _comes(turn: Turn, ticket: Ticket) -> T | None:
    """Say by when somebody comes, while nobody is there; a time that has passed is admitted."""
    waits = ticket.state in IN_HAND and ticket.state != State.PAUSED and ticket.arrived_at is None
    if ticket.promised_at is None or not waits:
        return None
    by = When(ticket.promised_at)
    return T("ticket.promised", by=by) if ticket.promised_at > turn.now else T("ticket.missed", by=by)


def more(turn: Turn, ticket: Ticket) -> Reply:
    """Offer what else can be done to a ticket."""
    rows = pairs(buttons.others(turn.actor, ticket, now=turn.now))
    return reply(T("ticket.more", number=ticket.number), *rows)


def start(form: str, ticket: Ticket, **given: Any) -> Start:  # noqa: ANN401
    """Begin a form about a ticket, with what is known."""
    return Start(form, {"ticket": ticket.id, "number": ticket.number, **given})


def unsettled(ticket: Ticket, why: str = "") -> Reply:
    """Ask what an answer left open, and who shall look at it; raises `LastAnswer` after the one appeal."""
    if ticket.appeals:
        raise LastAnswer(number=ticket.number)
    return Reply(then=start("unsettled", ticket, why=why or None))


def record_of(ticket: Ticket, rows: Sequence[Happened]) -> Text:
    """Put the whole record of a ticket together as its owner may have it: every step, and what was said to it."""
    head = T(
        "record.head",
        number=ticket.number,
        kind=T(f"kind.{ticket.kind}"),
        place=plain(ticket.place),
        matter=ticket.matter,
    )
    owner = frozenset({Standing.REQUESTER})
    told = [_event(row, ticket, owner, spoken=SPOKEN | {Action.TELL}) for row in rows if _seen_by(row, ticket, owner)]
    return lines(head, *told, T("record.foot"))


async def may(turn: Turn, ticket_id: int, action: Action) -> Ticket:
    """Find a ticket and see that the action can be done to it now, before anything is asked; raises `Refused`."""
    ticket = await finding.find(turn.session, turn.actor, ticket_id=ticket_id)
    decide(action, State(ticket.state), standings(turn.actor, ticket), holds=False)
    return ticket


def _event(row: Happened, ticket: Ticket, who: frozenset[Standing], spoken: frozenset[str] | None = None) -> Text:
    words = row.words if row.action in (spoken or SPOKEN) else None
    private = row.action in INTERNAL and not who - {Standing.REQUESTER}
    return joined(
        [
            T("ticket.event", at=When(_counts(row), Style.FULL), what=_named(row, ticket)),
            T("ticket.event.words", words=words) if words and not private else None,
        ],
        " ",
    )


def _named(row: Happened, ticket: Ticket) -> T:
    """Name what happened: what is answered is not "repaired"; why nobody was asked, and how a call went, are told."""
    if row.action == Action.DONE and ticket.kind != Kind.REPAIR:
        return T("event.answered")
    if row.action == surveying.NOT_SENT:
        return T("event.no_survey", why=T(f"no_survey.{row.codes['why']}"))
    if row.action == calls.NOTED:
        return T("event.followed_up", result=T(f"call.{row.codes['result']}"))
    return T(f"event.{row.action}")


def _seen_by(row: Happened, ticket: Ticket, who: frozenset[Standing]) -> bool:
    """Whether the row is for these eyes: notes among employees are not for the requester, calls are the desk's."""
    if row.action in DESK_ONLY:
        return bool(DESK & who) and (Standing.HOLDER not in who or Standing.LEAD in who)
    if who - {Standing.REQUESTER}:
        return True
    if row.action in AMONG_STAFF:
        return False
    return row.action != Action.NOTE or row.person_id == ticket.requester_id


def _few_joined(rows: Sequence[Happened], who: frozenset[Standing]) -> Sequence[Happened]:
    """Leave out all but the last neighbours, to the requester all: how many they are stands above."""
    if not who - {Standing.REQUESTER}:
        return [row for row in rows if row.action not in {joining.JOINED, joining.STILL}]
    joined = [row for row in rows if row.action == joining.JOINED][:-MOST_NEIGHBOURS]
    return [row for row in rows if row not in joined]


def _counts(row: Happened) -> datetime:
    """Return the time that counts: what was typed later ("14:20到的") has its own."""
    typed = row.codes.get("at")
    return datetime.fromisoformat(typed) if typed else row.at


SPOKEN = frozenset(
    {
        joining.JOINED,
        Action.NOTE,
        Action.ASK,
        Action.ANSWER,
        Action.AGREE,
        Action.DECLINE,
        Action.DONE,
        Action.OWNER_RETURNS,
        Action.NOT_OURS,
        Action.APPEAL,
        Action.REPLY,
        Action.QUALITY,
        Action.REOPEN,
        calls.NOTED,
    }
)
AMONG_STAFF = frozenset(
    {
        Action.CONCERN,
        Action.RALLY,
        Action.REPLY,
        Action.QUALITY,
        "upper_contact",
        "upper_unreached",
        "side_allowed",
    }
)
DESK = frozenset({Standing.FRONT, Standing.LEAD})
DESK_ONLY = frozenset({surveying.NOT_SENT, calls.NOTED})
INTERNAL = frozenset({Action.QUALITY, Action.REOPEN, Action.NOT_OURS, Action.HAND_ON, Action.AGREE, Action.DECLINE})


def _nods(ticket: Ticket, quote: Quote | None, who: frozenset[Standing]) -> Sequence[Choice]:
    """Offer to answer a price that waits: the owner himself, or the desk after a call."""
    if quote is None or quote.state != quotes.ASKED or ticket.state not in HELD:
        return ()
    if Standing.REQUESTER in who:
        return [Choice(T(f"offer.{verb}"), f"t:{verb}:{ticket.id}") for verb in ("agree", "decline")]
    return [buttons.button(verb, ticket) for verb in ("agree", "decline")] if who & TABLE[Action.AGREE].who else ()


def listed(found: Sequence[Ticket], *, now: datetime | None = None) -> tuple[Text, Sequence[Sequence[Choice]]]:
    """Put tickets below each other, each with a button that opens it; `now`: employees see which are late."""
    choices = [Choice(plain(ticket.number), f"t:view:{ticket.id}") for ticket in found]
    return lines(*(faces.one_line(ticket, now=now) for ticket in found)), pairs(choices, across=3)
