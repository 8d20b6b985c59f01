"""The morning's digest: yesterday in a line, what is to be decided, what waits, who is there."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby

from services import shifts
from services.actors import Actor, House
from services.catalog import Kind
from services.db import Session
from services.digests import counts, fees, periods, pressing
from services.digests.counts import Happened, Night, Open
from services.digests.fees import Fees
from services.digests.pages import Page, counted
from services.digests.pressing import Matter, Why
from services.messages import Choice, Style, T, Text, When, joined, lines, plain
from services.settings import Policy
from services.shifts import Shift
from services.stretches import Stretch

MOST_CAUSES = 3
MOST_NAMED = 4  # of one team, in the line of who is on duty
NAMED_TEAMS = ("desk", "engineering")  # the others are many: a number says enough
BETWEEN = " \u00b7 "
MOMENT = timedelta(minutes=1)
TOUCHES = timedelta(hours=2)

Label = Callable[[str], str]  # the name of a category in the reader's language


@dataclass(frozen=True, slots=True)
class Digest:
    """All that one reader's morning is told from."""

    house: House
    now: datetime
    yesterday: Happened
    open: Open
    matters: Sequence[Matter]
    night: Night
    day_shift: Sequence[Shift]
    night_shift: Sequence[Shift]
    fees: Fees | None  # for who may see what was collected
    label: Label
    policy: Policy


async def gather(
    session: Session, actor: Actor, *, house: House, now: datetime, policy: Policy, label: Label
) -> Digest:
    """Look up everything that the digest of this reader says."""
    today, zone = periods.day_of(now, house.zone), house.zone
    quiet = policy.quiet
    night = periods.night_before(now, zone, starts=quiet.starts, ends=quiet.ends)
    tonight = Stretch(night.starts_at + periods.A_DAY, night.ends_at + periods.A_DAY)
    by_day = Stretch(min(max(now, night.ends_at), tonight.starts_at - MOMENT), tonight.starts_at)
    return Digest(
        house=house,
        now=now,
        yesterday=await counts.happened(
            session,
            community_id=house.id,
            span=periods.day_of(now, zone, ago=1),
            unhappy_at_most=policy.surveys.unhappy_at_most,
        ),
        open=await counts.open_now(session, community_id=house.id, now=now, today=today),
        matters=await pressing.matters(session, actor, community_id=house.id, now=now, policy=policy),
        night=await counts.night(session, community_id=house.id, span=night),
        day_shift=await _there(session, house, by_day),
        night_shift=await _there(session, house, tonight),
        fees=await fees.gather(session, actor, house=house, now=now),
        label=label,
        policy=policy,
    )


async def _there(session: Session, house: House, span: Stretch) -> Sequence[Shift]:
    """Return who is on duty in a stretch of time, without those whose shift only just touches it."""
    least = min(TOUCHES, (span.ends_at - span.starts_at) / 2)
    found = await shifts.roster(session, house.id, span.starts_at, span.ends_at)
    return [
        one
        for one in found
        if min(one.stretch.ends_at, span.ends_at) - max(one.stretch.starts_at, span.starts_at) >= least
    ]


def page(digest: Digest) -> Page:
    """Say it to who leads, each matter with what can be done about it."""
    shown = chosen(digest.matters, digest.policy.digests.most_pressing)
    rest = _reasons([one for one in digest.matters if one not in shown])
    text = lines(
        _head(digest),
        *_yesterday(digest),
        T("digest.decide", count=len(digest.matters)) if shown else None,
        *(T("digest.item", place=place, item=one.text) for place, one in enumerate(shown, start=1)),
        T("digest.rest", reasons=joined(rest, BETWEEN)) if rest else None,
        _open(digest),
        fees.line(digest.fees),
        _causes(digest),
        _night(digest),
        _duty(T("digest.duty"), digest.day_shift),
        _duty(T("digest.duty_night"), digest.night_shift),
    )
    taps = [_numbered(place, one.taps) for place, one in enumerate(shown, start=1)]
    more = [Choice(T(f"digest.{name}"), f"go:today:{name}") for name in ("plain", "table", "buildings")]
    return Page(text, (*taps, more))


