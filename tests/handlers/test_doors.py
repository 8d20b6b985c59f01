"""Who gets in: shared accounts, groups, blocked people, edited words, proofs that grow old, albums, tongues."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import func, select, update

from bot.channels.port import Outcome, Sent
from services.messages import Channel, Happening, MediaKind
from services.models import Address, ChannelAccount, Community, Media, Outgoing, Person, Prompt, Ticket
from services.settings import change
from tests.support import estate
from tests.support.line import ACCOUNT, Line, Writer, attachment


async def second_estate(line: Line) -> None:
    """Let the bot serve another estate as well."""
    async with line.db.transaction() as session:
        other = Community(
            slug="river", name="江景苑", zone="Asia/Shanghai", locale="zh_Hans", phone="0571-1111", created_at=line.now
        )
        session.add(other)
        await session.flush()
        session.add(ChannelAccount(channel=Channel.TELEGRAM, account=ACCOUNT, community_id=other.id))


async def count(line: Line, table: type[Ticket | Outgoing | Media | Prompt]) -> int:
    async with line.db.reading() as session:
        return await session.scalar(select(func.count()).select_from(table)) or 0


async def test_a_stranger_on_a_shared_account_says_which_estate_he_means_and_his_words_are_kept(line: Line) -> None:
    await second_estate(line)
    who = estate.stranger("路人")
    [asked] = await line.write(who, "电梯坏了")
    assert {button.label for row in asked.rows for button in row} == {"阳光花园", "江景苑"}
    answers = await line.tap(who, "江景苑")
    assert not any("小区" in shown.text for shown in answers)
    async with line.db.reading() as session:
        name = await session.scalar(
            select(Community.name)
            .join(Address, Address.community_id == Community.id)
            .where(Address.external == who.external)
        )
    assert name == "江景苑"


async def test_a_greeting_on_a_shared_account_is_greeted_by_the_chosen_estate(line: Line) -> None:
    await second_estate(line)
    who = estate.stranger("路人")
    await line.write(who, "你好")
    answers = await line.write(who, "1")
    assert any("阳光花园" in answer.text or "什么事" in answer.text for answer in answers)


async def test_a_printed_code_tells_the_estate_by_itself(line: Line) -> None:
    await second_estate(line)
    who = estate.stranger("路人")
    [asked] = await line.write(who, "/start", start="lift-3-2")
    assert "3栋2单元1号梯" in asked.text


async def test_who_blocked_the_bot_gets_nothing_until_he_comes_back(line: Line) -> None:
    owner = await estate.linked(line, "王芳")
    await line.write(owner, "厨房水槽漏水")
    await line.tap(owner, "没错，报上去")
    assert await line.write(owner, happening=Happening.BLOCKED) == []
    engineer = await estate.at_home(line, "王师傅")
    await line.tap(engineer, "我接")
    assert not any("接了" in shown.text for shown in line.screen(owner).messages)
    await line.write(owner, happening=Happening.UNBLOCKED)
    await line.tap(engineer, "到了")
    assert "到了" in line.screen(owner).messages[-1].text


async def test_a_group_that_became_a_supergroup_keeps_its_cards(line: Line) -> None:
    group = await estate.group(line, "工程群", "engineering")
    await line.write(Writer(Channel.TELEGRAM, "1", group=group.external), "-100777", happening=Happening.MIGRATED)
    owner = await estate.at_home(line, "王芳")
    await line.write(owner, "厨房水槽漏水")
    await line.tap(owner, "没错，报上去")
    moved = line.screens.of(Channel.TELEGRAM, "-100777")
    assert "0412-01" in moved.messages[0].text


async def test_an_edited_message_and_a_join_change_nothing(line: Line) -> None:
    owner = await estate.at_home(line, "王芳")
    for happening in (Happening.EDITED, Happening.JOINED, Happening.IGNORED):
        assert await line.write(owner, "厨房水槽漏水", happening=happening) == []
    assert await count(line, Prompt) == 0


async def test_in_a_group_that_is_nobodys_nothing_is_heard(line: Line) -> None:
    somebody = estate.stranger("路人").within("-100999")
    assert await line.write(somebody, "厨房水槽漏水") == []
    assert await count(line, Ticket) == 0


async def test_amounts_need_a_proof_that_is_not_too_old(line: Line) -> None:
    owner = await estate.linked(line, "王芳")
    [bills] = await line.write(owner, "/fees")
    assert "944.16" in bills.text
    line.pass_time(timedelta(days=91))
    [refusal] = await line.write(owner, "/fees")
    assert "944" not in refusal.text
    assert "0571-8888 0000" in refusal.text


async def test_the_days_of_a_proof_are_the_communitys(line: Line) -> None:
    owner = await estate.linked(line, "王芳")
    async with line.db.transaction() as session:
        await session.execute(update(Address).where(Address.external == owner.external).values(proven_at=line.now))
    line.pass_time(timedelta(days=2))
    async with line.db.transaction() as session:
        await change(
            session,
            line.world.policies,
            community_id=1,
            key="dialogues.recent_proof_days",
            value=1,
            by=None,
            now=line.now,
        )
    [refusal] = await line.write(owner, "/fees")
    assert "944" not in refusal.text


async def test_the_same_photo_twice_is_one_file(line: Line) -> None:
    owner = await estate.at_home(line, "王芳")
    for _ in range(2):
        await line.write(owner, "厨房水槽漏水", media=[attachment(MediaKind.PHOTO, "leak")])
    assert await count(line, Media) == 1


async def test_an_album_gets_one_answer(line: Line) -> None:
    owner = await estate.linked(line, "王芳")
    await line.write(owner, "厨房水槽漏水")
    await line.tap(owner, "没错，报上去")
    answers = [
        shown
        for number in range(3)
        for shown in await line.write(owner, media=[attachment(MediaKind.PHOTO, str(number))], album="a")
    ]
    assert len(answers) <= 1
    async with line.db.reading() as session:
        assert await session.scalar(select(Ticket.media_count)) == 3


async def test_the_language_one_writes_in_is_kept_until_another_is_chosen(line: Line) -> None:
    who = estate.stranger("tourist", language="en")
    [hello] = await line.write(who, "/start")
    assert "Hello" in hello.text or "estate" in hello.text.lower() or "report" in hello.text.lower()
    owner = await estate.at_home(line, "王芳")
    [answer] = await line.write(owner, "廚房水喉漏水")
    assert "樣" in answer.text or "記" in answer.text
    await line.write(owner, "/language")
    [chosen] = [shown for shown in await line.tap(owner, "English") if not shown.toast]
    assert "English" in chosen.text
    [english] = await line.write(owner, "取消")
    assert english.text.isascii() or "nothing" in english.text.lower()
    async with line.db.reading() as session:
        assert await session.scalar(select(Person.locale).where(Person.name == "王芳")) == "en"


async def test_an_unknown_language_is_asked_again(line: Line) -> None:
    owner = await estate.at_home(line, "王芳")
    [asked] = await line.write(owner, "/language fr")
    assert len([button for row in asked.rows for button in row]) == 3


async def test_a_command_for_staff_is_refused_to_owners_and_an_unknown_one_helps(line: Line) -> None:
    owner = await estate.at_home(line, "王芳")
    for command in ("/jobs", "/new 漏水", "/code 3-2-1502", "/team engineering"):
        [refusal] = await line.write(owner, command)
        assert "办不了" in refusal.text
    [help_] = await line.write(owner, "/nonsense")
    assert "报修" in help_.text


async def test_a_silenced_tap_is_answered_all_the_same(line: Line) -> None:
    owner = await estate.linked(line, "王芳")
    for _ in range(22):
        await line.write(owner, "在吗")
    [toast] = await line.press(owner, "go:menu")
    assert toast.toast


async def test_notices_may_be_none(line: Line) -> None:
    owner = await estate.at_home(line, "王芳")
    line.pass_time(timedelta(days=30))
    [answer] = await line.write(owner, "/notices")
    assert "没有通知" in answer.text


async def test_a_message_that_could_not_go_takes_the_persons_other_way(line: Line) -> None:
    owner = await estate.linked(line, "张福全")
    phone = Writer(Channel.SMS, "+8613800138001")
    async with line.db.transaction() as session:
        person = (await session.scalars(select(Person.id).where(Person.name == "张福全"))).one()
        session.add(
            Address(
                channel=Channel.SMS,
                account=ACCOUNT,
                external=phone.external,
                community_id=1,
                person_id=person,
                proof="register",
                created_at=line.now,
            )
        )
    line.ports[Channel.TELEGRAM].refuses[owner.external] = Sent(Outcome.GONE, code="blocked")
    await line.write(owner, "在吗")
    assert "什么事" in line.screen(phone).messages[0].text
