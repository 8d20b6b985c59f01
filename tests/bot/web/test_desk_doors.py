"""Who gets into the desk's page: by a link used once, on one device, until it ends."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select, update

from services.models import Address, DeskLink, DeskSession, Person, Staff
from tests.bot.web.clerks import Clerk, chat_of, link_for
from tests.support.line import Line


async def why(line: Line) -> list[str]:
    """Return why sessions ended, oldest first."""
    async with line.db.reading() as session:
        return list(await session.scalars(select(DeskSession.why).order_by(DeskSession.id)))


async def test_a_link_lets_one_browser_in_once(line: Line) -> None:
    path = await link_for(line, "小李")
    async with Clerk(line) as clerk, Clerk(line, device="a phone") as second:
        assert [await clerk.sees(path), await clerk.sees(path)] == [200, 200], "a preview does not use it up"
        answer = await clerk.client.post(path, headers=clerk.origin, allow_redirects=False)
        assert answer.status == 303
        cookie = answer.cookies["ownerline_desk"]
        assert (cookie["httponly"], cookie["samesite"], cookie["path"]) == (True, "Strict", "/desk")
        assert await clerk.sees("/desk") == 200
        assert "小李" in clerk.page
        assert [await second.sees(path), await second.sends(path)] == [410, 410]
        assert await second.sees("/desk") == 401
        second.client.session.cookie_jar.update_cookies({"ownerline_desk": cookie.value})
        assert await second.sees("/desk") == 401, "a stolen cookie ends the session"
    assert await why(line) == ["device"]
    async with line.db.reading() as session:
        kept = (await session.scalars(select(DeskLink.digest))).one()
    assert kept not in path


async def test_a_link_that_nobody_opened_in_time_is_over(line: Line) -> None:
    path = await link_for(line, "老赵")
    newer = await link_for(line, "老赵")
    async with Clerk(line) as clerk:
        assert await clerk.sends(path) == 410, "the newer one took its place"
        await line.advance(timedelta(minutes=11))
        assert await clerk.sends(newer) == 410
        assert await clerk.sends("/desk/enter/made.up") == 410


async def test_a_session_ends_with_its_hours(line: Line) -> None:
    async with Clerk(line) as clerk:
        await clerk.comes_in("小李")
        await line.advance(timedelta(hours=12))
        assert await clerk.sees("/desk") == 401
    assert await why(line) == ["expired"]


@pytest.mark.parametrize("change", [{"active": False}, {"role": "engineer"}])
async def test_who_leaves_or_loses_his_role_is_out_at_once(line: Line, change: dict[str, object]) -> None:
    async with Clerk(line) as clerk:
        await clerk.comes_in("小李")
        path = await link_for(line, "小李")
        async with line.db.transaction() as session:
            his = Staff.person_id.in_(select(Person.id).where(Person.name == "小李"))
            await session.execute(update(Staff).where(his).values(change))
        assert await clerk.sees("/desk") == 401
        assert await clerk.sends(path) == 410
    assert await why(line) == ["left"]


async def test_everybody_ends_his_own_sessions_and_who_leads_those_of_others(line: Line) -> None:
    desk, lead = await chat_of(line, "小李"), await chat_of(line, "老赵")
    async with Clerk(line) as clerk:
        await clerk.comes_in("小李")
        refused = await line.write(desk, "/desk off 03")
        assert "小李" not in refused[-1].text
        assert await clerk.sees("/desk") == 200
        told = await line.write(lead, "/desk off 08")
        assert "小李" in told[-1].text
        assert await clerk.sees("/desk") == 401
        await clerk.comes_in("小李")
        await line.write(desk, "/desk off")
        assert await clerk.sees("/desk") == 401
        await clerk.comes_in("小李")
        assert await clerk.sends("/desk/leave") == 200
        assert await clerk.sees("/desk") == 401
        nobody = await line.write(lead, "/desk off 999")
        assert "999" not in nobody[-1].text
    assert await why(line) == ["lead", "off", "off"]


async def test_engineers_and_residents_get_no_link(line: Line) -> None:
    for name in ("王师傅", "王芳"):
        shown = await line.write(await chat_of(line, name), "/desk")
        assert "/desk/enter" not in shown[-1].text


async def test_a_form_must_come_from_a_page_of_the_session(line: Line) -> None:
    async with Clerk(line) as clerk:
        await clerk.comes_in("小李")
        await clerk.sees("/desk")
        assert await clerk.sends("/desk", words="漏水") == 200
        assert await clerk.sends("/desk", csrf="0" * 64) == 403
        await clerk.sees("/desk")
        assert await clerk.sends("/desk", headers={"Origin": "https://elsewhere.example"}) == 403
        await clerk.sees("/desk")
        assert await clerk.sends("/desk/leave", headers={}) == 403
        assert await clerk.sees("/desk") == 200


async def test_pages_carry_no_script_and_are_kept_by_nobody(line: Line) -> None:
    async with Clerk(line) as clerk:
        await clerk.comes_in("小李")
        answer = await clerk.client.get("/desk")
        page = await answer.text()
    assert "script" not in answer.headers["Content-Security-Policy"]
    assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]
    assert answer.headers["Cache-Control"] == "no-store"
    assert "<script" not in page
    assert "style=" not in page


async def test_who_asks_too_often_waits(line: Line) -> None:
    async with Clerk(line) as clerk:
        assert {await clerk.sees("/desk/enter/made.up") for _ in range(61)} == {410, 429}
        assert [await clerk.sees("/desk") for _ in range(121)][-1] == 429


async def test_nothing_is_ever_sent_to_the_page(line: Line) -> None:
    """Its address is where questions are kept; messages go to the employee's chat."""
    async with Clerk(line) as clerk:
        await clerk.comes_in("小李")
    async with line.db.reading() as session:
        kept = (await session.scalars(select(Address).where(Address.account == "desk"))).one()
    assert kept.gone_at is not None
