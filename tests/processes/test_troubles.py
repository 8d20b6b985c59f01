"""What goes wrong in life, met by the real program over its webhook: it answers, and goes on."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from tests.botapi.driver import BotApi
from tests.botapi.faults import FaultKind
from tests.botapi.people import Group, Person
from tests.processes.cast import Cast, link_up, meet, open_group, report_for_work
from tests.processes.service import SECRET, Service
from tests.processes.wording import button, said

pytestmark = pytest.mark.asyncio(loop_scope="module")

SECRET_HEADER = "X-Telegram-Bot-Api-Secret-Token"

HURRY = {"delivery__group_per_minute": "100"}  # fewer messages go to the group here than its burst allows


@dataclass(frozen=True, slots=True)
class Estate:
    """A running service with its staff at work and its group open."""

    api: BotApi
    service: Service
    cast: Cast
    group: Group


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def estate(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Estate]:
    folder = tmp_path_factory.mktemp("troubles")
    url = f"sqlite:///{shutil.copy(sqlite_template, folder / 'ownerline.db')}"
    async with BotApi.start(retry_pause=0.2) as api:
        await api.fault(FaultKind.ERROR, method="setMyCommands", times=100)
        async with Service.started(
            api, url=url, folder=folder, mode="webhook", measured=False, figures=HURRY
        ) as service:
            cast = await meet(api)
            await report_for_work(cast)
            yield Estate(api, service, cast, await open_group(api, cast))
        assert await api.violations() == []
        assert await api.floods() == []
        assert all(query["answers"] for query in await api.queries())
        assert "Traceback" not in service.log


async def test_a_call_that_fails_at_the_start_does_not_stop_it(estate: Estate) -> None:
    """Nobody's commands could be set, and everything else works."""
    assert (await estate.api.faults())[0]["met"] >= 3
    assert await estate.api.commands() == {}
    assert "commands were not set" in estate.service.log
    await estate.cast.desk.says("/jobs")
    await estate.cast.desk.reads(said("jobs.none"))


async def test_a_stranger_may_file_and_sees_nothing_of_others(estate: Estate) -> None:
    """His request goes to the desk first; the numbers of others are not there for him."""
    number = await _files(estate, await _resident(estate, 1101, "陈志强", "+8613800138002"), "厨房水槽漏水")
    stranger = await estate.api.user(1102, "路人", phone="+8613999999999")
    await stranger.says("/start")
    await stranger.taps(button("link.later"))
    await stranger.reads(said("repair.what"))
    await stranger.says("卧室灯不亮")
    await stranger.reads(said("repair.where.stranger"))
    await stranger.says("2栋1单元102")
    await stranger.reads(said("repair.reach"))
    await stranger.says("老孙 13999999999")
    await stranger.reads(said("repair.summary"))
    await stranger.taps(button("repair.yes"))
    await stranger.reads(said("repair.filed.stranger"))
    await estate.cast.desk.reads("卧室灯不亮")
    await stranger.says(f"/ticket {number}")
    await stranger.reads(said("refused.not_found"))
    assert not any(number in message.text for message in await stranger.messages())


async def test_who_blocks_the_bot_is_left_alone_until_he_is_back(estate: Estate) -> None:
    owner = await _resident(estate, 1103, "吴海", "+8613800138006")
    number = await _files(estate, owner, "卫生间马桶堵了")
    card = await estate.cast.engineer.reads(number)
    await owner.blocks()
    await estate.cast.engineer.taps_on(card, button("do.accept"))
    shown = await estate.cast.engineer.reads(button("state.working"))
    sent = await estate.api.history()
    await owner.unblocks()
    await owner.says("/my")
    assert number in (await owner.reads(number)).text
    await estate.cast.engineer.taps_on(shown, button("do.arrived"))
    await owner.reads(said("news.arrived"))
    assert not any(said("news.accepted") in (one["text"] or "") for one in sent if one["chat_id"] == owner.id)


