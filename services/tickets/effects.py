"""What follows an action, by action."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from services.catalog import Kind, Payer
from services.db import Session
from services.tickets import addressees, forwarded, joined
from services.tickets import effects_complaints as complaints
from services.tickets import effects_offers as offers
from services.tickets import effects_owner as owner
from services.tickets import effects_work as work
from services.tickets.deeds import Deed
from services.tickets.effects_work import Effect
from services.tickets.rules import HELD, IN_HAND, Action, Standing, State


async def follow(session: Session, deed: Deed) -> None:
    """Say and plan what the action brings with it."""
    effect = EFFECTS.get(deed.action)
    if effect is not None:
        await effect(session, deed)
    if deed.ticket.joined_count:
        await joined.follow(session, deed)
    if deed.ticket.kind == Kind.RECTIFICATION:
        await addressees.follow(session, deed)
    if _leaves_a_price_open(deed):
        await offers.over(session, deed)
    await forwarded.reached(session, deed)
    if deed.said.words and Standing.REQUESTER in deed.standings:
        await complaints.heed(session, deed)


def _leaves_a_price_open(deed: Deed) -> bool:
    """Whether work ends that may have been quoted without an answer."""
    quoted = deed.before is State.PAUSED or deed.ticket.payer == Payer.QUOTED
    return quoted and deed.before in HELD and deed.ticket.state not in IN_HAND


EFFECTS: Mapping[Action, Effect] = {
    Action.ASSIGN: work.assigned,
    Action.HAND_ON: work.assigned,
    Action.ACCEPT: work.accepted,
    Action.GRAB: work.accepted,
    Action.GIVE_BACK: work.given_back,
    Action.NOT_OURS: work.not_ours,
    Action.ON_THE_WAY: work.told_owner("on_the_way"),
    Action.ARRIVED: work.told_owner("arrived"),
    Action.NO_ACCESS: work.no_access,
    Action.NO_SHOW: work.no_show,
    Action.PROBLEM: work.problem,
    Action.PAUSE: work.paused,
    Action.RESUME: work.resumed,
    Action.EXTEND: work.extended,
    Action.ASK: work.asked,
    Action.TELL: work.told,
    Action.QUOTE: offers.quoted,
    Action.AGREE: offers.agreed,
    Action.DECLINE: offers.declined,
    Action.MERGE: offers.merged,
    Action.UNMERGE: offers.unmerged,
    Action.DONE: owner.done,
    Action.ANSWER: owner.answered,
    Action.NOTE: owner.noted,
    Action.RESCHEDULE: owner.rescheduled,
    Action.OWNER_ACCEPTS: owner.owner_accepted,
    Action.OWNER_RETURNS: owner.owner_returned,
    Action.REOPEN: owner.reopened,
    Action.CLOSE: owner.closed,
    Action.CANCEL: owner.cancelled,
    Action.URGE: owner.urged,
    Action.APPEAL: complaints.appealed,
    Action.RALLY: complaints.rallied,
    Action.INHERIT: owner.inherited,
}


class Heard(StrEnum):
    """Who hears of an action; whoever does it needs no telling."""

    OWNER = "owner"
    HOLDER = "holder"
    FRONT = "front"
    ELSE = "else"  # the desk, where nobody holds the ticket or its owner can't be reached
    LEADS = "leads"


def _heard(names: str) -> frozenset[Heard]:
    return frozenset(Heard(name) for name in names.split())


HEARD: Mapping[Action, frozenset[Heard]] = {
    Action.ASSIGN: _heard("holder"),
    Action.HAND_ON: _heard("holder"),
    Action.ACCEPT: _heard("owner holder"),
    Action.GRAB: _heard("owner holder"),
    Action.GIVE_BACK: _heard("front"),
    Action.NOT_OURS: _heard("owner front"),
    Action.CALLED: _heard(""),
    Action.ON_THE_WAY: _heard("owner"),
    Action.ARRIVED: _heard("owner"),
    Action.NO_ACCESS: _heard("owner else"),
    Action.NO_SHOW: _heard("holder leads"),
    Action.PROBLEM: _heard("owner leads"),
    Action.PAUSE: _heard("owner"),
    Action.RESUME: _heard("holder"),
    Action.EXTEND: _heard("owner holder"),
    Action.RESCHEDULE: _heard("owner holder else"),
    Action.ASK: _heard("owner"),
    Action.ANSWER: _heard("holder else"),
    Action.TELL: _heard("owner else"),
    Action.NOTE: _heard("holder"),
    Action.QUOTE: _heard("owner else"),
    Action.AGREE: _heard("holder"),
    Action.DECLINE: _heard("holder"),
    Action.DONE: _heard("owner else"),
    Action.OWNER_ACCEPTS: _heard("holder"),
    Action.OWNER_RETURNS: _heard("holder"),
    Action.CLOSE: _heard("owner front"),  # of what ended in silence somebody calls
    Action.REOPEN: _heard("owner holder else"),
    Action.CANCEL: _heard("owner holder"),
    Action.MERGE: _heard("owner holder"),
    Action.UNMERGE: _heard("owner front"),
    Action.LINK: _heard(""),
    Action.URGE: _heard("holder else"),
    Action.APPEAL: _heard("holder else"),
    Action.CONCERN: _heard(""),
    Action.RALLY: _heard("holder"),  # and whoever else is called
    Action.REPLY: _heard(""),
    Action.QUALITY: _heard(""),
    Action.SIGN_OFF: _heard(""),
    Action.FOUND_RIGHT: _heard(""),
    Action.FOUND_WRONG: _heard(""),
    Action.INHERIT: _heard("owner holder"),
}
