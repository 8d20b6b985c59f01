"""The figures the desk works by: defaults from the file, overrides as rows, one schema for both."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import date, datetime, time
from functools import cache
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    ValidationError,
    model_validator,
)
from sqlalchemy import Select, bindparam, or_, select

from services import direct, publicdays
from services.db import Session, upsert
from services.fee_settings import Dunning, Fees, Payments
from services.models import Setting, table_of
from services.sections import Hours, Section

EVERYWHERE = 0  # community id of a setting that holds for all


class Emergency(Section):
    """Public numbers that people need at once; they differ by city."""

    fire: str = "119"
    ambulance: str = "120"
    police: str = "110"
    gas: str = "96777"
    lift_rescue: str = "96333"


class Tickets(Section):
    """Promises to owners, limits of tickets."""

    arrive_hours: int = Field(4, ge=1, le=24)  # an ordinary repair: today if so much notice is left …
    today_by: time = time(18, 0)  # … before this hour,
    tomorrow_by: time = time(12, 0)  # else tomorrow by this one
    autoclose_days: int = Field(3, ge=1, le=60)
    autoclose_warn_days: int = Field(2, ge=1, le=60)
    urge_hours: int = Field(2, ge=1, le=72)
    quote_remind_hours: int = Field(24, ge=1, le=24 * 7)  # a price unanswered for so long is asked about once more
    reopen_days: int = Field(7, ge=0, le=365)  # a closed ticket can be returned for so long
    per_day: int = Field(10, ge=1)
    alike_per_day: int = Field(2, ge=1)
    relay_minutes: int = Field(30, ge=1, le=24 * 60)
    alike_hours: int = Field(48, ge=0, le=24 * 30)  # a public fault of so long ago may be the same; 0: never asked
    unmerge_days: int = Field(7, ge=0, le=365)

    @model_validator(mode="after")
    def _warns_before_closing(self) -> Self:
        if self.autoclose_warn_days >= self.autoclose_days:
            raise ValueError("autoclose_warn_days must be less than autoclose_days: the warning comes first")
        return self


class Deadlines(Section):
    """By when what is owed; each figure names the calendar that it is counted in."""

    emergency_accept_minutes: int = Field(3, ge=1, le=60)  # round the clock
    emergency_again_minutes: int = Field(3, ge=1, le=60)  # paged anew, one tier more
    emergency_arrive_minutes: int = Field(30, ge=1, le=24 * 60)
    urgent_accept_minutes: int = Field(5, ge=1, le=24 * 60)  # round the clock
    urgent_arrive_minutes: int = Field(30, ge=1, le=24 * 60)
    accept_minutes: int = Field(30, ge=1, le=24 * 60)  # the department's calendar
    call_minutes: int = Field(120, ge=1, le=24 * 60)  # a repair in a home: the engineers' calendar
    repair_days: int = Field(3, ge=0, le=60)  # working days of the department
    complaint_answer_minutes: int = Field(30, ge=1, le=24 * 60)  # the desk's calendar …
    complaint_answer_hours: int = Field(48, ge=1, le=24 * 14)  # … and real hours at the outside
    complaint_days: int = Field(3, ge=0, le=60)  # working days of another department; the desk: the same day
    inquiry_answer_minutes: int = Field(120, ge=1, le=24 * 60)  # the desk's calendar
    inquiry_days: int = Field(1, ge=0, le=60)  # working days of the department
    next_answer_minutes: int = Field(120, ge=1, le=24 * 60)  # the desk's calendar, since the owner spoke last
    defect_minor_days: int = Field(7, ge=1, le=365)  # real days
    defect_medium_days: int = Field(30, ge=1, le=365)
    defect_major_days: int = Field(60, ge=1, le=365)
    warn_minutes: int = Field(30, ge=1, le=24 * 60)  # before the deadline the holder is warned
    tell_owner_minutes: int = Field(10, ge=1, le=24 * 60)  # before the promise passes the owner hears
    escalate_minutes: int = Field(30, ge=1, le=24 * 60)  # from one tier to the next, the desk's calendar


class Complaints(Section):
    """Complaints, and cases that an office forwards."""

    hotline: str = Field("12345", min_length=2)  # whom the owner may turn to after the last answer
    repeat_days: int = Field(30, ge=1, le=365)  # the same again so soon after an answer is a repeat
    contact_hours: int = Field(4, ge=1, le=24 * 7)  # real time: the owner of a forwarded case is reached
    reply_hours: int = Field(48, ge=1, le=24 * 30)  # real time: the written reply goes back
    warn_hours: int = Field(4, ge=1, le=24 * 7)  # before the reply is due


class Shifts(Section):
    """Shifts and how they are handed over."""

    confirm_minutes: int = Field(30, ge=1, le=24 * 60)  # a handover not confirmed by then: the supervisor hears


class Surveys(Section):
    """When owners are asked how it was."""

    delay_hours: int = Field(4, ge=0, le=24 * 7)
    remind_hours: int = Field(24, ge=1, le=24 * 7)
    expire_days: int = Field(7, ge=1, le=60)
    follow_up_hours: int = Field(24, ge=1, le=24 * 7)
    call_again_hours: int = Field(24, ge=1, le=24 * 7)  # nobody took the call: tried once more after so long
    unhappy_at_most: int = Field(2, ge=1, le=4)  # this score and below is followed up
    quiet_days: int = Field(7, ge=0, le=365)  # nobody is asked twice in so many days, but about work that was redone
    campaign_days: int = Field(14, ge=1, le=90)  # a survey of all owners ends after so long
    campaign_remind_days: int = Field(4, ge=1, le=60)
    small_group: int = Field(5, ge=2, le=100)  # fewer answers than this are not shown by themselves


class Forms(Section):
    """The small forms of daily life: how long each side is waited for."""

    upstairs_minutes: int = Field(60, ge=5, le=24 * 60)  # a household above that says nothing: its contact is called
    slip_minutes: int = Field(60, ge=5, le=24 * 60)  # a release slip nobody looked at: who leads hears it
    slip_grace_minutes: int = Field(120, ge=0, le=24 * 60)  # before and after its time a slip still opens the gate
    car_minutes: int = Field(10, ge=1, le=120)  # a keeper who says nothing: security goes


class Registry(Section):
    """Linking up, leases: how much is tried, when is asked."""

    tries: int = Field(5, ge=2, le=50)  # wrong codes of one address …
    try_minutes: int = Field(15, ge=1, le=24 * 60)  # … within so long …
    lock_minutes: int = Field(30, ge=1, le=24 * 60)  # … and none is taken for so long
    most_uses: int = Field(10, ge=1, le=100)  # of one printed code
    invite_days: int = Field(3, ge=1, le=60)
    lease_ask_days: int = Field(30, ge=1, le=180)  # before a lease ends somebody is asked
    proxy_days: int = Field(7, ge=1, le=60)  # a parent who says nothing for so long has not agreed


class Dialogues(Section):
    """How long an open question waits, how much one address may write."""

    expire_hours: int = Field(24, ge=1, le=24 * 30)
    messages_per_minute: int = Field(20, ge=1)
    code_days: int = Field(14, ge=1, le=365)
    recent_proof_days: int = Field(90, ge=1, le=3650)


class Desk(Section):
    """The desk's page: how long a link waits, how long a browser stays in."""

    link_minutes: int = Field(10, ge=1, le=60)
    session_hours: int = Field(12, ge=1, le=24 * 3)


