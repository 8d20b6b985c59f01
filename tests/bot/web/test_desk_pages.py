"""What the desk sees and does on its page: the queue, a ticket, a person, a caller; and what it does not see."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import func, select, update

from services.catalog import Kind
from services.models import Content, History, Media, NumberView, Person, Survey, Ticket
from tests.bot.web.clerks import Clerk, actor, filed_by
from tests.support import estate
from tests.support.line import Line

SECRET_MATTER = "态度很差的那个人"


async def person_id(line: Line, name: str) -> int:
    async with line.db.reading() as session:
        return (await session.scalars(select(Person.id).where(Person.name == name))).one()


async def row(line: Line, ticket_id: int) -> Ticket:
    async with line.db.reading() as session:
        return await session.get_one(Ticket, ticket_id)


async def history(line: Line, ticket_id: int) -> list[tuple[str, str, str]]:
    async with line.db.reading() as session:
        rows = select(History.action, History.channel, History.event_id).where(History.ticket_id == ticket_id)
        return [
            (action, channel, event) for action, channel, event in await session.execute(rows.order_by(History.seq))
        ]


async def secret(line: Line) -> int:
    """File a complaint that only who leads may see."""
    ticket_id = await filed_by(line, "王芳", matter=SECRET_MATTER, kind=Kind.COMPLAINT, confidential=True)
    async with line.db.transaction() as session:
        apart = {"first_taker_id": None, "holder_id": None, "team": "management"}
        await session.execute(update(Ticket).where(Ticket.id == ticket_id).values(apart))
    return ticket_id


async def test_a_confidential_complaint_is_not_there_for_the_desk(line: Line) -> None:
    ticket_id = await secret(line)
    number, wang = (await row(line, ticket_id)).number, await person_id(line, "王芳")
    async with Clerk(line) as clerk:
        await clerk.comes_in("小李")
        for path in ("/desk", "/desk?view=complaints", "/desk?view=all", f"/desk/p/{wang}"):
            assert await clerk.sees(path) == 200
            assert SECRET_MATTER not in clerk.page, path
            assert number not in clerk.page, path
        for words in (number, "态度", "王芳", "13800138000"):
            await clerk.sees("/desk")
            assert await clerk.sends("/desk", words=words, view="all") == 200
            assert SECRET_MATTER not in clerk.page, words
        assert await clerk.sees(f"/desk/t/{ticket_id}") == 404
        await clerk.sees("/desk/new")
        assert await clerk.sends("/desk/do", ticket=ticket_id, note=1, words="瞧瞧") == 404
        assert await clerk.sends("/desk/do", key="12345678", tap=f"t:tell:{ticket_id}", words="您好") != 500
    assert len(await history(line, ticket_id)) == 1
    async with Clerk(line) as lead:
        await lead.comes_in("老赵")
        await lead.sees("/desk?view=complaints")
        assert SECRET_MATTER in lead.page
        assert await lead.sees(f"/desk/t/{ticket_id}") == 200


async def test_who_spoke_of_his_neighbours_is_named_to_who_leads_alone(line: Line) -> None:
    ticket_id = await filed_by(line, "王芳", matter="楼上半夜跳绳")
    async with line.db.transaction() as session:
        values = {"anonymous": True, "filed_by": None, "kind": "complaint"}
        await session.execute(update(Ticket).where(Ticket.id == ticket_id).values(values))
    async with Clerk(line) as clerk, Clerk(line) as lead:
        await clerk.comes_in("小李")
        await clerk.sees(f"/desk/t/{ticket_id}")
        assert "楼上半夜跳绳" in clerk.page
        assert "王芳" not in clerk.page
        await clerk.sees(f"/desk/p/{await person_id(line, '王芳')}")
        assert "楼上半夜跳绳" not in clerk.page
        for words in ("王芳", "13800138000"):
            await clerk.sees("/desk")
            await clerk.sends("/desk", words=words, view="all")
            assert "楼上半夜跳绳" not in clerk.page
        await lead.comes_in("老赵")
        await lead.sees(f"/desk/t/{ticket_id}")
        assert "王芳" in lead.page


async def test_the_queue_is_narrowed_and_searched(line: Line) -> None:
    mine = await filed_by(line, "王芳", matter="厨房水槽漏水")
    other = await filed_by(line, "陈志强", matter="门锁坏了")
    async with line.db.transaction() as session:
        late = {"due_at": line.now, "state": "open", "holder_id": None}
        await session.execute(update(Ticket).where(Ticket.id == other).values(late))
    number = (await row(line, mine)).number
    async with Clerk(line) as clerk:
        await clerk.comes_in("老赵")
        found = {}
        for query in ("view=undispatched", "view=mine", "building=3", "building=9", "state=open", "order=newest"):
            await clerk.sees(f"/desk?{query}")
            found[query] = ("厨房水槽漏水" in clerk.page, "门锁坏了" in clerk.page)
        for words in (number, "水槽", "王芳", "138 0013 8000", "没有这个"):
            await clerk.sees("/desk")
            await clerk.sends("/desk", words=words)
            found[words] = ("厨房水槽漏水" in clerk.page, "门锁坏了" in clerk.page)
        await clerk.sees("/desk?view=mine")
        await clerk.sends("/desk", words=number, view="mine")
        assert "厨房水槽漏水" in clerk.page, "a number finds its ticket in every view"
        await clerk.sends("/desk", words="13800138000", view="all")
        assert "厨房水槽漏水" in clerk.page
        await clerk.sees("/desk?view=nonsense&holder=x&state=nonsense&team=nonsense&after=-1")
        assert clerk.status == 200
    first, second, both, none = (True, False), (False, True), (True, True), (False, False)
    assert found["view=undispatched"] == second
    assert found["view=mine"] == none
    assert found["building=9"] == none
    assert found["state=open"] == second
    assert found["order=newest"] == both
    assert [found[words] for words in (number, "水槽", "王芳", "138 0013 8000", "没有这个")] == [*[first] * 4, none]


@pytest.mark.parametrize("query", ["order=urgent", "order=newest", "view=all"])
async def test_the_queue_goes_on_page_by_page(line: Line, query: str) -> None:
    async with line.db.transaction() as session:
        owner = await actor(session, line, "王芳")
        first, *_ = [await estate.filed(session, line, owner, matter=f"第{n}件事", urgent=n == 1) for n in range(3)]
        columns = [column.key for column in Ticket.__table__.columns if column.key not in {"id", "number"}]
        for number in range(60):
            copied = {name: getattr(first, name) for name in columns}
            session.add(Ticket(**copied | {"number": f"x-{number}", "due_at": None if number % 3 else first.due_at}))
    seen: list[str] = []
    async with Clerk(line) as clerk:
        await clerk.comes_in("老赵")
        await clerk.sees(f"/desk?{query}")
        while True:
            seen += re.findall(r'href="/desk/t/(\d+)"', clerk.page)
            more = re.search(r'name="after" value="(\d+)"', clerk.page)
            if more is None:
                break
            view = "all" if "all" in query else "open"
            order = "newest" if "newest" in query else "urgent"
            await clerk.sends("/desk", after=more[1], view=view, order=order)
    assert len(seen) == len(set(seen)) == 63


async def test_what_is_done_on_the_page_goes_through_the_engine_once(line: Line) -> None:
    ticket_id = await filed_by(line, "王芳")
    async with Clerk(line) as clerk:
        await clerk.comes_in("小李")
        await clerk.sees(f"/desk/t/{ticket_id}")
        again = clerk.page
        for _ in range(2):  # a double click
            clerk.page = again
            assert await clerk.sends("/desk/do", ticket=ticket_id, note=1, words="业主五点后在家") == 200
        assert "业主五点后在家" in clerk.page
        await clerk.sees(f"/desk/t/{ticket_id}")
        await clerk.sends("/desk/do", ticket=ticket_id, tap=f"t:tell:{ticket_id}", words="师傅今天来")
        assert "师傅今天来" in clerk.page
        await clerk.sees(f"/desk/t/{ticket_id}")
        await clerk.sends("/desk/do", ticket=ticket_id, tap=f"t:hand_on:{ticket_id}")
        await clerk.sends("/desk/do", ticket=ticket_id, prompt=prompt_in(clerk), tap=clerk_option(clerk, "刘师傅"))
        assert "前台网页" in clerk.page
    done = await history(line, ticket_id)
    assert [action for action, *_ in done] == ["file", "note", "tell", "hand_on"]
    assert {channel for _, channel, _ in done[1:]} == {"web"}
    assert all(event.startswith("desk:") for *_, event in done[1:])


def prompt_in(clerk: Clerk) -> str:
    found = re.search(r'name="prompt" value="(\d+)"', clerk.page)
    assert found is not None, clerk.page
    return str(found[1])


def clerk_option(clerk: Clerk, begins: str) -> str:
    found = re.search(rf'name="tap" value="([^"]+)"[^>]*>{begins}', clerk.page)
    assert found is not None, clerk.page
    return str(found[1])


async def test_words_that_owners_should_not_read_are_shown_with_better_ones(line: Line) -> None:
    ticket_id = await filed_by(line, "王芳")
    phrase = line.world.catalog.wording["zh_Hans"][0]
    async with Clerk(line) as clerk:
        await clerk.comes_in("小李")
        for way in ("不办了", "照原样发", "用建议的"):
            await clerk.sees(f"/desk/t/{ticket_id}")
            await clerk.sends("/desk/do", ticket=ticket_id, tap=f"t:tell:{ticket_id}", words=phrase.say)
            assert phrase.better in clerk.page
            step, tap = ("cancel", "") if way == "不办了" else ("", clerk.button(way))
            await clerk.sends("/desk/do", ticket=ticket_id, prompt=prompt_in(clerk), step=step, tap=tap)
    async with line.db.reading() as session:
        told = select(Content.words).where(Content.ticket_id == ticket_id, Content.kind == "tell").order_by(Content.id)
        assert list(await session.scalars(told)) == [phrase.say, phrase.better]


async def test_questions_go_a_step_back_and_end_only_once(line: Line) -> None:
    ticket_id = await filed_by(line, "王芳")
    async with Clerk(line) as clerk:
        await clerk.comes_in("老赵")
        await clerk.sees(f"/desk/t/{ticket_id}")
        await clerk.sends("/desk/do", ticket=ticket_id, tap=f"t:withdraw:{ticket_id}")
        asked = prompt_in(clerk)
        await clerk.sends("/desk/do", ticket=ticket_id, prompt=asked, words="报重了")
        await clerk.sends("/desk/do", ticket=ticket_id, key="anotherkey", prompt=asked, words="再来一次")
        assert "已经答过" in clerk.page
        assert await clerk.sends("/desk/do", key="onemorekey", tap="go:start") == 200
        await clerk.sees(f"/desk/t/{ticket_id}")
        assert await clerk.sends("/desk/do", key="short", ticket=ticket_id) == 403
        await clerk.sees(f"/desk/t/{ticket_id}")
        await clerk.sends("/desk/do", key="reopenkey", ticket=ticket_id, tap=f"t:reopen:{ticket_id}")
        await clerk.sends("/desk/do", key="backbackk", ticket=ticket_id, prompt=prompt_in(clerk), step="back")
    assert [action for action, *_ in await history(line, ticket_id)] == ["file", "cancel"]


async def test_a_caller_is_looked_up_and_his_repair_is_filed(line: Line) -> None:
    async with Clerk(line) as clerk:
        await clerk.comes_in("小李")
        await clerk.sees("/desk/caller")
        await clerk.sends("/desk/caller", phone="138 0013 8000")
        assert clerk.path == f"/desk/p/{await person_id(line, '王芳')}"
        assert "138****8000" in clerk.page
        await clerk.sees(f"/desk/new?person={await person_id(line, '王芳')}")
        await clerk.sends("/desk/new", person=await person_id(line, "王芳"), what="厨房水槽漏水", door="visit")
        assert "3栋2单元1502" in clerk.page
        assert "阀" in clerk.page, "what the caller can do meanwhile"
        await clerk.sends("/desk/do", prompt=prompt_in(clerk), tap=clerk.button("没错，报上去"))
        assert clerk.path.startswith("/desk/t/")
        filed = await row(line, int(clerk.path.rsplit("/", 1)[1]))
    assert (filed.source, filed.requester_name, filed.place) == ("visit", "王芳", "3栋2单元1502")


async def test_a_caller_nobody_knows_can_be_helped_all_the_same(line: Line) -> None:
    async with Clerk(line) as clerk:
        await clerk.comes_in("小李")
        await clerk.sees("/desk/caller")
        await clerk.sends("/desk/caller", phone="5")
        assert "不像电话号码" in clerk.page
        await clerk.sends("/desk/caller", phone="13911112222")
        assert "登记里没有" in clerk.page
        await clerk.sees("/desk/new")
        await clerk.sends("/desk/new", what="灯不亮", where="2栋1单元大堂", phone="13911112222", door="phone")
        await clerk.sends("/desk/do", prompt=prompt_in(clerk), tap=clerk.button("没错，报上去"))
        filed = await row(line, int(clerk.path.rsplit("/", 1)[1]))
        assert (filed.source, filed.requester_phone) == ("phone", "+8613911112222")
        assert await clerk.sees("/desk/said/999") == 200
        assert await clerk.sees("/desk/p/999999") == 404


async def test_a_number_is_shown_to_who_leads_or_holds_and_that_is_written_down(line: Line) -> None:
    wang = await person_id(line, "王芳")
    ticket_id = await filed_by(line, "王芳")
    async with line.db.transaction() as session:
        session.add(
            Survey(community_id=1, ticket_id=ticket_id, cycle=1, state="answered", score=2, asked_at=None, why="")
        )
    async with Clerk(line) as clerk, Clerk(line) as lead:
        await clerk.comes_in("小李")
        await clerk.sees(f"/desk/p/{wang}")
        assert "<b>2</b>/5" not in clerk.page
        await clerk.sees("/desk")
        await clerk.sends(f"/desk/p/{wang}")
        assert "138 0013 8000" not in clerk.page
        await lead.comes_in("老赵")
        await lead.sees(f"/desk/p/{wang}")
        assert "<b>2</b>/5" in lead.page
        await lead.sends(f"/desk/p/{wang}")
        assert "138 0013 8000" in lead.page
    async with line.db.reading() as session:
        assert await session.scalar(select(func.count()).where(NumberView.owner_id == wang)) == 1


async def test_a_file_is_shown_with_its_ticket_and_to_nobody_else(line: Line) -> None:
    ticket_id, hidden = await filed_by(line, "王芳"), await secret(line)
    async with line.db.transaction() as session:
        kept = [
            Media(kind="photo", channel="web", account="web", unique_id=f"u{n}", sha256=f"{n}", state="stored")
            for n in (1, 2)
        ]
        for one in kept:
            one.mime, one.created_at, one.community_id = "image/jpeg", line.now, 1
        session.add_all(kept)
        await session.flush()
        for ticket, one in zip((ticket_id, hidden), kept, strict=True):
            its = Content.ticket_id == ticket
            await session.execute(update(Content).where(its).values(media=[one.id]))
        ids = [one.id for one in kept]
    async with Clerk(line) as clerk:
        await clerk.comes_in("小李")
        await clerk.sees(f"/desk/t/{ticket_id}")
        assert f"/desk/t/{ticket_id}/file/{ids[0]}" in clerk.page
        assert await clerk.sees(f"/desk/t/{ticket_id}/file/{ids[0]}") == 200
        assert await clerk.sees(f"/desk/t/{ticket_id}/file/{ids[1]}") == 404
        assert await clerk.sees(f"/desk/t/{hidden}/file/{ids[1]}") == 404


async def test_the_page_speaks_the_language_that_was_chosen(line: Line) -> None:
    async with Clerk(line) as clerk:
        await clerk.comes_in("小李")
        await clerk.sees("/desk?lang=en")
        assert "Undispatched" in clerk.page
        await clerk.sees("/desk?lang=zh-Hant")
        assert "未有人接" in clerk.page


async def test_the_page_works_on_the_server_as_well(server_line: Line) -> None:
    ticket_id = await filed_by(server_line, "王芳")
    async with Clerk(server_line) as clerk:
        await clerk.comes_in("老赵")
        for query in ("", "?view=all&order=newest", "?view=overdue", "?view=today&building=3", "?view=forwarded"):
            assert await clerk.sees(f"/desk{query}") == 200, query
        for words in ("水槽", "13800138000"):
            await clerk.sees("/desk")
            assert await clerk.sends("/desk", words=words, after=10**9) == 200
            assert await clerk.sends("/desk", words=words) == 200
            assert "厨房水槽漏水" in clerk.page
        await clerk.sees(f"/desk/t/{ticket_id}")
        await clerk.sends("/desk/do", ticket=ticket_id, note=1, words="业主五点后在家")
        assert "业主五点后在家" in clerk.page
        await clerk.sees("/desk")
        assert await clerk.sends(f"/desk/p/{await person_id(server_line, '王芳')}") == 200
        assert await clerk.sends("/desk/leave") == 200
    assert [action for action, *_ in await history(server_line, ticket_id)] == ["file", "note"]


async def test_an_account_is_shown_beside_the_file_to_who_works_with_accounts(line: Line) -> None:
    wang = await person_id(line, "王芳")
    async with Clerk(line) as clerk, Clerk(line) as guard:
        await clerk.comes_in("小李")
        await clerk.sees(f"/desk/p/{wang}")
        assert "未交 983.39元" in clerk.page
        assert "物业费 2026年4–6月" in clerk.page
        await guard.comes_in("保安小马")
        await guard.sees(f"/desk/p/{wang}")
        assert "983.39" not in guard.page
