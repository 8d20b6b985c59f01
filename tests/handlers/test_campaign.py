"""The survey of all owners in chat: what cuts into it, how it is resumed, and its other kind of question."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select

from handlers.turn import World
from services.messages import Channel, MediaKind
from services.models import CampaignAnswer, Prompt
from services.questions import Kind, Question
from services.questions import Line as Service
from tests.support import estate
from tests.support.line import Line, Shown, Writer, attachment

ASKED = (
    Question(
        "gate", Service.SECURITY, Kind.YES_NO, {"zh_Hans": "门岗认得您吗？", "zh_Hant": "門口認得您嗎？", "en": "?"}
    ),
    Question("desk", Service.RECEPTION, Kind.SCORE, {"zh_Hans": "前台好吗？", "zh_Hant": "櫃位好嗎？", "en": "??"}),
    Question("more", Service.GENERAL, Kind.WORDS, {"zh_Hans": "还有吗？", "zh_Hant": "還有嗎？", "en": "???"}),
)


@pytest.fixture
async def line(sqlite_estate_url: str, world: World) -> AsyncIterator[Line]:
    """Return the house with three questions of its own."""
    opened = Line(sqlite_estate_url, replace(world, questions=ASKED))
    yield opened
    await opened.close()


def said(shown: list[Shown]) -> str:
    return "\n".join(one.text for one in shown)


async def begun(line: Line, channel: Channel = Channel.TELEGRAM) -> Writer:
    """Send the survey; return an owner who began it."""
    owner, manager = await estate.linked(line, "王芳", channel), await estate.linked(line, "孙经理")
    await line.write(manager, "/survey start")
    await line.tap(manager, "发出去")
    await line.advance(timedelta(minutes=1))
    await line.write(owner, "/survey")
    return owner


async def test_yes_and_no_and_free_words_are_kept_as_they_were_said(line: Line) -> None:
    owner = await begun(line, Channel.SMS)
    assert "前台好吗" in said(await line.write(owner, "2"))
    assert "还有吗" in said(await line.write(owner, "5"))
    assert "答完了" in said(await line.write(owner, "1"))
    async with line.db.reading() as session:
        kept = await session.execute(select(CampaignAnswer.question, CampaignAnswer.score).order_by(CampaignAnswer.id))
        assert [tuple(row) for row in kept] == [("gate", 0), ("desk", 5), ("more", None)]
    assert "没有要答的问卷" in said(await line.write(owner, "/survey"))


async def test_a_photo_begins_a_repair_and_the_question_comes_back_when_it_is_filed(line: Line) -> None:
    owner = await begun(line)
    await line.write(owner, media=[attachment(MediaKind.PHOTO, "1")])
    await line.write(owner, "厨房水槽漏水")
    assert "门岗认得您吗" in said(await line.tap(owner, "没错，报上去"))
    assert "前台好吗" in said(await line.tap(owner, "是"))


async def test_who_calls_off_or_lets_it_lie_goes_on_where_he_stopped(line: Line) -> None:
    owner = await begun(line)
    await line.tap(owner, "是")
    assert "前台好吗" in said(await line.write(owner, "/survey"))  # the same question, not a second one
    async with line.db.reading() as session:
        waiting = select(Prompt.id).where(Prompt.form == "campaign", Prompt.state == "open")
        assert len((await session.scalars(waiting)).all()) == 1
    await line.write(owner, "取消")
    assert "前台好吗" in said(await line.write(owner, "/survey"))
    await line.advance(timedelta(hours=30))
    assert "前台好吗" in said(await line.write(owner, "/survey"))
    assert "还有吗" in said(await line.write(owner, "一般"))


async def test_words_that_name_something_broken_become_the_draft_of_a_repair(line: Line) -> None:
    owner = await begun(line)
    await line.tap(owner, "是")
    await line.tap(owner, "很不满意")
    await line.write(owner, "厨房水槽漏水")
    shown = said(await line.tap(owner, "不用了"))
    assert "答完了" in shown
    assert "我这样记" in shown


async def test_a_survey_that_is_not_his_is_not_there(line: Line) -> None:
    await begun(line)
    other = await estate.linked(line, "小李")
    for tap in ("go:survey:go 1", "go:survey:no 1", "go:survey:go 99"):
        assert "没找到" in said(await line.press(other, tap))
    assert "/survey start" not in said(await line.write(other, "/survey"))