async def test_a_tap_is_answered_whoever_makes_it_and_however_late(estate: Estate) -> None:
    """A button pressed twice, a card that somebody else has, a hidden admin."""
    owner = await _resident(estate, 1104, "周丽", "+8613800138007")
    await owner.says("客厅插座没电了")
    summary = await owner.reads(said("repair.summary"))
    for _ in range(2):
        await owner.taps_on(summary, button("repair.yes"))
    assert (await owner.toast()).text
    card = await estate.group.reads("客厅插座没电了")
    outsider = await estate.api.user(1105, "邻居")
    await outsider.taps_on(card, button("do.accept"), in_group=estate.group)
    assert (await outsider.toast()).alert
    await estate.cast.colleague.taps_on(card, button("do.accept"), in_group=estate.group)
    await estate.group.reads(button("state.working"))
    await estate.cast.engineer.taps_on(card, button("do.accept"), in_group=estate.group)
    assert (await estate.cast.engineer.toast()).alert
    await estate.cast.supervisor.says("/jobs", in_group=estate.group, anonymous=True)
    await estate.group.reads(said("group.anonymous"))


async def test_a_card_that_somebody_deleted_comes_anew(estate: Estate) -> None:
    owner = await _resident(estate, 1106, "黄伟", "+8613800138008")
    number = await _files(estate, owner, "卧室灯不亮")
    card = await estate.group.reads(number)
    await estate.api.forget(card)
    await estate.cast.colleague.taps_on(card, button("do.accept"), in_group=estate.group)
    anew = await estate.group.reads(number)
    assert anew.message_id > card.message_id
    assert button("state.working") in anew.text


async def test_a_group_that_became_a_supergroup_keeps_its_cards(estate: Estate) -> None:
    """A ticket's card goes on in the new chat, and new ones come there."""
    owner = await _resident(estate, 1107, "罗勇", "+8613800138019")
    number = await _files(estate, owner, "厨房水龙头关不紧")
    await estate.group.reads(number)
    bigger = await estate.cast.supervisor.migrates(estate.group, -1001000000501)
    private = await estate.cast.engineer.reads(number)
    await estate.cast.engineer.taps_on(private, button("do.accept"))
    assert button("state.working") in (await bigger.reads(number)).text
    again = await _files(estate, owner, "阳台地漏堵了")
    await bigger.reads(again)


async def test_the_webhook_takes_updates_from_nobody_but_telegram(estate: Estate) -> None:
    update = _update(9_000_001, estate.cast.owner, "/start")
    for secret in (None, "", "guessed", SECRET + "x"):
        assert await _post(estate, update, secret) == HTTPStatus.FORBIDDEN
    target = await estate.api.done("getWebhookInfo")
    assert target["url"].startswith(estate.service.address)
    assert estate.api.token.partition(":")[2] not in target["url"]
    assert await estate.cast.owner.messages() == []


async def test_an_update_that_comes_twice_is_answered_once(estate: Estate) -> None:
    """Telegram repeats what it has no answer for; what nobody can read is taken, too, and put aside."""
    neighbour = await estate.api.user(1108, "孙浩", phone="+8613800138013", started=True)
    update = _update(9_000_002, neighbour, "/start")
    for body in (update, update, b"no update at all", update):
        assert await _post(estate, body, SECRET) == HTTPStatus.OK
    await link_up(neighbour)
    hellos = [message for message in await neighbour.messages() if said("link.why") in message.text]
    assert len(hellos) == 2  # the posted one and that of linking up


async def _resident(estate: Estate, number: int, name: str, phone: str) -> Person:
    person = await estate.api.user(number, name, phone=phone)
    await link_up(person)
    return person


async def _files(estate: Estate, owner: Person, matter: str) -> str:
    """File, and return the ticket's number."""
    await owner.says(matter)
    await owner.reads(said("repair.summary"))
    await owner.taps(button("repair.yes"))
    filed = await owner.reads(said("repair.filed"))
    return next(word for word in filed.text.replace("，", " ").replace("单号", " ").split() if word[:4].isdigit())


async def _post(estate: Estate, update: bytes | dict[str, Any], secret: str | None) -> int:
    headers = {} if secret is None else {SECRET_HEADER: secret}
    given: dict[str, Any] = {"data": update} if isinstance(update, bytes) else {"json": update}
    address = f"{estate.service.address}/telegram/main"
    async with estate.api.wire.session.post(address, headers=headers, **given) as answer:
        return answer.status


def _update(number: int, person: Person, text: str) -> dict[str, Any]:
    chat = {"id": person.id, "type": "private", "first_name": person.name}
    sender = {"id": person.id, "is_bot": False, "first_name": person.name, "language_code": "zh-hans"}
    message = {"message_id": 900_001, "date": 1, "chat": chat, "from": sender, "text": text}
    return {"update_id": number, "message": message}
