"""What an action must bring, and the time at which it comes; what is missing is said kindly."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta

from services.catalog import Kind
from services.messages import When, money
from services.refusals import Refused
from services.tickets.deeds import Deed, Wait
from services.tickets.rules import Action, Standing, TooLate, independent

LONGEST_PAUSE = timedelta(days=90)


class NothingShown(Refused):
    """A repair is done when there is a photo or a note of what was done."""

    key = "refused.nothing_shown"
    ends = False


class NeedsPhoto(Refused):
    """That nobody was at home is shown by a photo of the door."""

    key = "refused.needs_photo"
    ends = False


class UrgedLately(Refused):
    """The holder was urged a short while ago."""

    key = "refused.urged"


class ReopenTooLate(Refused):
    """A closed ticket can be returned only for a while."""

    key = "refused.reopen_late"


class TooEarly(Refused):
    """The promised time has not passed yet."""

    key = "refused.too_early"


class PastTime(Refused):
    """A new time lies behind us, or too far ahead."""

    key = "refused.past_time"
    ends = False


class NeighboursWait(Refused):
    """Whoever reported a public fault does not call the work off for those who wait for it as well."""

    key = "refused.neighbours_wait"


class OwnWork(Refused):
    """Who did the work does not judge it."""

    key = "refused.own_work"


class AboveAgreed(Refused):
    """Nothing above the agreed sum is charged without asking again."""

    key = "refused.above_agreed"


class NeedsNote(Refused):
    """Who speaks for the owner writes down what the owner said on the phone."""

    key = "refused.needs_note"
    ends = False


class LastAnswer(Refused):
    """One appeal there is, to the next tier; after that the answer is the last."""

    key = "refused.last_answer"


class NotIndependent(Refused):
    """Who answered a complaint neither closes nor signs it."""

    key = "refused.not_independent"


class CheckFirst(Refused):
    """What was to be put right is looked at; nobody says by himself that it is done."""

    key = "refused.check_first"


class NoNotice(Refused):
    """Only a rectification notice is checked."""

    key = "refused.no_notice"


class NeedsReason(Refused):
    """Who does not let it pass says why."""

    key = "refused.needs_reason"
    ends = False


def check(deed: Deed) -> None:
    """See that the action brings what it needs and comes at its time; raises `Refused`."""
    needed = _NEEDS.get(deed.action)
    if needed is not None:
        needed(deed)


def _done(deed: Deed) -> None:
    """A repair shows what was done; what is charged was agreed before."""
    ticket = deed.ticket
    if ticket.kind == Kind.RECTIFICATION:
        raise CheckFirst
    if not (deed.said.words or deed.said.media):
        raise NothingShown
    charge, agreed = deed.codes.get("charge") or 0, ticket.agreed_cents or 0
    if charge > agreed:
        raise AboveAgreed(number=ticket.number, agreed=money(agreed))


def _urged_before(deed: Deed) -> None:
    if deed.ticket.urged_at is not None:
        again = deed.ticket.urged_at + timedelta(hours=deed.policy.tickets.urge_hours)
        if deed.now < again:
            raise UrgedLately(number=deed.ticket.number, again=When(again))


def _in_time(deed: Deed) -> None:
    closed_at = deed.ticket.closed_at
    if closed_at is not None and deed.now - closed_at > timedelta(days=deed.policy.tickets.reopen_days):
        raise ReopenTooLate(number=deed.ticket.number)


def _shown_by_photo(deed: Deed) -> None:
    if not deed.said.media:
        raise NeedsPhoto
    _ahead("until")(deed)


def _overdue(deed: Deed) -> None:
    by = deed.ticket.promised_at
    if by is None or deed.ticket.arrived_at is not None:
        raise TooLate
    if deed.now < by:
        raise TooEarly(number=deed.ticket.number, by=When(by))


def _waits_alone(deed: Deed) -> None:
    if deed.standings == {Standing.REQUESTER} and deed.ticket.joined_count:
        raise NeighboursWait(number=deed.ticket.number, count=deed.ticket.joined_count)


def _others_work(deed: Deed) -> None:
    if Standing.HOLDER in deed.standings:
        raise OwnWork(number=deed.ticket.number)


def _ahead(name: str) -> Callable[[Deed], None]:
    def needed(deed: Deed) -> None:
        if not deed.now < deed.codes[name] <= deed.now + LONGEST_PAUSE:
            raise PastTime

    return needed


def _asked_for(deed: Deed) -> None:
    """A quote waits for the word; who passes the owner's word on writes it down."""
    if deed.ticket.pause_reason != Wait.QUOTE and "quote" not in deed.codes:
        raise TooLate
    if Standing.REQUESTER not in deed.standings and not deed.said.words:
        raise NeedsNote


def _may_appeal(deed: Deed) -> None:
    if deed.ticket.kind != Kind.COMPLAINT:
        raise TooLate
    _in_time(deed)
    if deed.ticket.appeals:
        raise LastAnswer(number=deed.ticket.number)


def _may_return(deed: Deed) -> None:
    _in_time(deed)
    if deed.ticket.appeals and deed.ticket.kind == Kind.COMPLAINT:
        raise LastAnswer(number=deed.ticket.number)


def _independent(deed: Deed) -> None:
    if not independent(deed.actor, deed.ticket):
        raise NotIndependent(number=deed.ticket.number)


def _checks(deed: Deed) -> None:
    if deed.ticket.kind != Kind.RECTIFICATION:
        raise NoNotice


def _fails(deed: Deed) -> None:
    _checks(deed)
    if not deed.said.words:
        raise NeedsReason
    _ahead("until")(deed)


_NEEDS: Mapping[Action, Callable[[Deed], None]] = {
    Action.DONE: _done,
    Action.CANCEL: _waits_alone,
    Action.QUALITY: _others_work,
    Action.URGE: _urged_before,
    Action.OWNER_RETURNS: _may_return,
    Action.APPEAL: _may_appeal,
    Action.CLOSE: _independent,
    Action.SIGN_OFF: _independent,
    Action.NO_ACCESS: _shown_by_photo,
    Action.NO_SHOW: _overdue,
    Action.PAUSE: _ahead("until"),
    Action.EXTEND: _ahead("until"),
    Action.RESCHEDULE: _ahead("end"),
    Action.AGREE: _asked_for,
    Action.DECLINE: _asked_for,
    Action.FOUND_RIGHT: _checks,
    Action.FOUND_WRONG: _fails,
}
