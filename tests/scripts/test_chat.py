"""Talking to the desk in a terminal."""

from __future__ import annotations

import io
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.settings import Settings, load
from scripts.chat import talk
from scripts.trouble import CommandError
from services import inbox
from services.db import Database


async def _lines(*lines: str) -> AsyncIterator[str]:
    for line in lines:
        yield line


@pytest.fixture
def settings(config: Path) -> Settings:
    return load(config, {})


async def test_what_is_typed_is_answered(settings: Settings) -> None:
    out = io.StringIO()
    await talk(settings, who="somebody", lines=_lines("在吗"), out=out)
    hello = out.getvalue()
    await talk(settings, who="somebody", lines=_lines("在吗", "3栋1502厨房漏水"), out=out)
    assert "阳光花园" in hello
    assert "漏水" in out.getvalue().removeprefix(hello)


async def test_a_database_with_a_service_on_it_is_left_alone(settings: Settings) -> None:
    """The terminal could not read the events of other channels, and would lose them."""
    await talk(settings, who="somebody", lines=_lines(), out=io.StringIO())
    db = Database(settings.database_url())
    async with db.transaction(holding=inbox.STORING) as session:
        event = {"channel": "sms", "account": "main", "event_id": "1", "lane": "l", "payload": "{}"}
        await inbox.store(session, [event])
    with pytest.raises(CommandError, match="stop it"):
        await talk(settings, who="somebody", lines=_lines("在吗"), out=io.StringIO())
    async with db.reading() as session:
        assert (await inbox.depth(session))[0] == 1
    await db.dispose()
