"""Every figure of the digest, of what is not cleared and of the sheets, recounted from the raw rows by plain Python.

A few days of an estate by default; OWNERLINE_TEST_MONTH=1 recounts a whole month of it.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import sqlite3
import statistics
from collections import Counter, defaultdict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest

from scripts.simulate import run
from scripts.simulate.estate import ZONE
from services import houses, people
from services.actors import Actor, House
from services.db import Database, Session
from services.digests import evening, morning, pressing, sheets, tables
from services.digests.morning import Digest
from services.digests.sheets import Sheet
from services.reports import Share
from services.settings import Policy
from services.stretches import Stretch

WHOLE = bool(os.environ.get("OWNERLINE_TEST_MONTH"))
DAYS, SHARE = (31, 1.0) if WHOLE else (6, 0.25)
MORE = timedelta(hours=11)
NOW = run.START + timedelta(days=DAYS) + MORE
POLICY = Policy()
OVER = {"closed", "cancelled", "merged"}
APART = {"cancelled", "merged"}
RUNS = {"open", "assigned", "working"}
Row = dict[str, Any]


@pytest.fixture(scope="module")
def acted(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return an estate that was acted out once for all tests here."""
    place = tmp_path_factory.mktemp("acted") / "ownerline.db"
    shutil.copy(sqlite_template, place)
    with ThreadPoolExecutor(1) as aside:
        aside.submit(
            asyncio.run, run.simulate(f"sqlite:///{place}", days=DAYS, seed=14, share=SHARE, more=MORE)
        ).result()
    return place


@dataclass
class Raw:
    """The rows as they lie in the file, read without any of our code."""

    place: Path

    def rows(self, table: str) -> list[Row]:
        with sqlite3.connect(self.place) as connection:
            connection.row_factory = sqlite3.Row
            found = connection.execute(f"SELECT * FROM {table} ORDER BY id")  # noqa: S608 - names of ours
            return [{name: _read(name, row[name]) for name in row.keys()} for row in found]  # noqa: SIM118

    @cached_property
    def tickets(self) -> list[Row]:
        return self.rows("ticket")

    @cached_property
    def by_id(self) -> dict[int, Row]:
        return {row["id"]: row for row in self.tickets}

    @cached_property
    def deadlines(self) -> dict[int, list[Row]]:
        found = defaultdict(list)
        for row in self.rows("deadline"):
            found[row["ticket_id"]].append(row)
        return found

    @cached_property
    def surveys(self) -> list[Row]:
        return self.rows("survey")

    @cached_property
    def calls(self) -> list[Row]:
        return self.rows("follow_up")

    def filed(self, span: Stretch) -> list[Row]:
        return [t for t in self.tickets if within(t["created_at"], span) and t["state"] not in APART]

    def clock(self, ticket: Row, clock: str) -> list[Row]:
        return [row for row in self.deadlines[ticket["id"]] if row["clock"] == clock]

    def met(self, ticket: Row, clock: str) -> datetime | None:
        ends = [row["ended_at"] for row in self.clock(ticket, clock) if row["how"] == "met"]
        return min(ends, default=None)


def _read(name: str, value: Any) -> Any:
    if isinstance(value, str) and (name.endswith("_at") or name in {"at", "since", "until"}):
        return datetime.fromisoformat(value).replace(tzinfo=UTC)
    return value


def within(at: datetime | None, span: Stretch) -> bool:
    return at is not None and span.starts_at <= at < span.ends_at


def local(year: int, month: int, day: int, hour: int = 0) -> datetime:
    return datetime(year, month, day, hour, tzinfo=ZONE).astimezone(UTC)


TODAY = NOW.astimezone(ZONE).replace(hour=0, minute=0, second=0, microsecond=0).astimezone(UTC)
DAY = timedelta(days=1)
YESTERDAY = Stretch(TODAY - DAY, TODAY)
MONTH = Stretch(local(2026, 1, 1), local(2026, 2, 1))


@pytest.fixture
def raw(acted: Path) -> Raw:
    return Raw(acted)


@pytest.fixture
async def session(acted: Path) -> Any:
    db = Database(f"sqlite:///{acted}")
    async with db.reading() as opened:
        yield opened
    await db.dispose()


