"""Mailboxes, on both databases: once per key, changed in place, nobody else's business."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from services import mailbox
from services.db import Session

AT = datetime(2026, 4, 12, 4, 0, tzinfo=UTC)
BOX: dict[str, Any] = {"channel": "web", "account": "web", "external": "page-1"}


async def put(session: Session, words: str, **more: Any) -> int:
    given: dict[str, Any] = {**BOX, "mine": False, "body": {"text": words}, "key": words, "at": AT} | more
    return await mailbox.put(session, **given)


async def test_a_message_put_twice_is_there_once(session: Session) -> None:
    first = await put(session, "报好了")
    assert await put(session, "报好了", body={"text": "another"}) == first
    (message,) = await mailbox.latest(session, **BOX, limit=10)
    assert (message.id, message.revision, message.mine, message.at) == (first, 1, False, AT)
    assert message.body == {"text": "报好了"}


async def test_an_edit_raises_the_revision(session: Session) -> None:
    number = await put(session, "待接")
    assert await mailbox.edit(session, **BOX, message_id=number, body={"text": "已接"})
    (message,) = await mailbox.named(session, **BOX, ids=(number,))
    assert (message.body, message.revision) == ({"text": "已接"}, 2)
    assert await mailbox.revisions(session, **BOX, limit=10) == {number: 2}


async def test_a_mailbox_shows_and_changes_nothing_of_another(session: Session) -> None:
    number = await put(session, "私事", external="page-2")
    assert not await mailbox.edit(session, **BOX, message_id=number, body={})
    assert await mailbox.named(session, **BOX, ids=(number,)) == []
    assert await mailbox.latest(session, **BOX, limit=10) == []


async def test_history_is_read_in_pages_oldest_first(session: Session) -> None:
    ids = [await put(session, str(number)) for number in range(5)]
    newest = await mailbox.latest(session, **BOX, limit=2)
    before = await mailbox.latest(session, **BOX, limit=2, before_id=newest[0].id)
    assert [message.id for message in newest] == ids[3:]
    assert [message.id for message in before] == ids[1:3]
