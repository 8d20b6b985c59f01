"""The wording guard: what staff word to owners is looked at once, wherever they write it; nothing is lost."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select, update

from handlers import wording
from services.messages import Channel, MediaKind
from services.models import Address, Prompt, Ticket, WordingHit
from services.outbox import Priority
from services.people import group_of
from services.tickets import cards
from services.wordings import Outcome
from tests.support import estate
from tests.support.line import Line, Shown, Writer, attachment

RUDE = "急什么急"


def texts(shown: list[Shown]) -> str:
    return "\n".join(one.text for one in shown)


class Job:
    """A job that an engineer holds, and whoever belongs to it."""

    def __init__(self, line: Line) -> None:
        self.line = line

    async def begin(self) -> None:
        """Let the owner file and the engineer accept, at the door."""
        self.owner = await estate.linked(self.line, "王芳")
        self.engineer = await estate.linked(self.line, "王师傅")
        await self.line.write(self.owner, "厨房水槽漏水")
        await self.line.tap(self.owner, "没错，报上去")
        for label in ("我接", "到了"):
            await self.line.tap(self.engineer, label)

    def heard(self) -> str:
        """Return everything the owner has read."""
        return texts(self.line.screen(self.owner).messages)

    async def hits(self) -> list[tuple[str, str]]:
        async with self.line.db.reading() as session:
            rows = await session.execute(select(WordingHit.phrase, WordingHit.outcome).order_by(WordingHit.id))
            return [(phrase, outcome) for phrase, outcome in rows]


@pytest.fixture
async def job(line: Line) -> Job:
    made = Job(line)
    await made.begin()
    return made


@pytest.fixture
async def quick_job(quick_line: Line) -> Job:
    made = Job(quick_line)
    await made.begin()
    return made


async def in_group(job: Job, name: str, *, words: str, group: Writer) -> list[Shown]:
    """Answer the newest card in the group."""
    who = (await estate.at_home(job.line, name)).within(group.external)
    card = next(s for s in reversed(job.line.screen(group).messages) if "报修" in s.text)
    return await job.line.write(who, words, reply_to=card.id)


@pytest.mark.parametrize(
    ("label", "outcome", "goes"),
    [("用建议的", Outcome.MENDED, "知道您着急"), ("照原样发", Outcome.SENT, RUDE)],
)
async def test_the_sender_decides_and_it_is_counted(job: Job, label: str, outcome: Outcome, goes: str) -> None:
    await job.line.write(job.engineer, f"> {RUDE}")
    assert RUDE not in job.heard()
    assert await job.hits() == [(RUDE, Outcome.DROPPED)]
    await job.line.tap(job.engineer, label)
    assert goes in job.heard()
    assert await job.hits() == [(RUDE, outcome)]


async def test_new_words_are_looked_at_again_and_photos_of_before_go_along(job: Job) -> None:
    asked = await job.line.write(job.engineer, f"> {RUDE}", media=[attachment(MediaKind.PHOTO, "1")])
    assert RUDE in texts(asked)
    asked = await job.line.write(job.engineer, "不归我管")
    assert "我帮您转给负责的同事" in texts(asked)
    await job.line.tap(job.engineer, "改一改")
    await job.line.write(job.engineer, "请您稍等", media=[attachment(MediaKind.PHOTO, "2")])
    told = job.line.screen(job.owner).messages[-1]
    assert "请您稍等" in told.text
    assert len(told.files) == 2
    assert [outcome for _, outcome in await job.hits()] == [Outcome.REWORDED, Outcome.REWORDED]


async def test_words_of_which_he_thinks_better_are_dropped(quick_job: Job) -> None:
    await quick_job.line.write(quick_job.engineer, f"> {RUDE}")
    await quick_job.line.write(quick_job.engineer, "取消")
    assert RUDE not in quick_job.heard()
    assert await quick_job.hits() == [(RUDE, Outcome.DROPPED)]


async def test_a_photo_is_no_answer_to_the_question(quick_job: Job) -> None:
    await quick_job.line.write(quick_job.engineer, f"> {RUDE}")
    await quick_job.line.write(quick_job.engineer, media=[attachment(MediaKind.PHOTO, "1")])
    await quick_job.line.tap(quick_job.engineer, "用建议的")
    assert "知道您着急" in quick_job.heard()


async def test_owners_words_and_the_systems_own_are_not_looked_at(quick_job: Job) -> None:
    line = quick_job.line
    await line.tap(quick_job.engineer, "直接聊")
    await line.write(quick_job.owner, RUDE)
    assert f"业主：{RUDE}" in texts(line.screen(quick_job.engineer).messages)
    assert await quick_job.hits() == []


async def test_a_talk_that_ended_meanwhile_does_not_swallow_the_words(quick_job: Job) -> None:
    line = quick_job.line
    await line.tap(quick_job.engineer, "直接聊")
    await line.write(quick_job.engineer, RUDE)
    await line.write(quick_job.owner, "结束")
    await line.tap(quick_job.engineer, "用建议的")
    assert "知道您着急" in quick_job.heard()


async def test_who_ends_the_talk_drops_the_words_and_what_he_writes_then_is_not_for_the_owner(quick_job: Job) -> None:
    line = quick_job.line
    await line.tap(quick_job.engineer, "直接聊")
    await line.write(quick_job.engineer, RUDE)
    await line.tap(quick_job.engineer, "结束")
    await line.write(quick_job.engineer, "有情况")
    assert "有情况" not in quick_job.heard()
    assert await quick_job.hits() == [(RUDE, Outcome.DROPPED)]


async def test_a_question_about_an_earlier_talk_does_not_hear_what_is_said_in_a_new_one(quick_job: Job) -> None:
    line = quick_job.line
    await line.tap(quick_job.engineer, "直接聊")
    await line.write(quick_job.engineer, RUDE)
    await line.advance(timedelta(hours=1))
    await line.tap(quick_job.engineer, "直接聊")
    await line.write(quick_job.engineer, "您好")
    assert "师傅：您好" in quick_job.heard()
    assert await quick_job.hits() == [(RUDE, Outcome.DROPPED)]


async def test_who_may_not_speak_to_the_owner_is_refused_before_his_words_are_looked_at(quick_job: Job) -> None:
    line, group = quick_job.line, await estate.group(quick_job.line, "工程群", "engineering")
    await show_card(quick_job, group)
    await estate.linked(line, "陈师傅")
    refused = await in_group(quick_job, "陈师傅", words=f"> {RUDE}", group=group)
    assert "办不了" in texts(refused)
    assert await quick_job.hits() == []


async def test_what_is_refused_when_it_is_sent_counts_as_not_sent(quick_job: Job) -> None:
    line = quick_job.line
    await line.write(quick_job.engineer, f"> {RUDE}")
    await line.write(quick_job.owner, "取消")
    async with line.db.transaction() as session:
        await session.execute(update(Ticket).values(state="cancelled"))
    await line.tap(quick_job.engineer, "照原样发")
    assert RUDE not in quick_job.heard()
    assert await quick_job.hits() == [(RUDE, Outcome.DROPPED)]


async def test_a_question_of_a_later_release_is_refused_kindly(quick_job: Job) -> None:
    await quick_job.line.write(quick_job.engineer, f"> {RUDE}")
    async with quick_job.line.db.transaction() as session:
        prompt = (await session.scalars(select(Prompt).where(Prompt.form == wording.FORM))).one()
        prompt.given = {**prompt.given, "via": "telepathy"}
        prompt.answers = [[name, "telepathy" if name == "via" else value] for name, value in prompt.answers]
    answers = await quick_job.line.tap(quick_job.engineer, "照原样发")
    assert "没找到" in texts(answers)


async def test_without_a_private_chat_he_is_asked_in_the_topic_and_nobody_else_decides(job: Job) -> None:
    line, group = job.line, await estate.group(job.line, "工程群", "engineering")
    await show_card(job, group)
    async with line.db.transaction() as session:
        await session.execute(update(Address).where(Address.external == job.engineer.external).values(gone_at=line.now))
    asked = await in_group(job, "王师傅", words=f"> {RUDE}", group=group)
    assert "开头写" in texts(asked)
    assert all(button.label != "改一改" for shown in asked for row in shown.rows for button in row)
    colleague = (await estate.linked(line, "陈师傅")).within(group.external)
    assert "同事" in texts(await line.tap(colleague, "照原样发"))
    assert RUDE not in job.heard()
    assert "转给业主" in texts(await line.tap(job.engineer.within(group.external), "用建议的"))
    assert "知道您着急" in job.heard()


async def show_card(job: Job, group: Writer) -> None:
    """Give the group a card of the job."""
    async with job.line.db.transaction() as session:
        ticket = (await session.scalars(select(Ticket))).one()
        to = await group_of(session, community_id=ticket.community_id, team="engineering")
        assert to is not None
        await cards.show(session, ticket=ticket, to=to, view=cards.View.GROUP, priority=Priority.WORK, now=job.line.now)
    await job.line.drain()
    assert job.line.screen(group).messages


async def test_the_button_in_the_group_says_how_when_he_has_no_private_chat(quick_job: Job) -> None:
    line, group = quick_job.line, await estate.group(quick_job.line, "工程群", "engineering")
    await show_card(quick_job, group)
    async with line.db.transaction() as session:
        await session.execute(
            update(Address).where(Address.external == quick_job.engineer.external).values(gone_at=line.now)
        )
    assert "开头写 >" in texts(await line.tap(quick_job.engineer.within(group.external), "回业主"))


async def test_the_words_may_answer_a_card_or_name_a_number_and_of_several_jobs_he_is_asked_which(job: Job) -> None:
    line = job.line
    other = await estate.linked(line, "吴海")
    await line.write(other, "马桶漏水")
    await line.tap(other, "没错，报上去")
    await line.tap(job.engineer, "我接")
    asked = await line.write(job.engineer, "> 马上到")
    assert "0412-01" in texts(asked) or any("0412-01" in b.label for s in asked for row in s.rows for b in row)
    await line.write(job.engineer, "1")
    assert "马上到" in job.heard()
    await line.write(job.engineer, "》0412－02 带了新水箱")
    assert "带了新水箱" in texts(line.screen(other).messages)
    card = next(s for s in line.screen(job.engineer).messages if "0412-02" in s.text and "🔧" in s.text)
    await line.write(job.engineer, "＞还要十分钟", reply_to=card.id)
    assert "还要十分钟" in texts(line.screen(other).messages)
    assert "要跟业主说什么" in texts(await line.write(job.engineer, "> 0412-02"))


async def test_who_has_no_job_or_none_of_that_number_is_told_so(quick_job: Job) -> None:
    line = quick_job.line
    idle = await estate.at_home(line, "陈师傅")
    assert "没有工单" in texts(await line.write(idle, "> 马上到"))
    assert "没找到" in texts(await line.write(idle, "> 0412-99 马上到"))
    assert "转给业主" not in texts(await line.write(quick_job.owner, "> 马上到"))


async def test_phrases_of_all_languages_are_known_the_writers_own_first(quick_line: Line) -> None:
    found = wording.phrases(quick_line.world.catalog, "en")
    assert found[0] == quick_line.world.catalog.wording["en"][0]
    assert len(found) == sum(len(listed) for listed in quick_line.world.catalog.wording.values())


async def test_the_counts_of_a_month_begin_with_the_month(quick_job: Job) -> None:
    line, lead = quick_job.line, await estate.at_home(quick_job.line, "老赵")
    assert "还没有" in texts(await line.write(lead, "/wording"))
    await line.write(quick_job.engineer, f"> {RUDE}")
    assert "提醒1次" in texts(await line.write(lead, "/wording"))
    async with line.db.transaction() as session:
        await session.execute(update(WordingHit).values(at=line.now.replace(month=3)))
    assert "还没有" in texts(await line.write(lead, "/wording"))


async def test_by_text_message_the_question_is_one_message(quick_line: Line) -> None:
    line = quick_line
    owner = await estate.linked(line, "王芳")
    engineer = await estate.linked(line, "王师傅", Channel.SMS)
    await line.write(owner, "厨房水槽漏水")
    await line.tap(owner, "没错，报上去")
    await line.write(engineer, "1")
    [asked] = await line.write(engineer, "> 你自己看着办")
    assert len(asked.text) <= 70