async def manager(session: Session, raw: Raw) -> tuple[Actor, House]:
    boss = next(row for row in raw.rows("staff") if row["role"] == "manager")
    address = next(row for row in raw.rows("address") if row["person_id"] == boss["person_id"])
    house = await houses.by_id(session, community_id=boss["community_id"])
    return replace(await people.actor_at(session, address_id=address["id"], now=NOW), house=house), house


async def digest(session: Session, raw: Raw) -> Digest:
    actor, house = await manager(session, raw)
    return await morning.gather(session, actor, house=house, now=NOW, policy=POLICY, label=str)


async def test_yesterday_is_what_the_rows_say(session: Session, raw: Raw) -> None:
    found = (await digest(session, raw)).yesterday
    filed = raw.filed(YESTERDAY)
    assert filed
    assert found.kinds == Counter(t["kind"] for t in filed)
    assert found.sources == Counter(t["source"] for t in filed)
    repairs = [t for t in filed if t["kind"] == "repair"]
    assert found.homes == sum(t["scope"] == "unit" for t in repairs)
    assert found.public == len(repairs) - found.homes
    assert found.reworks == sum(t["payer"] == "rework" for t in filed)
    assert dict(found.causes(99)) == Counter(t["category"] for t in filed)
    back = [row for row in raw.rows("history") if row["action"] == "owner_returns" and within(row["at"], YESTERDAY)]
    assert found.returned == len(back)
    given = [s["score"] for s in raw.surveys if s["score"] is not None and within(s["answered_at"], YESTERDAY)]
    assert (found.scores, found.low) == (len(given), sum(score <= 2 for score in given))


async def test_settled_and_on_time_are_what_the_rows_say(session: Session, raw: Raw) -> None:
    found = (await digest(session, raw)).yesterday.settled
    settled = [
        t for t in raw.tickets if t["state"] in {"done", "closed"} and within(t["done_at"] or t["closed_at"], YESTERDAY)
    ]
    late = [
        t
        for t in settled
        if any(
            row["how"] == "met" and within(row["ended_at"], YESTERDAY) and row["ended_at"] > row["first_due_at"]
            for row in raw.clock(t, "resolve")
        )
    ]
    assert settled
    assert found == Share(len(settled) - len(late), len(settled))


async def test_what_waits_is_what_the_rows_say(session: Session, raw: Raw) -> None:
    found = (await digest(session, raw)).open
    waits = [t for t in raw.tickets if t["state"] not in OVER]
    due = [t["due_at"] for t in waits if t["state"] in RUNS and t["due_at"] is not None]
    assert waits
    assert found.undispatched == sum(t["state"] == "open" for t in waits)
    assert found.overdue == sum(at < NOW for at in due)
    assert found.due_today == sum(NOW <= at < TODAY + DAY for at in due)
    referred = [q for q in raw.rows("quote") if q["state"] == "referred"]
    assert found.unpriced == sum(raw.by_id[q["ticket_id"]]["state"] not in OVER for q in referred)


async def test_the_night_is_what_the_rows_say(session: Session, raw: Raw) -> None:
    found = (await digest(session, raw)).night
    came = raw.filed(Stretch(TODAY - timedelta(hours=3), TODAY + timedelta(hours=8)))
    alarms = [t for t in came if t["priority"] == "emergency"]
    went = [(at - t["created_at"]).total_seconds() for t in alarms if (at := raw.met(t, "accept")) is not None]
    assert (found.filed, found.emergencies, found.answered) == (len(came), len(alarms), len(went))
    assert found.slowest_seconds == (pytest.approx(max(went)) if went else None)


async def test_who_is_on_duty_is_what_the_rows_say(session: Session, raw: Raw) -> None:
    told = await digest(session, raw)
    teams = {row["id"]: row["team"] for row in raw.rows("staff")}
    tonight = Stretch(TODAY + timedelta(hours=21), TODAY + timedelta(hours=32))
    there = {
        row["staff_id"]
        for row in raw.rows("duty")
        if min(row["ends_at"], tonight.ends_at) - max(row["starts_at"], tonight.starts_at) >= timedelta(hours=2)
    }
    assert {one.who.staff_id for one in told.night_shift} == there
    assert {teams[staff_id] for staff_id in there} >= {"engineering", "security"}


