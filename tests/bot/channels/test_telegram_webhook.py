"""The webhook takes an update once it is stored, from whoever knows the secret."""

from __future__ import annotations

import io
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from sqlalchemy.exc import DBAPIError

from bot.channels.port import RawEvent
from bot.channels.telegram.channel import TelegramChannel
from bot.channels.telegram.webhook import LARGEST_BODY, SECRET_HEADER, path_of, receiver, set_webhook
from services.messages import Happening
from tests.bot.channels.telegram_stub import Stub, refuses, stub, talking

SECRET = "open-sesame"
UPDATE = '{"update_id":7,"message":{"message_id":1,"chat":{"id":11,"type":"private"},"from":{"id":11},"text":"在吗"}}'


class OperationalError(Exception):
    """What a driver raises when the database is away."""


@dataclass(slots=True)
class Desk:
    """Stores events, or fails as told."""

    stored: list[RawEvent] = field(default_factory=list)
    trouble: Exception | None = None

    async def store(self, event: RawEvent) -> bool:
        if self.trouble:
            raise self.trouble
        self.stored.append(event)
        return True


@pytest.fixture
def desk() -> Desk:
    return Desk()


@pytest.fixture
async def channel() -> AsyncIterator[TelegramChannel]:
    async with talking("http://127.0.0.1:1") as talker:
        yield talker


@pytest.fixture
async def client(desk: Desk, channel: TelegramChannel) -> AsyncIterator[TestClient[web.Request, web.Application]]:
    app = web.Application(client_max_size=64)
    app.router.add_post(path_of(channel), receiver(channel, desk.store, secret=SECRET))
    async with TestClient(TestServer(app, host="127.0.0.1")) as caller:
        yield caller


async def _post(
    client: TestClient[web.Request, web.Application], body: bytes | str = UPDATE, secret: str | None = SECRET
) -> tuple[int, str]:
    headers = {} if secret is None else {SECRET_HEADER: secret}
    data = io.BytesIO(body.encode() if isinstance(body, str) else body)
    async with client.post("/telegram/bot", data=data, headers=headers) as answer:
        return answer.status, answer.headers.get("Retry-After", "")


async def test_an_update_is_stored_raw_with_its_id_and_lane(
    client: TestClient[web.Request, web.Application], desk: Desk
) -> None:
    assert await _post(client) == (200, "")
    event = desk.stored[0]
    assert (event.account, event.event_id, event.lane) == ("bot", "7", "telegram:bot:11")
    assert event.payload == UPDATE


@pytest.mark.parametrize("secret", ["open-sesame!", "", "门", None])
async def test_who_does_not_know_the_secret_is_turned_away(
    client: TestClient[web.Request, web.Application], desk: Desk, secret: str | None
) -> None:
    assert (await _post(client, secret=secret))[0] == 403
    assert desk.stored == []


async def test_a_database_that_is_away_is_waited_for(
    client: TestClient[web.Request, web.Application], desk: Desk
) -> None:
    for trouble in (ConnectionRefusedError("away"), DBAPIError("insert", {}, OperationalError("locked"))):
        desk.trouble = trouble
        assert await _post(client) == (503, "5")


async def test_a_mistake_of_ours_is_not_taken_for_trouble(
    client: TestClient[web.Request, web.Application], desk: Desk
) -> None:
    for mistake in (ValueError("ours"), DBAPIError("insert", {}, ValueError("ours"))):
        desk.trouble = mistake
        assert (await _post(client))[0] == 500


@pytest.mark.parametrize("body", ["{", "[]", "7", '{"message":{}}', '{"update_id":7}', b"\xff\xfe{"])
async def test_what_cannot_be_read_is_kept_and_taken(
    client: TestClient[web.Request, web.Application], desk: Desk, channel: TelegramChannel, body: bytes | str
) -> None:
    assert (await _post(client, body))[0] == 200
    event = desk.stored[0]
    assert event.lane == "telegram:bot:unread"
    assert len(event.event_id) == 64
    assert channel.read(event.payload).happening is Happening.IGNORED


async def test_a_body_may_be_large_but_not_endless(
    client: TestClient[web.Request, web.Application], desk: Desk
) -> None:
    assert (await _post(client, UPDATE.replace("在吗", "漏" * 4096)))[0] == 200
    assert (await _post(client, "x" * (LARGEST_BODY + 1)))[0] == 413
    assert len(desk.stored) == 1


def test_a_webhook_needs_a_secret(channel: TelegramChannel, desk: Desk) -> None:
    with pytest.raises(ValueError, match="secret"):
        receiver(channel, desk.store, secret="")


@pytest.fixture
async def api() -> AsyncIterator[Stub]:
    async with stub() as server:
        yield server


async def test_telegram_is_told_where_to_send_and_drops_nothing(api: Stub) -> None:
    async with talking(api.url) as channel:
        assert await set_webhook(channel, public_url="https://line.example.org/", secret=SECRET)
    told = api.params("setWebhook")[0]
    assert told["url"] == "https://line.example.org/telegram/bot"
    assert (told["secret_token"], told["max_connections"]) == (SECRET, 40)
    assert not told.get("drop_pending_updates")
    assert "SECRET" not in told["url"]


async def test_a_webhook_that_cannot_be_set_stops_nothing(api: Stub) -> None:
    api.will("setWebhook", refuses(400, "Bad Request: bad webhook: HTTPS url must be provided"))
    async with talking(api.url) as channel:
        assert not await set_webhook(channel, public_url="http://line.example.org", secret=SECRET)
