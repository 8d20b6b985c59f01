"""The figures the desk works by: defaults from the file, overrides as rows, one schema for both."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, time
from functools import cache
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from sqlalchemy import Select, bindparam, or_, select

from services.db import Session, upsert
from services.models import Setting, table_of

EVERYWHERE = 0  # community id of a setting that holds for all


class Section(BaseModel):
    """A table of the settings file; unknown keys are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Emergency(Section):
    """Public numbers that people need at once; they differ by city."""

    fire: str = "119"
    ambulance: str = "120"
    police: str = "110"
    gas: str = "96777"
    lift_rescue: str = "96333"


class Tickets(Section):
    """Deadlines and limits of tickets."""

    accept_minutes: int = Field(30, ge=1, le=24 * 60)  # assigned but nobody took it: the supervisor hears
    urgent_accept_minutes: int = Field(3, ge=1, le=24 * 60)
    arrive_hours: int = Field(4, ge=1, le=24)  # an ordinary repair: today if so much notice is left …
    today_by: time = time(18, 0)  # … before this hour,
    tomorrow_by: time = time(12, 0)  # else tomorrow by this one
    urgent_arrive_minutes: int = Field(30, ge=1, le=24 * 60)
    answer_hours: int = Field(48, ge=1, le=24 * 14)  # a complaint's answer at the outside
    autoclose_days: int = Field(3, ge=1, le=60)
    autoclose_warn_days: int = Field(2, ge=1, le=60)
    urge_hours: int = Field(2, ge=1, le=72)
    reopen_days: int = Field(7, ge=0, le=365)  # a closed ticket can be returned for so long
    per_day: int = Field(10, ge=1)
    alike_per_day: int = Field(2, ge=1)
    relay_minutes: int = Field(30, ge=1, le=24 * 60)

    @model_validator(mode="after")
    def _warns_before_closing(self) -> Self:
        if self.autoclose_warn_days >= self.autoclose_days:
            raise ValueError("autoclose_warn_days must be less than autoclose_days: the warning comes first")
        return self


class Surveys(Section):
    """When owners are asked how it was."""

    delay_hours: int = Field(4, ge=0, le=24 * 7)
    remind_hours: int = Field(24, ge=1, le=24 * 7)
    expire_days: int = Field(7, ge=1, le=60)
    follow_up_hours: int = Field(24, ge=1, le=24 * 7)
    unhappy_at_most: int = Field(2, ge=1, le=4)  # this score and below is followed up


class Dialogues(Section):
    """How long an open question waits, how much one address may write."""

    expire_hours: int = Field(24, ge=1, le=24 * 30)
    messages_per_minute: int = Field(20, ge=1)
    code_days: int = Field(14, ge=1, le=365)
    recent_proof_days: int = Field(90, ge=1, le=3650)


class Quiet(Section):
    """Hours in which reminders and surveys rest."""

    starts: time = time(21, 0)
    ends: time = time(8, 0)


class Desk(Section):
    """When the desk is staffed; after that the control room answers."""

    opens: time = time(8, 30)
    closes: time = time(21, 0)


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
    surveys: Surveys = Surveys()
    dialogues: Dialogues = Dialogues()
    quiet: Quiet = Quiet()
    desk: Desk = Desk()
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
        rows = (await session.execute(_changed(), {"community_id": community_id or EVERYWHERE})).all()
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
        msg = f"{where}: {found}{first['msg']}"
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
