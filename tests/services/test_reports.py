"""The figures of a period, counted on a small scene by hand, on both databases."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from services import reports
from services.db import Session
from services.models import Community, Deadline, Escalation, FollowUp, Pause, Quote, Survey, Ticket
from services.reports import Emergencies, Kpis, Promises, Share, Sum

START = datetime(2026, 4, 1, tzinfo=UTC)
END = START + timedelta(days=30)
NOON = START + timedelta(days=5, hours=12)


def _at(minutes: float) -> datetime:
    return NOON + timedelta(minutes=minutes)


class Scene:
    """A community, and rows put into it one by one."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.count = 0

    async def begin(self) -> None:
        for number in (1, 2):
            slug = f"house-{number}"
            self.session.add(
                Community(id=number, slug=slug, name=slug, zone="UTC", locale="en", phone="1", created_at=START)
            )
        await self.session.flush()

    async def ticket(self, **changed: Any) -> int:
        """Put a repair that was filed at noon, and return its id."""
        self.count += 1
        row: dict[str, Any] = {
            "id": self.count,
            "community_id": 1,
            "year": 2026,
            "number": f"0406-{self.count:02}",
            "kind": "repair",
            "category": "plumbing",
            "state": "working",
            "priority": "normal",
            "dispatch": "duty",
            "scope": "unit",
            "place": "1-1-101",
            "matter": "a tap",
            "payer": "free",
            "source": "phone",
            "team": "engineering",
            "created_at": NOON,
            "requester_id": 100 + self.count,
        }
        self.session.add(Ticket(**{**row, **changed}))
        await self.session.flush()
        return self.count

    async def deadline(self, ticket_id: int, clock: str, *, due: float, met: float | None = None, **more: Any) -> int:
        """Put a clock that began at noon, due so many minutes later and met, if it was, so many minutes later."""
        row: dict[str, Any] = {
            "community_id": 1,
            "ticket_id": ticket_id,
            "clock": clock,
            "count": 1,
            "calendar": "always",
            "term": {},
            "started_at": NOON,
            "first_due_at": _at(due),
            "due_at": _at(due),
            "moves": 0,
            "ended_at": None if met is None else _at(met),
            "how": "" if met is None else "met",
        }
        deadline = Deadline(**{**row, **more})
        self.session.add(deadline)
        await self.session.flush()
        return deadline.id

    async def add(self, *rows: Any) -> None:
        self.session.add_all(rows)
        await self.session.flush()

    async def kpis(self, community_id: int = 1) -> Kpis:
        await self.session.flush()
        return await reports.kpis(self.session, community_id=community_id, start=START, end=END)


@pytest.fixture
async def scene(session: Session) -> Scene:
    """Return an empty scene."""
    begun = Scene(session)
    await begun.begin()
    return begun


async def test_an_empty_period_has_no_rates(scene: Scene) -> None:
    found = await scene.kpis()
    assert found.received == {}
    assert found.replied == Share(0, 0)
    assert found.replied.rate is None
    assert found.emergencies == Emergencies(0, None, None)
    assert found.promises == Promises(Share(0, 0), 0, 0, 0)


async def test_a_reply_is_a_persons_and_in_time_by_the_moment_first_promised(scene: Scene) -> None:
    in_time, late, silent = [await scene.ticket() for _ in range(3)]
    public = await scene.ticket(scope="public")
    slow = await scene.ticket(created_at=NOON - timedelta(hours=47, minutes=30))
    await scene.deadline(in_time, "answer", due=120, met=60)
    await scene.deadline(late, "answer", due=120, met=150, due_at=_at(200), moves=1)  # put off is late all the same
    await scene.deadline(silent, "answer", due=120)
    await scene.deadline(silent, "accept", due=30, met=5)  # a yes is no answer where one is owed
    await scene.deadline(public, "accept", due=30, met=5)  # where none is owed it is
    await scene.deadline(slow, "answer", due=120, met=60)  # promised so, but after more than 48 hours
    found = await scene.kpis()
    assert found.replied == Share(4, 5)
    assert found.replied_in_time == Share(2, 5)