async def test_what_is_to_be_decided_is_what_the_rows_say(session: Session, raw: Raw) -> None:
    actor, house = await manager(session, raw)
    policy = Policy.model_validate({"digests": {"near_hours": 48, "repeat_times": 2, "silent_days": 1}})
    found = await pressing.matters(session, actor, community_id=house.id, now=NOW, policy=policy)
    named = Counter(one.why for one in found)
    expected = dict(_reasons(raw))
    assert {one.ticket.id: one.why for one in found} == expected
    assert named, "a day on which nothing is to be decided proves nothing; test_pressing has every reason"
    assert [one.why for one in found] == sorted(one.why for one in found)


def _reasons(raw: Raw) -> Iterator[tuple[int, pressing.Why]]:
    """Yield for every ticket that is to be decided the first reason, as the page of settings says it."""
    reasons: defaultdict[int, set[pressing.Why]] = defaultdict(set)
    for t in raw.tickets:
        if t["state"] in OVER:
            continue
        reasons[t["id"]] |= set(_of_ticket(raw, t))
    for those in _alike(raw).values():
        if len(those) >= 2:
            reasons[those[-1]["id"]].add(pressing.Why.AGAIN)
    for case in raw.rows("outside_case"):
        if case["replied_at"] is None:  # owed, however the ticket ended
            reasons[case["ticket_id"]].add(pressing.Why.FORWARDED)
    for call in raw.calls:
        if call["done_at"] is None and call["why"] in {"", "low_score"}:
            reasons[call["ticket_id"]].add(pressing.Why.LOW)
    yield from ((ticket_id, min(why)) for ticket_id, why in reasons.items() if why)


def _of_ticket(raw: Raw, t: Row) -> Iterator[pressing.Why]:
    age = NOW - t["created_at"]
    if t["priority"] == "emergency" and t["state"] in {"open", "assigned"}:
        yield pressing.Why.ALARM
    if t["state"] == "open" and age >= timedelta(minutes=30):
        yield pressing.Why.UNDISPATCHED
    if t["kind"] == "complaint" and t["state"] != "done":
        if any(row["ended_at"] is None for row in raw.clock(t, "answer")):
            yield pressing.Why.UNANSWERED
        if t["returns"] or any(_repeats(t, other) for other in raw.tickets):
            yield pressing.Why.REPEATED
    if t["state"] == "paused" and t["pause_reason"] == "parts" and _heard_nothing(raw, t) >= DAY:
        yield pressing.Why.SILENT


def _repeats(ticket: Row, other: Row) -> bool:
    same = all(ticket[name] == other[name] for name in ("requester_id", "category", "kind"))
    since = ticket["created_at"] - other["created_at"]
    return same and other["state"] not in APART and timedelta() < since <= timedelta(days=30)


def _heard_nothing(raw: Raw, ticket: Row) -> timedelta:
    since = next(p["since"] for p in raw.rows("pause") if p["ticket_id"] == ticket["id"] and p["ended_at"] is None)
    words = {"tell", "ask", "called", "extend"}
    told = [h["at"] for h in raw.rows("history") if h["ticket_id"] == ticket["id"] and h["action"] in words]
    heard: datetime = max([since, *told])
    return NOW - heard


def _alike(raw: Raw) -> dict[tuple[str, str], list[Row]]:
    found: defaultdict[tuple[str, str], list[Row]] = defaultdict(list)
    for t in raw.tickets:
        public = t["kind"] == "repair" and t["scope"] == "public" and t["state"] not in APART
        if public and t["created_at"] > NOW - timedelta(days=7):
            found[t["category"], t["place"]].append(t)
    return found


async def test_what_is_not_cleared_is_what_the_rows_say(session: Session, raw: Raw) -> None:
    _, house = await manager(session, raw)
    found = await evening.not_cleared(session, house=house, now=NOW)
    left = [t for t in raw.tickets if t["state"] in RUNS and t["due_at"] is not None and t["due_at"] < TODAY + DAY]
    assert left
    assert [t.id for t in found] == [t["id"] for t in sorted(left, key=lambda t: (t["due_at"], t["id"]))]


