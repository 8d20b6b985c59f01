"""Figures may be changed at run time, for one community or for all; what does not fit is refused."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from services.db import Session
from services.settings import BadSettingError, Policies, Policy, change, with_changes

NOON = datetime(2026, 4, 12, 4, tzinfo=UTC)


async def put(session: Session, key: str, value: object, *, community: int = 0) -> None:
    await change(session, Policies(Policy()), community_id=community, key=key, value=value, by=1, now=NOON)


async def test_without_rows_the_defaults_hold(session: Session) -> None:
    defaults = Policy()
    assert await Policies(defaults).of(session, 1) is defaults


async def test_a_community_wins_over_all_and_all_over_the_file(session: Session) -> None:
    await put(session, "tickets.per_day", 20)
    await put(session, "tickets.per_day", 30, community=7)
    policies = Policies(Policy())
    assert (await policies.of(session, 7)).tickets.per_day == 30
    assert (await policies.of(session, 8)).tickets.per_day == 20
    assert (await policies.of(session, None)).tickets.per_day == 20


async def test_a_setting_changed_twice_has_its_last_value(session: Session) -> None:
    await put(session, "surveys.delay_hours", 2)
    await put(session, "surveys.delay_hours", 3)
    assert (await Policies(Policy()).of(session, 1)).surveys.delay_hours == 3


@pytest.mark.parametrize(
    ("key", "value", "told"),
    [
        ("tickets.per_week", 1, "unknown setting 'tickets.per_week'; allowed: emergency.fire"),
        ("nonsense", 1, "unknown setting 'nonsense'"),
        ("tickets.per_day", 0, "tickets.per_day: found 0"),
        ("tickets.per_day", "many", "tickets.per_day: found 'many'"),
    ],
)
async def test_what_does_not_fit_is_told_with_key_and_value(
    session: Session, key: str, value: object, told: str
) -> None:
    with pytest.raises(BadSettingError, match=told.replace(".", r"\.")):
        await put(session, key, value)


def test_several_changes_are_looked_at_together() -> None:
    policy = with_changes(Policy(), {"tickets.autoclose_days": 5, "tickets.autoclose_warn_days": 4})
    assert (policy.tickets.autoclose_days, policy.tickets.autoclose_warn_days) == (5, 4)