class Quiet(Section):
    """Hours in which reminders and surveys rest."""

    starts: time = time(21, 0)
    ends: time = time(8, 0)


def _dates(found: object) -> object:
    """Take dates as one text, as well as a list; a number is no date."""
    if isinstance(found, str):
        return [part for part in re.split(r"[\s,]+", found.strip("[] ")) if part]
    if isinstance(found, Iterable) and not all(isinstance(day, date | str) for day in found):
        raise ValueError(f"allowed: {DATES}")
    return found


def _country(code: str) -> str:
    if code != HOME:  # the library is heavy: whoever stays at home doesn't wait for it
        publicdays.check(code, "")
    return code


HOME = "CN"
Weekday = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
DATES = 'days such as ["2026-05-04", "2026-12-24"]'
Dates = Annotated[tuple[date, ...], BeforeValidator(_dates), Field(description=DATES)]
Country = Annotated[
    str,
    AfterValidator(_country),
    Field(description='a two-letter code of a country whose holidays are known, such as "CN", or "" for none'),
]


class Calendars(Section):
    """Who works when. Hours "workdays" are bound by public holidays and make-up working days, as the office is."""

    desk: Hours = "08:30-21:00 daily"
    engineers: Hours = "08:00-21:00 daily"
    office: Hours = "08:30-12:00 13:30-17:30 workdays"  # developer, contractors, finance
    country: Country = HOME
    region: str = ""
    days_off: Dates = ()  # the community's own, over what the country says
    extra_days: Dates = ()  # make-up working days of its own

    @model_validator(mode="after")
    def _days_are_known(self) -> Self:
        if self.region:
            publicdays.check(self.country, self.region)
        both = sorted(set(self.days_off) & set(self.extra_days))
        if both:
            raise ValueError(f"{both[0]} is in days_off and in extra_days; allowed: one of them")
        return self


