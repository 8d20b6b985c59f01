"""One due timer, worked in one transaction: which service call a kind stands for."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from datetime import date, datetime, timedelta

from services import campaigns, cars, handovers, houses, incidents, publishing, slips, surveys, timers
from services.calendar import QuietHours
from services.db import Session
from services.digests import legalround, rounds
from services.dunning import promises as dunning_promises
from services.dunning import rounds as dunning_rounds
from services.models import Timer
from services.money import balances, matters
from services.register import lease, sale
from services.settings import Policies, Policy
from services.tickets import due as tickets
from services.tickets import escalation, finding, followups, forwarded, joined, leaks, quotes

Work = Callable[[Session, Timer, datetime, Policy], Awaitable[object]]

STALE_REMINDER = timedelta(days=2)  # a reminder this late helps nobody


async def take(session: Session, *, now: datetime) -> Timer | None:
    """Take the earliest due timer into this transaction; None when none is due, or somebody else has it.

    Its ticket is locked before it: whoever acts on a ticket moves its timers afterwards, in the same order.
    """
    timer = await timers.earliest(session, now=now)
    if timer is None:
        return None
    if timer.subject == "ticket":
        await finding.locked(session, ticket_id=timer.subject_id)
    return timer if await timers.take(session, timer, now=now) else None


async def work(session: Session, timer: Timer, *, now: datetime, policies: Policies) -> None:
    """Do what a taken timer stands for; at night the gentle ones are moved to the morning."""
    policy = await policies.of(session, timer.community_id)
    rests_until = await _quiet_until(session, timer, now, policy)
    if rests_until > now:
        timer.due_at = rests_until
        return
    timer.state = "done"
    await session.flush()  # what is done may set the same timer anew
    if timer.kind in STALE and now - timer.due_at > STALE[timer.kind]:
        return
    await KINDS[timer.kind](session, timer, now, policy)


async def _quiet_until(session: Session, timer: Timer, now: datetime, policy: Policy) -> datetime:
    """Return when the timer may speak: reminders and surveys rest at night, in the community's zone."""
    if timer.kind not in GENTLE or timer.community_id is None:
        return now
    house = await houses.by_id(session, community_id=timer.community_id)
    return QuietHours(house.zone, policy.quiet.starts, policy.quiet.ends).until(now)


async def _look(session: Session, timer: Timer, now: datetime, policy: Policy) -> None:
    await escalation.look(session, ticket_id=timer.subject_id, now=now, policy=policy)


async def _warn(session: Session, timer: Timer, now: datetime, policy: Policy) -> None:
    await tickets.warn_of_closing(session, ticket_id=timer.subject_id, now=now, policy=policy)


async def _close(session: Session, timer: Timer, now: datetime, policy: Policy) -> None:
    await tickets.close_by_silence(session, ticket_id=timer.subject_id, now=now, policy=policy)


async def _ask(session: Session, timer: Timer, now: datetime, policy: Policy) -> None:
    await surveys.ask_now(session, survey_id=timer.subject_id, now=now, policy=policy)


async def _remind(session: Session, timer: Timer, now: datetime, policy: Policy) -> None:  # noqa: ARG001
    await surveys.remind(session, survey_id=timer.subject_id, now=now)


async def _expire(session: Session, timer: Timer, now: datetime, policy: Policy) -> None:
    await surveys.expire(session, survey_id=timer.subject_id, now=now, policy=policy)


async def _overdue(session: Session, timer: Timer, now: datetime, policy: Policy) -> None:  # noqa: ARG001
    await followups.overdue(session, follow_up_id=timer.subject_id, now=now)


async def _again(session: Session, timer: Timer, now: datetime, policy: Policy) -> None:  # noqa: ARG001
    await followups.again(session, follow_up_id=timer.subject_id, now=now)


async def _send(session: Session, timer: Timer, now: datetime, policy: Policy) -> None:
    await campaigns.send(session, campaign_id=timer.subject_id, now=now, policy=policy)


async def _remind_all(session: Session, timer: Timer, now: datetime, policy: Policy) -> None:  # noqa: ARG001
    await campaigns.remind(session, campaign_id=timer.subject_id, now=now)


async def _end(session: Session, timer: Timer, now: datetime, policy: Policy) -> None:  # noqa: ARG001
    await campaigns.end(session, campaign_id=timer.subject_id, now=now)


async def _quote(session: Session, timer: Timer, now: datetime, policy: Policy) -> None:  # noqa: ARG001
    await quotes.remind(session, quote_id=timer.subject_id, now=now)


async def _tell_joined(session: Session, timer: Timer, now: datetime, policy: Policy) -> None:  # noqa: ARG001
    await joined.tell(session, ticket_id=timer.subject_id, now=now)


async def _ask_joined(session: Session, timer: Timer, now: datetime, policy: Policy) -> None:  # noqa: ARG001
    await joined.ask(session, ticket_id=timer.subject_id, now=now)


