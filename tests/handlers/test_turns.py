"""Turns seen from outside: what they cost, what happens when one fails, what buttons of others do."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, func, select, text, update

from handlers import inbound
from handlers.registry import FORMS
from scripts.bench import plans
from services import inbox
from services.messages import Channel, Inbound, MediaKind
from services.models import Event, Outgoing, Prompt, Setting, Ticket
from services.texts import LOCALES
from tests.support import estate
from tests.support.line import Broken, Line, Writer, attachment

LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)
MOST_STATEMENTS = 24  # of a filing turn: about fifteen for the turn, the rest for number, history, timers and cards


async def turn_of(line: Line, writer: Writer, said: str = "", *, tap: str = "") -> list[str]:
    """Work one event alone and return the statements it took."""
    message = Inbound(
        writer.channel, "main", f"cost-{line.now.timestamp()}-{said}{tap}", writer.external, writer.external,
        text=said, tap=tap, tap_id=tap and "t",
    )  # fmt: skip
    async with line.db.transaction() as session:
        with plans.heard(session) as seen:
            await inbound.handle(session, message, now=line.now, world=line.world)
            await session.flush()
    return [sql for sql, _ in seen]


async def test_a_filing_turn_takes_few_statements(line: Line) -> None:
    owner = await estate.linked(line, "王芳")
    words = await turn_of(line, owner, "厨房水槽漏水")
    async with line.db.reading() as session:
        prompt = (await session.scalars(select(Prompt.id))).one()
    filing = await turn_of(line, owner, tap=f"p:{prompt}:confirm:0")
    assert len(words) <= MOST_STATEMENTS, "\n".join(words)
    assert len(filing) <= MOST_STATEMENTS + 8, "\n".join(filing)
    async with line.db.reading() as session:
        assert await session.scalar(select(func.count()).select_from(Ticket)) == 1


async def poison(line: Line, words: str) -> Writer:
    """Let an owner send something on which our own code fails: a setting that no release knows."""
    owner = await estate.linked(line, "王芳")
    await line.write(owner, "在吗")
    async with line.db.transaction() as session:
        session.add(Setting(community_id=0, key="tickets.gone", value=1, set_at=line.now))
    with pytest.raises(Broken):
        await line.write(owner, words)
    return owner


async def try_again(line: Line) -> None:
    """Let the inbox try again now instead of in a second or two."""
    async with line.db.transaction() as session:
        await session.execute(update(Event).values(due_at=None))
    line.db.wake("inbox")
    with pytest.raises(Broken):
        await line.drain()


async def heal(line: Line) -> None:
    """Take away what our code fails on."""
    async with line.db.transaction() as session:
        await session.execute(delete(Setting))
        await session.execute(update(Event).values(error=""))


async def newest_state(line: Line) -> str:
    async with line.db.reading() as session:
        return (await session.scalars(select(Event.state).order_by(Event.id.desc()).limit(1))).one()


async def test_an_event_on_which_our_code_fails_is_set_aside_after_three_tries_with_an_apology(line: Line) -> None:
    owner = await poison(line, "厨房漏水")
    states = [await newest_state(line)]
    for _ in range(2):
        await try_again(line)
        states.append(await newest_state(line))
    assert states == ["new", "new", "dead"]
    await heal(line)
    await line.drain()
    assert "0571-8888 0000" in line.screen(owner).messages[-1].text
    [answer] = await line.write(owner, "在吗")
    assert "在的" in answer.text


async def test_what_is_set_aside_is_read_for_danger_first(line: Line) -> None:
    engineer = await estate.linked(line, "王师傅")
    await poison(line, "厨房煤气味好重")
    for _ in range(2):
        await try_again(line)
    await heal(line)
    await line.drain()
    [page] = line.screen(engineer).messages
    assert "厨房煤气味好重" in page.text


async def test_words_of_danger_that_wait_behind_others_page_somebody(line: Line) -> None:
    engineer = await estate.linked(line, "王师傅")
    await poison(line, "厨房漏水")
    owner = Writer(Channel.TELEGRAM, "telegram-1")
    await line.store(line.ports[Channel.TELEGRAM].event(line.inbound(owner, text="着火了")))
    async with line.db.transaction() as session:
        await session.execute(update(Event).values(received_at=LONG_AGO))
    for _ in range(2):
        await line.schedule.danger()
    await line.delivery.drain()
    [page] = line.screen(engineer).messages
    assert "着火了" in page.text


async def test_an_event_that_kills_its_worker_is_worked_alone_and_then_set_aside(line: Line) -> None:
    owner = await estate.linked(line, "王芳")
    await line.write(owner, "在吗")
    await line.store(line.ports[Channel.TELEGRAM].event(line.inbound(owner, text="厨房漏水")))
    for crash in range(1, 7):
        async with line.db.transaction() as session:
            alone = await inbox.claim(session, owner="dying", lease=timedelta(), limit=5, alone=True)
            beside = await inbox.claim(session, owner="dying", lease=timedelta(), limit=5)
            assert (len(alone), len(beside)) == ((1, 0) if crash > inbox.CRASHES_BEFORE_ALONE else (0, 1))
        await line.schedule.leases()
    assert await newest_state(line) == "dead"
    await heal(line)
    await line.drain()
    assert "0571-8888 0000" in line.screen(owner).messages[-1].text


TAPS = st.one_of(
    st.sampled_from(["", "p", "p:1", "p:x:y:z", "p:1:what:99", "t:send:5", "t:accept:x", "l:yes", "f:done", "go:"]),
    st.from_regex(r"(p|t|go|l|f)(:[a-z0-9_]{0,8}){0,4}", fullmatch=True),
    st.text(max_size=20),
)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(taps=st.lists(TAPS, min_size=1, max_size=3))
async def test_no_button_data_breaks_a_turn(quick_line: Line, taps: list[str]) -> None:
    owner = await estate.at_home(quick_line, "王芳")
    for tap in taps:
        await quick_line.press(owner, tap)
        quick_line.pass_time(timedelta(minutes=1))


CHATTER = st.one_of(
    st.sampled_from(
        ["报修", "厨房漏水", "在吗", "谢谢", "催一下", "取消", "改时间", "1", "0", "对", "/my", "/new x", "/jobs", "/start",
         "/language", "菜单", "更多", "不给电话", "明天下午", "投诉", "查费用", "/ticket 0412-01", "到了", "修好了", "接单"]
    ),
    st.text(max_size=15),
)  # fmt: skip
NAMES = ("王芳", "刘建军", "David Miller", "小李", "王师傅", "老赵")


@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(chatter=st.lists(st.tuples(st.sampled_from(NAMES), CHATTER, st.booleans()), min_size=3, max_size=14))
async def test_nothing_that_people_write_breaks_the_house(
    quick_line: Line, chatter: list[tuple[str, str, bool]]
) -> None:
    writers = {}
    async with quick_line.db.transaction() as session:
        for name in NAMES:
            writers[name] = await estate.web_of(session, name)
    for number, (name, words, photo) in enumerate(chatter):
        media = [attachment(MediaKind.PHOTO, f"{quick_line.now}-{number}")] if photo else []
        await quick_line.write(writers[name], words, media=media)
    async with quick_line.db.reading() as session:
        assert await session.scalar(select(func.count()).where(Event.state != "done")) == 0
        assert await session.scalar(select(func.count()).where(Outgoing.state == "failed")) == 0


async def test_buttons_of_somebody_elses_question_are_stale(line: Line) -> None:
    owner, other = await estate.linked(line, "王芳"), await estate.linked(line, "赵敏")
    await line.write(owner, "厨房漏水")
    tap = line.screen(owner).button("没错，报上去").tap
    await line.press(other, tap)
    async with line.db.reading() as session:
        assert await session.scalar(select(func.count()).select_from(Ticket)) == 0


async def test_the_same_event_twice_is_worked_once(line: Line) -> None:
    owner = await estate.linked(line, "王芳")
    raw = line.ports[Channel.TELEGRAM].event(
        Inbound(Channel.TELEGRAM, "main", "7", owner.external, owner.external, text="在吗")
    )
    for _ in range(2):
        await line.store(raw)
        await line.drain()
    assert len(line.screen(owner).log) == 1


async def test_a_deploy_that_removed_a_form_leaves_no_dead_end(line: Line) -> None:
    owner = await estate.linked(line, "王芳")
    await line.write(owner, "厨房漏水")
    async with line.db.transaction() as session:
        await session.execute(text("UPDATE prompt SET form = 'gone'"))
    assert "gone" not in FORMS
    await line.tap(owner, "没错，报上去")
    [answer] = await line.write(owner, "客厅灯不亮")
    assert "客厅灯不亮" in answer.text


async def test_every_form_has_a_name_in_every_language(quick_line: Line) -> None:
    keys = quick_line.world.texts.keys()
    assert {f"form.name.{name}" for name in FORMS} <= keys
    assert len(LOCALES) == 3