class Digests(Section):
    """What those who lead are told unasked, and when."""

    today_at: time = time(8, 20)
    not_cleared_at: time = time(17, 30)
    week_day: Weekday = "monday"
    week_at: time = time(9, 0)
    month_day: int = Field(1, ge=1, le=28)
    month_at: time = time(9, 0)
    most_pressing: int = Field(6, ge=1, le=12)  # matters to decide, of one morning
    near_hours: int = Field(12, ge=1, le=48)  # a complaint is named so long before its 48 hours are over
    repeat_times: int = Field(3, ge=2, le=50)  # the same public fault so often …
    repeat_days: int = Field(7, ge=1, le=90)  # … within so many days
    silent_days: int = Field(2, ge=1, le=30)  # waits for parts, and the owner heard nothing for so long
    trend_weeks: int = Field(8, ge=2, le=26)


class Targets(Section):
    """What the figures of week and month are measured by, in per cent."""

    replied: int = Field(100, ge=0, le=100)
    in_time: int = Field(100, ge=0, le=100)
    repeats: int = Field(1, ge=0, le=100)  # at most
    satisfied: int = Field(85, ge=0, le=100)
    followed_up: int = Field(100, ge=0, le=100)
    answered: int = Field(85, ge=0, le=100)
    kept: int = Field(95, ge=0, le=100)


class Retention(Section):
    """For how many days things are kept; 0 keeps them for good."""

    raw_event_days: int = Field(30, ge=1)
    settled_outbox_days: int = Field(90, ge=7)
    prompt_days: int = Field(90, ge=7)
    words_days: int = Field(1095, ge=0)  # words of closed tickets
    media_days: int = Field(730, ge=0)
    mailbox_days: int = Field(365, ge=1)


class Policy(Section):
    """All figures a community may set for itself."""

    emergency: Emergency = Emergency()
    tickets: Tickets = Tickets()
    deadlines: Deadlines = Deadlines()
    complaints: Complaints = Complaints()
    shifts: Shifts = Shifts()
    surveys: Surveys = Surveys()
    forms: Forms = Forms()
    registry: Registry = Registry()
    dialogues: Dialogues = Dialogues()
    fees: Fees = Fees()
    payments: Payments = Payments()
    desk: Desk = Desk()
    quiet: Quiet = Quiet()
    dunning: Dunning = Dunning()
    calendars: Calendars = Calendars()
    digests: Digests = Digests()
    targets: Targets = Targets()
    retention: Retention = Retention()


class BadSettingError(ValueError):
    """A setting that does not fit: the message names key, what was found and what is allowed."""


class Policies:
    """The defaults of the file, and what rows change, per community."""

    def __init__(self, defaults: Policy) -> None:
        """Take the file's figures."""
        self.defaults = defaults

    async def of(self, session: Session, community_id: int | None, *, changed: bool = True) -> Policy:
        """Return the figures that hold for the community now; `changed` is False where no row changes any."""
        if not changed:
            return self.defaults
        rows = (await direct.execute(session, _changed(), {"community_id": community_id or EVERYWHERE})).all()
        return with_changes(self.defaults, {row.key: row.value for row in rows}) if rows else self.defaults


@cache
def _changed() -> Select[Any]:
    setting = table_of(Setting).c
    return (
        select(setting.key, setting.value)
        .where(or_(setting.community_id == EVERYWHERE, setting.community_id == bindparam("community_id")))
        .order_by(setting.community_id)
    )


def with_changes(policy: Policy, changes: Mapping[str, Any]) -> Policy:
    """Return the policy with `section.key` changed; raises `BadSettingError`."""
    data = policy.model_dump()
    for key, value in changes.items():
        section, _, name = key.partition(".")
        if section not in data or name not in data[section]:
            allowed = ", ".join(f"{s}.{k}" for s, keys in data.items() for k in keys)
            msg = f"unknown setting {key!r}; allowed: {allowed}"
            raise BadSettingError(msg)
        data[section][name] = value
    try:
        return Policy.model_validate(data)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        found = "" if isinstance(first["input"], Mapping) else f"found {first['input']!r}, "
        msg = f"{where}: {found}{first['msg'].removeprefix('Value error, ')}"
        raise BadSettingError(msg) from error


async def change(
    session: Session,
    policies: Policies,
    *,
    community_id: int,
    key: str,
    value: Any,  # noqa: ANN401 - as the schema says
    by: int | None,
    now: datetime,
) -> None:
    """Change a setting at run time for a community (0: everywhere); raises `BadSettingError`."""
    with_changes(policies.defaults, {key: value})
    row = {"community_id": community_id, "key": key, "value": value, "set_by": by, "set_at": now}
    await upsert(session, Setting, row, on=("community_id", "key"), change=row)