async def _publish(session: Session, timer: Timer, now: datetime, policy: Policy) -> None:  # noqa: ARG001
    await publishing.publish(session, incident_id=timer.subject_id, given=timer.given, now=now)


async def _overrun(session: Session, timer: Timer, now: datetime, policy: Policy) -> None:  # noqa: ARG001
    await incidents.overrun(session, incident_id=timer.subject_id, now=now)


async def _unconfirmed(session: Session, timer: Timer, now: datetime, policy: Policy) -> None:  # noqa: ARG001
    await handovers.overdue(session, handover_id=timer.subject_id, now=now)


async def _outside_warn(session: Session, timer: Timer, now: datetime, policy: Policy) -> None:  # noqa: ARG001
    await forwarded.remind(session, case_id=timer.subject_id, now=now, over=False)


async def _outside_due(session: Session, timer: Timer, now: datetime, policy: Policy) -> None:  # noqa: ARG001
    await forwarded.remind(session, case_id=timer.subject_id, now=now, over=True)


async def _upstairs(session: Session, timer: Timer, now: datetime, policy: Policy) -> None:  # noqa: ARG001
    await leaks.unanswered(session, ticket_id=timer.subject_id, now=now)


async def _slip(session: Session, timer: Timer, now: datetime, policy: Policy) -> None:  # noqa: ARG001
    await slips.overdue(session, slip_id=timer.subject_id, now=now)


async def _car(session: Session, timer: Timer, now: datetime, policy: Policy) -> None:
    await cars.overdue(session, call_id=timer.subject_id, now=now, policy=policy)


async def _matter(session: Session, timer: Timer, now: datetime, policy: Policy) -> None:  # noqa: ARG001
    await matters.lapse(session, matter_id=timer.subject_id, now=now)


async def _balances(session: Session, timer: Timer, now: datetime, policy: Policy) -> None:
    after = int(timer.given.get("after", 0))
    await balances.warn(session, community_id=timer.subject_id, after=after, now=now, policy=policy)


async def _sold(session: Session, timer: Timer, now: datetime, policy: Policy) -> None:
    await sale.come(session, tie_id=timer.subject_id, now=now, policy=policy)


async def _lease_asked(session: Session, timer: Timer, now: datetime, policy: Policy) -> None:  # noqa: ARG001
    await lease.ask(session, tie_id=timer.subject_id, until=date.fromisoformat(timer.given["until"]), now=now)


async def _lease_over(session: Session, timer: Timer, now: datetime, policy: Policy) -> None:
    until = date.fromisoformat(timer.given["until"])
    await lease.over(session, tie_id=timer.subject_id, until=until, now=now, policy=policy)


KINDS: Mapping[str, Work] = {
    "ticket.clock": _look,
    "ticket.unaccepted": _look,  # set by 0.1.0; its ticket gets its clocks then
    "ticket.autoclose_warn": _warn,
    "ticket.autoclose": _close,
    "quote.remind": _quote,
    joined.TELL: _tell_joined,
    joined.ASK: _ask_joined,
    publishing.AT_ONCE: _publish,
    publishing.BY_DAY: _publish,
    incidents.OVERRUN: _overrun,
    "survey.ask": _ask,
    "survey.remind": _remind,
    "survey.expire": _expire,
    "follow_up.due": _overdue,
    "follow_up.again": _again,
    "campaign.send": _send,
    "campaign.remind": _remind_all,
    "campaign.end": _end,
    "handover.due": _unconfirmed,
    rounds.TODAY: rounds.go,
    rounds.UNCLEARED: rounds.go,
    rounds.WEEK: rounds.go,
    rounds.MONTH: rounds.go,
    legalround.ROUND: legalround.go,
    "outside.warn": _outside_warn,
    "outside.due": _outside_due,
    leaks.DUE: _upstairs,
    slips.DUE: _slip,
    cars.DUE: _car,
    dunning_rounds.ROUND: dunning_rounds.go,
    dunning_promises.DUE: dunning_promises.look,
    matters.DUE: _matter,
    balances.WARN: _balances,
    sale.DUE: _sold,
    lease.ASK: _lease_asked,
    lease.OVER: _lease_over,
}
GENTLE = frozenset(
    {
        "ticket.autoclose_warn",
        leaks.DUE,
        lease.ASK,
        "quote.remind",
        "survey.ask",
        "survey.remind",
        joined.TELL,
        joined.ASK,
        publishing.BY_DAY,
        balances.WARN,
        *("follow_up.again", "campaign.send", "campaign.remind"),
    }
)
STALE: Mapping[str, timedelta] = {
    "ticket.autoclose_warn": timedelta(hours=20),
    "survey.remind": STALE_REMINDER,
    rounds.TODAY: timedelta(hours=6),  # the next ones are set by the hour
    rounds.UNCLEARED: timedelta(hours=4),
    rounds.WEEK: timedelta(days=2),
    rounds.MONTH: timedelta(days=5),
    legalround.ROUND: timedelta(days=14),
}
