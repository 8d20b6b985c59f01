"""Commands: one-turn functions by name, by slash and by the menu's labels."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from functools import lru_cache

from handlers import (
    campaign,
    cars,
    collect,
    complaint,
    day,
    desk,
    deskway,
    dunning,
    feematters,
    feequestions,
    fees,
    finance,
    forms,
    gate,
    household,
    imports,
    incidents,
    leading,
    letters,
    linking,
    losses,
    meetings,
    menu,
    mine,
    moves,
    notices,
    prepay,
    promises,
    rectify,
    relay,
    repair,
    shift,
    slips,
    takeover,
    takings,
    unitdesk,
    wording,
    work,
)
from handlers import words as spoken
from handlers.turn import Turn
from services import conversations, places
from services.messages import Reply, Start, T
from services.slips import PAYLOAD
from services.texts import Texts

Command = Callable[[Turn, str], Awaitable[Reply | None]]


def _plain(handler: Callable[[Turn], Awaitable[Reply | None]]) -> Command:
    async def command(turn: Turn, rest: str) -> Reply | None:  # noqa: ARG001
        return await handler(turn)

    return command


async def start(turn: Turn, rest: str) -> Reply:
    """Greet; a payload is a printed spot, which begins a repair there, or a code to link up with."""
    payload = turn.inbound.start or rest
    if payload.startswith(PAYLOAD):
        return await gate.scanned(turn, payload)
    if payload and (found := await places.by_code(turn.session, community_id=turn.actor.community_id, code=payload)):
        label = found.name
        return Reply(then=Start("repair", {"where": {"public": True, "building": "", "label": label}, **_who(turn)}))
    if payload:
        return await linking.code(turn, payload)
    return await (menu.start(turn) if turn.actor.person_id is not None else linking.offer(turn))


def _who(turn: Turn) -> dict[str, bool]:
    return {"stranger": turn.actor.person_id is None and not turn.actor.phone}


async def new_repair(turn: Turn, rest: str) -> Reply:
    """Begin a repair, with what the message says."""
    if not rest:
        return Reply(then=Start("repair", _who(turn)))
    return Reply(then=Start("repair", await repair.known_from(turn, turn.understood())))


async def new_complaint(turn: Turn, rest: str) -> Reply:
    """Begin a complaint, with what the message says."""
    return Reply(then=Start("complaint", await complaint.known_from(turn) if rest else {}))


async def _ask(turn: Turn, rest: str) -> Reply:
    if rest in OWN_FORMS:
        return await OWN_FORMS[rest](turn)
    return Reply(then=Start("inquiry", {"matter": rest}))


async def _callback(turn: Turn) -> Reply:
    return Reply(then=Start("inquiry", {"what": turn.label(T("more.callback"))}))


async def _language(turn: Turn, rest: str) -> Reply:
    return await (menu.set_language(turn, rest) if rest else menu.language(turn))


async def _ticket(turn: Turn, rest: str) -> Reply:
    return await work.open_ticket(turn, rest.strip()) if rest else await mine.show(turn)


async def _cancel(turn: Turn) -> Reply:
    """End the question on top and ask the one below again; with none open, say how things work."""
    prompts = await conversations.open_prompts(turn.session, address_id=turn.actor.to.address_id)
    waiting = [prompt for prompt in prompts if prompt.form != conversations.CHOOSE]
    if not waiting:
        return await menu.helped(turn)
    return forms.with_below(forms.cancel(waiting[0]), waiting[0], waiting[1:] if waiting[0].urgent else ())


def _two(verb: str) -> Command:
    return lambda turn, rest: leading.two(turn, verb, rest)


def _one(verb: str) -> Command:
    return lambda turn, rest: leading.one(turn, verb, rest)


async def _prepay(turn: Turn, rest: str) -> Reply:
    return await (prepay.begin(turn, rest) if turn.actor.staff is not None else feequestions.about(turn, "prepay"))


OWN_FORMS: Mapping[str, Callable[[Turn], Awaitable[Reply]]] = {
    "release_slip": slips.begin,
    "move_car": cars.begin,
    "invoice": feematters.invoice,
}
COMMANDS: Mapping[str, Command] = {
    "start": start,
    "menu": start,
    "help": _plain(menu.helped),
    "repair": new_repair,
    "mine": _plain(mine.show),
    "my": _plain(mine.show),
    "survey": campaign.command,
    "fees": fees.show,
    "pay": fees.pay,
    "feeq": feequestions.about,
    "feepast": fees.past,
    "statement": fees.statement,
    "paidbefore": feematters.paid,
    "wrongline": feematters.wrong,
    "paid": takings.take,
    "prepay": _prepay,
    "askprepay": prepay.wish,
    "receipt": takings.receipt,
    "receiptpic": takings.picture,
    "account": takings.show,
    "matters": _plain(finance.listed),
    "matter": finance.look,
    "refund": finance.refund,
    "reverse": finance.reverse,
    "notices": _plain(notices.show),
    "complaint": new_complaint,
    "person": _plain(menu.person),
    "callback": _plain(_callback),
    "more": _plain(menu.more),
    "ask": _ask,
    "language": _language,
    "review": _plain(linking.review),
    "new": desk.new,
    "jobs": _plain(work.jobs),
    "ticket": _ticket,
    "merge": _two("merge"),
    "link": _two("link"),
    "unmerge": _one("unmerge"),
    "reopen": _one("reopen"),
    "close": _one("close"),
    "duty": shift.duty,
    "off": _plain(shift.off),
    "handover": _plain(takeover.handover),
    "import": imports.command,
    "incident": incidents.command,
    "loss": losses.begin,
    "code": unitdesk.code,
    "revoke": unitdesk.revoke,
    "home": unitdesk.home,
    "looks": unitdesk.looked,
    "unlink": unitdesk.unlink,
    "sold": moves.sold,
    "lease": moves.let,
    "movedout": moves.moved_out,
    "payer": moves.payer,
    "family": household.show,
    "invite": household.invite,
    "sendaway": household.send_away,
    "actfor": household.act_for,
    "desk": deskway.link,
    "team": desk.group,
    "wording": _plain(wording.listed),
    "today": day.today,
    "uncleared": day.uncleared,
    "week": day.week,
    "month": day.month,
    "end": _plain(relay.end),
    "cancel": _plain(_cancel),
    "gate": gate.check,
    "passed": gate.passed,
    "slip": slips.look,
    "carwaits": cars.waits,
    "rectify": rectify.new,
    "rectified": rectify.rectified,
    "promise": promises.begin,
    "hardship": promises.hardship,
    "meet": meetings.command,
    "keys": unitdesk.keys,
    "spare": dunning.spare,
    "rates": dunning.rates,
    "collect": collect.command,
    "letters": letters.command,
    "handed": letters.handed,
    "legal": letters.legal,
    "record": letters.record,
}
LABELS: Mapping[str, T] = {
    "repair": T("menu.repair"),
    "mine": T("menu.mine"),
    "fees": T("menu.fees"),
    "notices": T("menu.notices"),
    "complaint": T("menu.complaint"),
    "person": T("menu.person"),
    "more": T("menu.more.button"),
}
IN_GROUPS = frozenset({"jobs", "ticket", "team", "new", "duty"})


def named(turn: Turn) -> tuple[str, str] | None:
    """Return the command that the words are: `/name rest`, or exactly a label of the menu."""
    text = turn.text
    if text.startswith("/"):
        name, _, rest = text[1:].partition(" ")
        name = name.partition("@")[0].lower()
        return (name, rest.strip()) if name in COMMANDS else ("help", "")
    labelled = _menu(turn.world.texts).get(_bare(text))
    if labelled is not None:
        return labelled, ""
    return ("menu", "") if spoken.means(turn, "words.menu") else None


@lru_cache
def _menu(texts: Texts) -> Mapping[str, str]:
    """Return the menu's commands by their labels in every language."""
    first_wins = reversed(list(LABELS.items()))
    return {_bare(said): name for name, label in first_wins for said in texts.all_labels(label) if _bare(said)}


def _bare(label: str) -> str:
    return "".join(sign for sign in label if sign.isalnum()).lower()