async def test_buildings_are_what_the_rows_say(session: Session, raw: Raw) -> None:
    _, house = await manager(session, raw)
    page = await tables.by_building(session, house=house, now=NOW)
    units = {row["id"]: row["building"] for row in raw.rows("unit")}
    came = Counter(units.get(t["unit_id"], "") for t in raw.filed(YESTERDAY))
    waits = [t for t in raw.tickets if t["state"] not in OVER]
    there = Counter(units.get(t["unit_id"], "") for t in waits)
    late = Counter(
        units.get(t["unit_id"], "") for t in waits if t["state"] in RUNS and t["due_at"] and t["due_at"] < NOW
    )
    told = {_building(line): line.params for line in page.text.parts[1:]}  # type: ignore[union-attr]
    assert {name: params["came"] for name, params in told.items()} == {name: came[name] for name in set(came + there)}
    assert {name: params["open"] for name, params in told.items()} == {name: there[name] for name in set(came + there)}
    assert {name: params["late"] for name, params in told.items()} == {name: late[name] for name in set(came + there)}


def _building(line: Any) -> str:
    return str(line.params["building"].params.get("building", ""))


@pytest.fixture
async def sheet(session: Session, raw: Raw) -> Sheet:
    _, house = await manager(session, raw)
    return await sheets.gather(session, house=house, span=MONTH, policy=POLICY)


def _value(sheet: Sheet, name: str) -> Any:
    return next(one.value for one in sheet.figures if one.name == name)


async def test_the_sheets_replies_are_what_the_rows_say(sheet: Sheet, raw: Raw) -> None:
    filed = raw.filed(MONTH)
    replied = in_time = 0
    for t in filed:
        owed = "answer" if raw.clock(t, "answer") else "accept"
        at = raw.met(t, owed)
        replied += at is not None
        promise = next((row["first_due_at"] for row in raw.clock(t, owed) if row["count"] == 1), None)
        soon = at is not None and at - t["created_at"] <= timedelta(hours=48)
        in_time += soon and promise is not None and at is not None and at <= promise
    asked = [t for t in filed if t["kind"] == "inquiry"]
    assert _value(sheet, "received") == len(filed)
    assert _value(sheet, "replied") == Share(replied, len(filed))
    assert _value(sheet, "in_time") == Share(in_time, len(filed))
    assert _value(sheet, "human") == Share(sum(raw.met(t, "answer") is not None for t in asked), len(asked))
    spoke = [
        row
        for rows in raw.deadlines.values()
        for row in rows
        if row["clock"] == "next" and within(row["started_at"], MONTH) and row["how"] != "dropped"
    ]
    assert _value(sheet, "answered") == Share(sum(row["how"] == "met" for row in spoke), len(spoke))


async def test_the_sheets_owners_are_what_the_rows_say(sheet: Sheet, raw: Raw) -> None:
    filed, closed = (
        raw.filed(MONTH),
        [t for t in raw.tickets if within(t["closed_at"], MONTH) and t["state"] == "closed"],
    )
    scores = [s["score"] for s in raw.surveys if s["score"] is not None and within(s["answered_at"], MONTH)]
    asked = {s["ticket_id"] for s in raw.surveys if s["asked_at"] or s["answered_at"]}
    reached = {call["id"] for call in raw.calls if call["done_at"] and call["result"] in {"", "content", "not_content"}}
    asked |= {call["ticket_id"] for call in raw.calls if call["id"] in reached}
    owed = [call for call in raw.calls if within(call["created_at"], MONTH) and call["why"] in {"", "low_score"}]
    complaints = [
        t
        for t in raw.tickets
        if t["kind"] == "complaint" and within(t["created_at"], MONTH) and t["state"] != "cancelled"
    ]
    alike = sum(any(_before(t, other) for other in raw.tickets) for t in complaints)
    assert _value(sheet, "satisfied") == Share(sum(score >= 4 for score in scores), len(scores))
    assert _value(sheet, "followed_up") == Share(sum(t["id"] in asked for t in closed), len(closed))
    assert _value(sheet, "called") == Share(sum(call["id"] in reached for call in owed), len(owed))
    assert _value(sheet, "completed") == Share(sum(t["state"] == "closed" for t in filed), len(filed))
    back = sum(t["returns"] for t in complaints)
    assert _value(sheet, "repeats") == Share(alike + back, len(complaints) - alike)


