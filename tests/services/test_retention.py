"""Retention: what goes, what stays, and that it may stop and go on anywhere."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import func, select

from services import retention
from services.db import Database, insert_once
from services.models import (
    Address,
    Campaign,
    CampaignAnswer,
    Community,
    Content,
    Event,
    FollowUp,
    LinkRequest,
    Mailbox,
    Media,
    MediaFile,
    Outgoing,
    Prompt,
    Receipt,
    Survey,
    Ticket,
)
from services.retention import Swept
from services.settings import Retention

NOW = datetime.now(UTC)  # raw events are judged by the machine's clock
OLD = NOW - timedelta(days=400)
KEPT = Retention(
    raw_event_days=30, settled_outbox_days=90, prompt_days=90, words_days=300, media_days=300, mailbox_days=365
)
FOR_GOOD = KEPT.model_copy(update={"words_days": 0, "media_days": 0})


async def _put(db: Database, *rows: Any) -> None:
    """Store rows, beside a community and an address that they may name."""
    async with db.transaction() as session:
        if not await session.scalar(select(func.count(Address.id))):
            session.add(Community(id=1, slug="a", name="A", zone="UTC", locale="en", phone="1", created_at=OLD))
            session.add(Address(id=1, channel="web", account="web", external="x", created_at=OLD))
            await session.flush()
        session.add_all(rows)


async def _sweep(db: Database, kept: Retention = KEPT, *, limit: int = 100) -> Swept:
    async with db.transaction() as session:
        return await retention.sweep(session, kept, now=NOW, limit=limit)


async def _all(db: Database, *columns: Any) -> Sequence[Any]:
    async with db.reading() as session:
        found = (await session.execute(select(*columns).order_by(columns[0]))).all()
        return [tuple(row) if len(columns) > 1 else row[0] for row in found]


def _event(event_id: str, state: str, at: datetime) -> Event:
    return Event(channel="web", account="web", event_id=event_id, lane="l", payload="{}", state=state, received_at=at)


def _outgoing(key: str, state: str, at: datetime) -> Outgoing:
    return Outgoing(
        key=key,
        address_id=1,
        kind="say",
        priority=1,
        payload={"text": {"t": "hello", "p": {}}},
        locale="en",
        state=state,
        created_at=at,
    )


def _ticket(ticket_id: int, state: str, closed_at: datetime | None) -> Ticket:
    return Ticket(
        id=ticket_id,
        community_id=1,
        year=2026,
        number=f"0412-0{ticket_id}",
        kind="repair",
        category="plumbing",
        state=state,
        priority="normal",
        scope="unit",
        place="3-2-1502",
        matter="a leak",
        payer="free",
        source="chat",
        requester_name="Wang",
        requester_phone="+8613800138000",
        team="engineering",
        created_at=OLD,
        closed_at=closed_at,
    )


async def test_raw_events_and_receipts_go_after_their_days(database: Database) -> None:
    receipt = {"channel": "sms", "account": "main", "provider_id": "1", "state": "delivered"}
    await _put(
        database,
        _event("1 done", "done", OLD),
        _event("2 dead", "dead", OLD),
        _event("3 open", "new", OLD),
        _event("4 young", "done", NOW - timedelta(days=29)),
        Receipt(**receipt, at=OLD),
        Receipt(**receipt, at=NOW),
    )
    swept = await _sweep(database)
    assert (swept.events, swept.receipts) == (2, 1)
    assert await _all(database, Event.event_id) == ["3 open", "4 young"]


async def test_what_was_sent_is_emptied_but_its_key_still_refuses_a_repeat(database: Database) -> None:
    old = [_outgoing(f"{number} {state}", state, OLD) for number, state in enumerate(("accepted", "failed", "unknown"))]
    kept = [
        _outgoing(f"{number} {state}", state, OLD) for number, state in enumerate(("held", "pending", "sending"), 3)
    ]
    await _put(database, *old, *kept, _outgoing("6 young", "accepted", NOW - timedelta(days=89)))
    assert (await _sweep(database)).outgoing == 3
    assert [bool(payload) for _, payload in await _all(database, Outgoing.key, Outgoing.payload)] == [False] * 3 + [
        True
    ] * 4
    async with database.transaction() as session:
        row = {"key": "0 accepted", "address_id": 1, "kind": "say", "priority": 1, "payload": {}, "locale": "en"}
        again = await insert_once(session, Outgoing, {**row, "created_at": NOW}, Outgoing.id)
        assert not again.all()


async def test_what_was_offered_or_asked_in_vain_ends_when_its_time_is_long_over(database: Database) -> None:
    old = {"address_id": 1, "state": "open", "created_at": OLD, "given": {}}
    await _put(
        database,
        Prompt(key="1", form="choose", options=[["t:view:1", "Home", "1"]], **old),
        Prompt(key="2", form="verdict", expires_at=OLD + timedelta(days=14), **old),
        Prompt(key="3", form="verdict", expires_at=NOW - timedelta(days=1), **old),
        Prompt(key="4", form="choose", address_id=1, state="open", created_at=NOW),
    )
    await _sweep(database)
    assert await _all(database, Prompt.key, Prompt.state) == [
        ("1", "expired"),
        ("2", "expired"),
        ("3", "open"),
        ("4", "open"),
    ]


async def test_answers_of_ended_dialogues_are_emptied(database: Database) -> None:
    words = {"given": {"a": 1}, "answers": [["matter", "a leak"]], "options": [["1", "Home"]]}
    await _put(
        database,
        Prompt(key="1", address_id=1, form="repair", state="done", created_at=OLD, **words),
        Prompt(key="2", address_id=1, form="repair", state="open", created_at=OLD, **words),
        Prompt(key="3", address_id=1, form="repair", state="done", created_at=NOW, **words),
    )
    assert (await _sweep(database)).prompts == 1
    emptied, *rest = await _all(database, Prompt.key, Prompt.given, Prompt.answers, Prompt.options)
    assert emptied == ("1", {}, (), ())
    assert all(row[1] for row in rest)


async def test_words_of_closed_tickets_go_with_their_salt(database: Database) -> None:
    content = {"community_id": 1, "kind": "note", "words": "a leak", "salt": "s", "media": [1], "created_at": OLD}
    survey = {"community_id": 1, "cycle": 1, "state": "answered", "score": 5, "words": "thanks"}
    await _put(database, _ticket(1, "closed", OLD), _ticket(2, "working", None), _ticket(3, "closed", NOW))
    await _put(database, *(Content(ticket_id=ticket_id, **content) for ticket_id in (1, 2, 3, None)))
    await _put(database, *(Survey(ticket_id=ticket_id, **survey) for ticket_id in (1, 2, 3)))
    swept = await _sweep(database)
    assert (swept.tickets, swept.contents) == (1, 2)
    contents = await _all(database, Content.id, Content.words, Content.salt, Content.media, Content.erased_at)
    assert [row[1:4] for row in contents] == [
        (None, None, ()),
        ("a leak", "s", (1,)),
        ("a leak", "s", (1,)),
        (None, None, ()),
    ]
    assert [row[4] for row in contents] == [NOW, None, None, NOW]
    tickets = await _all(
        database, Ticket.id, Ticket.matter, Ticket.requester_name, Ticket.requester_phone, Ticket.place
    )
    assert tickets[0] == (1, "", "", "", "3-2-1502")
    assert all(row[1] for row in tickets[1:])
    assert await _all(database, Survey.ticket_id, Survey.score, Survey.words) == [
        (1, 5, None),
        (2, 5, "thanks"),
        (3, 5, "thanks"),
    ]


async def test_what_strangers_said_of_themselves_goes_once_it_is_decided(database: Database) -> None:
    request = {"community_id": 1, "address_id": 1, "name": "Wang", "words": "it's me", "created_at": OLD}
    await _put(database, LinkRequest(status="refused", **request), LinkRequest(status="open", **request))
    assert (await _sweep(database)).requests == 1
    assert await _all(database, LinkRequest.status, LinkRequest.name) == [("open", "Wang"), ("refused", "")]


async def test_media_are_marked_first_and_their_bytes_go_when_nobody_needs_them(database: Database) -> None:
    def media(media_id: int, digest: str, at: datetime) -> Media:
        place = {"channel": "web", "account": "web", "unique_id": str(media_id), "name": "leak.jpg"}
        return Media(id=media_id, kind="photo", state="stored", sha256=digest, created_at=at, **place)

    await _put(database, media(1, "only", OLD), media(2, "shared", OLD), media(3, "shared", NOW))
    await _put(database, *(MediaFile(media_id=n, channel="web", account="web", file_id=f"f{n}") for n in (1, 2, 3)))
    assert (await _sweep(database)).media == 2
    assert await _all(database, Media.id, Media.state, Media.name) == [
        (1, "erased", ""),
        (2, "erased", ""),
        (3, "stored", "leak.jpg"),
    ]
    assert await _all(database, MediaFile.file_id) == ["f3"]
    async with database.transaction() as session:
        assert await retention.files_to_remove(session, limit=9) == ["only"]
        await retention.files_removed(session, ["only"])
        assert not await retention.files_to_remove(session, limit=9)


async def test_messages_on_pages_go_after_their_days(database: Database) -> None:
    box = {"channel": "web", "account": "web", "external": "x", "mine": True, "body": {}}
    await _put(database, Mailbox(key="1", at=OLD, **box), Mailbox(key="2", at=NOW - timedelta(days=364), **box))
    assert (await _sweep(database)).mailbox == 1
    assert await _all(database, Mailbox.key) == ["2"]


async def test_words_and_media_may_be_kept_for_good(database: Database) -> None:
    await _put(database, _ticket(1, "closed", OLD))
    await _put(
        database,
        Content(community_id=1, ticket_id=1, kind="note", words="a leak", media=[], created_at=OLD),
        Media(kind="photo", channel="web", account="web", unique_id="1", state="stored", created_at=OLD),
    )
    assert await _sweep(database, FOR_GOOD) == Swept(limit=100)


async def test_a_sweep_takes_its_limit_and_the_next_goes_on(database: Database) -> None:
    await _put(database, *(_event(str(number), "done", OLD) for number in range(5)))
    swept = [await _sweep(database, limit=2) for _ in range(4)]
    assert [one.events for one in swept] == [2, 2, 1, 0]
    assert [one.more for one in swept] == [True, True, False, False]


async def test_figures_without_end_are_no_mistake(database: Database) -> None:
    endless = Retention(raw_event_days=10**9, settled_outbox_days=10**9, prompt_days=10**9, mailbox_days=10**9)
    assert await _sweep(database, endless) == Swept(limit=100)


async def test_words_of_a_survey_of_all_owners_and_of_its_calls_are_emptied_with_the_others(database: Database) -> None:
    campaign = Campaign(id=1, community_id=1, state="over", questions=[], started_at=OLD, expires_at=OLD)
    mine = {"community_id": 1, "campaign_id": 1, "person_id": 1}
    call = {**mine, "why": "campaign", "due_at": OLD, "outcome": "道歉了"}
    await _put(database, campaign)
    await _put(
        database,
        CampaignAnswer(**mine, question="old", score=1, words="差", at=OLD),
        CampaignAnswer(**mine, question="young", words="好", at=NOW),
        FollowUp(**call, created_at=OLD),
        FollowUp(**call | {"person_id": 2}, created_at=NOW),
    )
    assert (await _sweep(database)).answers == 1
    said = await _all(database, CampaignAnswer.question, CampaignAnswer.score, CampaignAnswer.words)
    assert said == [("old", 1, None), ("young", None, "好")]
    assert await _all(database, FollowUp.outcome) == ["", "道歉了"]
