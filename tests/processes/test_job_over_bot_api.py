"""The main job over the Bot API: the real program, from a stranger's first words to the survey's score."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

from sqlalchemy import select

from services.db import Database
from services.models import Survey, Ticket
from services.tickets import history
from tests.botapi.driver import BotApi
from tests.botapi.people import Group, Person
from tests.processes.cast import Cast, link_up, meet, open_group, report_for_work
from tests.processes.service import Service
from tests.processes.wording import button, said

MATTER = "厨房水槽漏水"
DIGITS = "13800138000"


async def test_a_repair_goes_from_the_first_words_to_the_score(
    sqlite_url: str, postgresql_url: str, tmp_path: Path
) -> None:
    """By polling on SQLite and by webhook on PostgreSQL, side by side; each program restarts on the way."""
    async with asyncio.TaskGroup() as ways:
        for mode, url in (("polling", sqlite_url), ("webhook", postgresql_url)):
            folder = tmp_path / mode
            folder.mkdir()
            ways.create_task(_job(mode, url, folder), name=mode)


async def _job(mode: str, url: str, folder: Path) -> None:
    async with BotApi.start() as api:
        measured = mode == "polling"  # the other way goes through the same
        async with Service.started(api, url=url, folder=folder, mode=mode, measured=measured) as service:
            cast = await meet(api)
            await report_for_work(cast)
            group = await open_group(api, cast)
            await link_up(cast.owner)
            await _file(cast.owner)
            winner = await _race(cast, group)
            await _work(cast.owner, winner)
            await service.later(timedelta(hours=4, minutes=1))
            await _rate(cast.owner)
            await _both_cards_show_the_end(cast, group)
        await _nobody_broke_a_rule(api)
        await _the_number_was_shown_to_its_holder_only(api, group, winner)
        _the_log_is_clean(service)
    await _everything_is_written_down(url)


async def _file(owner: Person) -> None:
    """File with three deeds: words, a look at the summary, a tap."""
    await owner.says(MATTER)
    summary = await owner.reads(said("repair.summary"))
    assert MATTER in summary.text
    assert "3栋2单元1502" in summary.text
    await owner.taps(button("repair.yes"))
    await owner.reads(said("repair.filed"))


async def _race(cast: Cast, group: Group) -> Person:
    """Two engineers press "accept" on the group's card at once: one has it, the other is told who."""
    card = await group.reads(MATTER)
    assert card.labels == (button("do.accept"), button("do.hand_on"), button("do.not_ours"), button("do.tell"))
    await cast.engineer.reads(MATTER)
    rivals = (cast.engineer, cast.colleague)
    await asyncio.gather(*(rival.taps_on(card, button("do.accept"), in_group=group) for rival in rivals))
    alerts = [(await rival.toast()).alert for rival in rivals]
    assert sorted(alerts) == [False, True]
    await cast.owner.reads(said("news.accepted"))
    shown = await group.reads(button("state.working"))
    assert (shown.message_id, shown.labels) == (card.message_id, (button("do.tell"),))
    return rivals[alerts.index(False)]


async def _work(owner: Person, engineer: Person) -> None:
    """Leave, arrive, photograph with a word: the owner hears of each, and has the last word."""
    await engineer.says("出发了")
    await owner.reads(said("news.on_the_way"))
    await engineer.taps(button("do.arrived"))
    await owner.reads(said("news.arrived"))
    await engineer.sends_photo("换了水封和软管,不漏了")
    done = await owner.reads("换了水封和软管")
    assert (done.kind, done.labels) == ("photo", (button("do.owner_accepts"), button("do.owner_returns")))
    await owner.taps(button("do.owner_accepts"))
    await owner.reads(said("mine.accepted"))
    await engineer.reads(said("staff.accepted_by_owner"))


async def _rate(owner: Person) -> None:
    """Say that it is fixed, then how it was."""
    await owner.reads(said("survey.fixed"))
    await owner.taps(button("survey.fixed.yes"))
    await owner.reads(said("survey.score"))
    await owner.taps(button("score.5"))
    await owner.reads(said("survey.words"))
    await owner.says("师傅来得很快")
    await owner.reads(said("survey.thanks"))


async def _both_cards_show_the_end(cast: Cast, group: Group) -> None:
    for screen in (group, cast.engineer):
        cards = [message for message in await screen.messages() if button("card.matter")[:1] in message.text]
        assert [(button("state.closed") in card.text, card.labels) for card in cards] == [(True, ())]


async def _nobody_broke_a_rule(api: BotApi) -> None:
    assert await api.violations() == []
    assert await api.floods() == []
    assert await api.pending() == []
    assert all(query["answers"] for query in await api.queries())
    refused = [one["description"] for one in await api.refusals() if one["method"] != "getUpdates"]
    assert [why for why in refused if "message is not modified" not in why] == []
    scopes = set(await api.commands())
    for language in ("", "zh", "en"):
        assert any(f'"{language}"' in scope and "all_private_chats" in scope for scope in scopes)


async def _the_number_was_shown_to_its_holder_only(api: BotApi, group: Group, holder: Person) -> None:
    reached = {one["chat_id"] for one in await api.history() if _has_number(one["text"] or "")}
    assert holder.id in reached
    assert reached <= {holder.id, 1001}
    assert group.chat_id not in reached
    assert not any(_has_number(message.text) for message in await holder.messages())


def _has_number(text: str) -> bool:
    return DIGITS in "".join(sign for sign in text if sign.isdigit())


def _the_log_is_clean(service: Service) -> None:
    """No error, no words and no number of anybody."""
    faults: Sequence[str] = [line for line in service.log.splitlines() if "[error" in line or "Traceback" in line]
    assert faults == []
    assert MATTER not in service.log
    assert not any(_has_number(line) for line in service.log.splitlines())


async def _everything_is_written_down(url: str) -> None:
    database = Database(url)
    async with database.reading() as session:
        ticket = (await session.scalars(select(Ticket))).one()
        survey = (await session.scalars(select(Survey))).one()
        verdict = await history.verify(session)
    await database.dispose()
    assert (ticket.state, ticket.closed_how, ticket.returns) == ("closed", "accepted", 0)
    assert (survey.state, survey.fixed, survey.score, survey.words) == ("answered", True, 5, "师傅来得很快")
    assert (verdict.broken, verdict.tickets) == ([], 1)