def _before(ticket: Row, other: Row) -> bool:
    same = all(ticket[name] == other[name] for name in ("requester_id", "category", "kind"))
    return same and timedelta() < ticket["created_at"] - other["created_at"] <= timedelta(days=30)


async def test_the_sheets_work_is_what_the_rows_say(sheet: Sheet, raw: Raw) -> None:
    filed = raw.filed(MONTH)
    every = [row for rows in raw.deadlines.values() for row in rows]
    visits = [r for r in every if r["clock"] == "arrive" and within(r["first_due_at"], MONTH) and r["how"] != "dropped"]
    kept = [row for row in visits if row["how"] == "met" and row["ended_at"] <= row["first_due_at"]]
    late = [row for row in every if within(row["due_at"], MONTH) and _missed(raw, row)]
    alarms = [t for t in filed if t["priority"] == "emergency"]
    went = sorted((at - t["created_at"]).total_seconds() for t in alarms if (at := raw.met(t, "accept")) is not None)
    assert _value(sheet, "kept") == Share(len(kept), len(visits))
    assert _value(sheet, "breaches") == len(late)
    assert _value(sheet, "reworks") == sum(t["payer"] == "rework" for t in filed)
    assert _value(sheet, "returned") == sum(t["returns"] for t in filed)
    absent = [p for p in raw.rows("pause") if p["reason"] == "absent" and within(p["since"], MONTH)]
    assert _value(sheet, "no_access") == len(absent)
    assert _value(sheet, "alarm_seconds") == (pytest.approx(statistics.median(went), abs=0.1) if went else None)
    forwarded = [case for case in raw.rows("outside_case") if raw.by_id[case["ticket_id"]] in filed]
    assert _value(sheet, "forwarded").of == len(forwarded)


def _missed(raw: Raw, row: Row) -> bool:
    if row["ended_at"] is None:
        return bool(row["due_at"] < MONTH.ends_at) and bool(raw.by_id[row["ticket_id"]]["state"] != "paused")
    return bool(row["how"] == "met" and row["ended_at"] > row["due_at"])


async def test_the_sheets_ways_of_dividing_are_what_the_rows_say(sheet: Sheet, raw: Raw) -> None:
    filed = raw.filed(MONTH)
    units = {row["id"]: row["building"] for row in raw.rows("unit")}
    assert sheet.kinds == Counter(t["kind"] for t in filed)
    assert sheet.sources == Counter(t["source"] for t in filed)
    assert sheet.buildings == Counter(units.get(t["unit_id"], "") for t in filed)
    hours = Counter(t["created_at"].astimezone(ZONE).hour for t in filed)
    assert list(sheet.hours) == [hours[hour] for hour in range(24)]
    most = Counter(t["category"] for t in filed)
    assert [one.count for one in sheet.causes] == sorted(most.values(), reverse=True)[: len(sheet.causes)]
    first = sheet.causes[0]
    those = [t for t in filed if t["category"] == first.category]
    buildings = Counter(units[t["unit_id"]] for t in those if t["unit_id"])
    assert (first.count, first.of_building) == (most[first.category], max(buildings.values(), default=0))
    pairs = Counter(t["created_at"].astimezone(ZONE).hour // 2 * 2 for t in those)
    assert (pairs[first.hour], first.of_hours) == (max(pairs.values()), max(pairs.values()))
    teams = Counter(t["team"] for t in filed)
    assert {team: share.of for team, share in sheet.completed.items()} == teams


async def test_every_week_of_the_trend_is_what_the_rows_say(sheet: Sheet, raw: Raw) -> None:
    assert [point.span.ends_at - point.span.starts_at for point in sheet.trend] == [timedelta(days=7)] * 8
    assert sheet.trend[-1].span.ends_at == MONTH.ends_at
    for point in sheet.trend:
        filed = raw.filed(point.span)
        assert point.received == len(filed)
        assert point.complaints == sum(t["kind"] == "complaint" for t in filed)
        assert point.homes == sum(t["kind"] == "repair" and t["scope"] == "unit" for t in filed)
        assert point.reworks == sum(t["payer"] == "rework" for t in filed)
        scores = [s["score"] for s in raw.surveys if s["score"] is not None and within(s["answered_at"], point.span)]
        assert point.satisfied == Share(sum(score >= 4 for score in scores), len(scores))