async def test_an_answer_given_at_the_second_run_of_a_clock_is_measured_by_the_first(scene: Scene) -> None:
    ticket = await scene.ticket(scope="public")
    await scene.deadline(ticket, "accept", due=30, met=30, how="dropped")
    await scene.deadline(ticket, "accept", due=60, met=50, count=2)
    found = await scene.kpis()
    assert (found.replied, found.replied_in_time) == (Share(1, 1), Share(0, 1))


async def test_received_leaves_out_what_was_called_off_merged_elsewhere_or_of_another_time(scene: Scene) -> None:
    await scene.ticket()
    await scene.ticket(kind="inquiry")
    await scene.ticket(state="cancelled")
    await scene.ticket(state="merged")
    await scene.ticket(created_at=START - timedelta(seconds=1))
    await scene.ticket(created_at=END)
    await scene.ticket(community_id=2)
    assert (await scene.kpis()).received == {"inquiry": 1, "repair": 1}
    assert (await scene.kpis(2)).received == {"repair": 1}


async def test_a_complaint_repeats_within_thirty_days_or_when_its_answer_did_not_satisfy(scene: Scene) -> None:
    noise = {"kind": "complaint", "category": "neighbour_noise"}
    await scene.ticket(**noise, requester_id=7, created_at=START - timedelta(days=40))
    await scene.ticket(**noise, requester_id=7, created_at=START)  # after forty days
    await scene.ticket(**noise, requester_id=7)  # after five
    await scene.ticket(kind="complaint", category="parking", requester_id=7)
    await scene.ticket(**noise, requester_id=8, returns=1)
    assert (await scene.kpis()).repeats == Share(2, 3)


async def test_satisfaction_is_by_team_and_silence_is_no_answer(scene: Scene) -> None:
    for number, (score, team) in enumerate(
        [(5, "engineering"), (4, "engineering"), (3, "engineering"), (5, "cleaning")]
    ):
        ticket = await scene.ticket(team=team, state="closed", closed_at=_at(60), closed_how="accepted")
        survey = Survey(
            id=number + 1, community_id=1, ticket_id=ticket, cycle=1, state="answered", score=score,
            asked_at=_at(300), answered_at=_at(400),
        )  # fmt: skip
        await scene.add(survey)
    await scene.ticket(state="closed", closed_at=_at(60), closed_how="silence")
    found = await scene.kpis()
    assert found.satisfied == {"cleaning": Share(1, 1), "engineering": Share(2, 3)}
    assert found.followed_up == Share(4, 5)
    assert found.completed == {"cleaning": Share(1, 1), "engineering": Share(4, 4)}


async def test_a_call_counts_as_a_follow_up_and_an_open_ticket_as_not_completed(scene: Scene) -> None:
    closed = {"state": "closed", "closed_at": _at(60), "closed_how": "silence"}
    called, before, nobody, waits = [await scene.ticket(**closed) for _ in range(4)]
    await scene.ticket(state="done")
    due = {"community_id": 1, "due_at": _at(500), "created_at": _at(70)}
    await scene.add(
        FollowUp(**due, ticket_id=called, why="rule", done_at=_at(90), result="not_content"),
        FollowUp(**due, ticket_id=before, done_at=_at(90), result=""),  # noted by the release before
        FollowUp(**due, ticket_id=nobody, why="rule", done_at=_at(90), result="unreachable"),
        FollowUp(**due, ticket_id=waits, why="rule", tries=1),
    )
    found = await scene.kpis()
    assert found.followed_up == Share(2, 4)
    assert found.completed == {"engineering": Share(4, 5)}


async def test_owners_who_speak_again_hear_a_person_or_do_not(scene: Scene) -> None:
    heard, unheard, done = [await scene.ticket() for _ in range(3)]
    await scene.deadline(heard, "next", due=120, met=30)
    await scene.deadline(unheard, "next", due=120)
    await scene.deadline(done, "next", due=120, met=20, how="dropped")
    assert (await scene.kpis()).answered == Share(1, 2)