def chosen(matters: Sequence[Matter], most: int) -> Sequence[Matter]:
    """Pick what is named: the first few of every reason, then what is left, and all in their order."""
    each, taken = max(1, most // 3), Counter[Why]()
    first: list[Matter] = []
    later: list[Matter] = []
    for one in matters:
        taken[one.why] += 1
        (first if taken[one.why] <= each else later).append(one)
    picked = {one.ticket.id for one in [*first, *later][:most]}
    return [one for one in matters if one.ticket.id in picked]


def _reasons(matters: Sequence[Matter]) -> Sequence[Text]:
    """Count matters by their reasons."""
    found = Counter(one.why.name.lower() for one in matters)
    return [T(f"digest.why.{name}", count=count) for name, count in counted(found)]


def plain_page(digest: Digest) -> Page:
    """Say it so that it may be forwarded: no names, no flats, no words of anybody; what is confidential only counts."""
    waits = _reasons(digest.matters)
    return Page(
        lines(
            _head(digest),
            *_yesterday(digest),
            T("digest.decide_plain", reasons=joined(waits, BETWEEN)) if waits else None,
            _open(digest),
            _causes(digest),
            _night(digest),
        )
    )


def _numbered(place: int, taps: Sequence[Choice]) -> Sequence[Choice]:
    return [Choice(T("digest.tap", place=place, what=tap.label), tap.tap) for tap in taps]


def _head(digest: Digest) -> T:
    weekday = digest.now.astimezone(digest.house.zone).weekday()
    return T(
        "digest.head", estate=digest.house.name, day=When(digest.now, Style.DAY), weekday=T(f"digest.weekday.{weekday}")
    )


def _yesterday(digest: Digest) -> Iterator[Text | None]:
    found = digest.yesterday
    if not (found.filed or found.settled.of or found.scores or found.returned):
        yield T("digest.nothing")
        return
    came = [*_kinds(found)]
    done = [
        T("digest.settled", count=found.settled.of, on_time=found.settled.count) if found.settled.of else None,
        T("digest.reworks", count=found.reworks) if found.reworks else None,
        T("digest.returned", count=found.returned) if found.returned else None,
    ]
    scored = T("digest.scores", count=found.scores, low=found.low) if found.scores else None
    parts = [joined(came, " ") if came else T("digest.none_filed"), joined(done, " ") if any(done) else None, scored]
    yield T("digest.yesterday", counts=joined([part for part in parts if part is not None], " | "))
    sources = [T("digest.count", name=T(f"source.{name}"), count=count) for name, count in counted(found.sources)]
    yield T("digest.sources", counts=joined(sources, BETWEEN)) if sources else None


def _kinds(found: Happened) -> Iterator[Text]:
    for kind, count in counted(found.kinds):
        name = T(f"kind.{kind}")
        if kind == Kind.REPAIR:
            yield T("digest.repairs", name=name, count=count, homes=found.homes, public=found.public)
        else:
            yield T("digest.count", name=name, count=count)


def _open(digest: Digest) -> Text:
    waits = digest.open
    named = (
        ("undispatched", waits.undispatched),
        ("overdue", waits.overdue),
        ("due_today", waits.due_today),
        ("unpriced", waits.unpriced),
    )
    parts = [T(f"digest.open.{name}", count=count) for name, count in named if count]
    return joined(parts, BETWEEN) if parts else T("digest.open.none")


def _causes(digest: Digest) -> T | None:
    named = [
        T("digest.count", name=digest.label(category), count=count)
        for category, count in digest.yesterday.causes(MOST_CAUSES)
    ]
    return T("digest.causes", counts=joined(named, BETWEEN)) if named else None


def _night(digest: Digest) -> T | None:
    night = digest.night
    if not night.filed:
        return None
    since = f"{digest.policy.quiet.starts:%H:%M}"
    if not night.emergencies:
        return T("digest.night", since=since, count=night.filed)
    minutes = max(1, round((night.slowest_seconds or 0) / 60))
    answered = night.answered == night.emergencies
    how = T("digest.night.answered", minutes=minutes) if answered else T("digest.night.unanswered")
    return T("digest.night.alarms", since=since, count=night.filed, alarms=night.emergencies, how=how)


def _duty(when: T, there: Sequence[Shift]) -> Text:
    teams = [_team(team, list(those)) for team, those in groupby(there, key=lambda one: one.who.team)]
    parts = [text for text in teams if text is not None]
    return T("digest.on_duty", when=when, who=joined(parts, BETWEEN) if parts else T("digest.duty.nobody"))


def _team(team: str, those: Sequence[Shift]) -> T | None:
    people = list(dict.fromkeys(one.who for one in those))
    name = T(f"team.{team}")
    if team not in NAMED_TEAMS:
        return T("digest.duty.many", team=name, count=len(people)) if team == "security" else None
    named = joined([plain(who.name) for who in people[:MOST_NAMED]], " ")
    more = len(people) - MOST_NAMED
    who = T("digest.duty.more", names=named, count=more) if more > 0 else named
    return T("digest.duty.team", team=name, names=who)