async def test_a_promise_is_kept_by_the_time_first_given_or_not_at_all(scene: Scene) -> None:
    kept, put_off, open_, moved_by_owner = [await scene.ticket(no_shows=1) for _ in range(4)]
    await scene.deadline(kept, "arrive", due=240, met=240)
    await scene.deadline(put_off, "arrive", due=240, met=300, due_at=_at(360), moves=1)
    await scene.deadline(open_, "arrive", due=240)
    await scene.deadline(moved_by_owner, "arrive", due=240, met=10, how="dropped")
    await scene.add(
        Pause(community_id=1, ticket_id=kept, reason="absent", since=_at(200)),
        Pause(community_id=1, ticket_id=kept, reason="parts", since=_at(200), ended_at=_at(900)),
    )
    assert (await scene.kpis()).promises == Promises(Share(1, 3), 1, 1, 4)


async def test_breaches_are_of_the_time_as_it_was_put_off_and_rest_with_the_ticket(scene: Scene) -> None:
    late, put_off, running = [await scene.ticket() for _ in range(3)]
    paused = await scene.ticket(state="paused")
    await scene.deadline(late, "accept", due=30, met=40)
    await scene.deadline(put_off, "arrive", due=30, met=40, due_at=_at(60))
    await scene.deadline(running, "resolve", due=30)
    await scene.deadline(running, "answer", due=60 * 24 * 40)
    await scene.deadline(paused, "resolve", due=30)
    assert (await scene.kpis()).breaches == {"accept": 1, "resolve": 1}


async def test_steps_are_counted_by_name_and_pagings_together(scene: Scene) -> None:
    ticket = await scene.ticket()
    clock = await scene.deadline(ticket, "accept", due=3)
    for step in ("warn", "supervisor", "page:0", "page:1"):
        row = {"community_id": 1, "ticket_id": ticket, "deadline_id": clock, "due_at": _at(3), "told": []}
        await scene.add(Escalation(**row, step=step, at=_at(5)))
    assert (await scene.kpis()).escalations == {"page": 2, "supervisor": 1, "warn": 1}


async def test_minutes_are_real_ones_of_the_first_run_of_each_clock(scene: Scene) -> None:
    first, second = [await scene.ticket() for _ in range(2)]
    await scene.deadline(first, "accept", due=30, met=10)
    await scene.deadline(second, "accept", due=30, met=20)
    await scene.deadline(second, "accept", due=30, met=600, count=2)
    await scene.deadline(second, "arrive", due=240, met=90)
    assert (await scene.kpis()).minutes == {"accept": 15.0, "arrive": 90.0}


async def test_reworks_returns_and_quotes_are_counted_with_their_sums(scene: Scene) -> None:
    ticket = await scene.ticket(payer="rework", returns=2)
    for number, (state, cents) in enumerate([("agreed", 12000), ("agreed", 8000), ("declined", 50000)]):
        row = {"community_id": 1, "ticket_id": ticket, "count": number + 1, "lines": [], "guarantee_days": 90}
        await scene.add(Quote(**row, state=state, total_cents=cents, asked_at=_at(30)))
    found = await scene.kpis()
    assert (found.reworks, found.returned) == (1, 2)
    assert found.quotes == {"agreed": Sum(2, 20000), "declined": Sum(1, 50000)}


async def test_emergencies_tell_how_long_it_took_until_somebody_went(scene: Scene) -> None:
    alarm = {"priority": "emergency"}
    await scene.deadline(await scene.ticket(**alarm), "accept", due=3, met=1)
    assert (await scene.kpis()).emergencies == Emergencies(1, 60.0, 60.0)
    await scene.deadline(await scene.ticket(**alarm), "accept", due=3, met=2)
    await scene.deadline(await scene.ticket(**alarm), "accept", due=3)
    assert (await scene.kpis()).emergencies == Emergencies(3, 90.0, 117.0)
