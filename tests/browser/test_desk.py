"""The desk's page as a supervisor uses it: from the link in his chat to a ticket, on a wide screen and on a phone."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import Page, expect

from tests.browser.conftest import OpenBrowser
from tests.browser.demo import Demo
from tests.browser.screens import PATIENCE, Screen, Watch
from tests.browser.wording import label, said

pytestmark = pytest.mark.asyncio(loop_scope="session")

HIS_NUMBER = "138 0013 8000"


async def come_in(visit: OpenBrowser, demo: Demo) -> tuple[Screen, Page]:
    """Ask for a link as the lab's supervisor, open it, press its button; return the owner's chat and the desk's page."""
    context = await visit(1280, 800)
    chat, hers = await context.new_page(), await context.new_page()
    await chat.goto(demo.url("/chat?persona=supervisor"))
    await hers.goto(demo.url("/chat?persona=owner"))
    supervisor = Screen(chat)
    await supervisor.say("/desk")
    link = supervisor.heard.locator("a.choice").filter(has_text=label("desk.page.open")).last
    async with context.expect_page() as coming:
        await link.click(timeout=PATIENCE)
    desk = await coming.value
    await desk.get_by_role("button", name=label("desk.page.enter")).click()
    await expect(desk.get_by_role("link", name=label("desk.view.undispatched"))).to_be_visible(timeout=PATIENCE)
    return Screen(hers), desk


async def take_a_caller_down(desk: Page) -> str:
    """Somebody phones: his number, his file, his words, one look, filed; return the ticket's address."""
    await desk.get_by_role("link", name=label("desk.page.caller")).click()
    await desk.get_by_label(label("desk.page.phone")).fill(HIS_NUMBER)
    await desk.get_by_role("button", name=label("desk.page.look_up")).click()
    await desk.get_by_role("link", name=label("desk.page.file_for")).click()
    await desk.get_by_label(label("desk.page.what")).fill("卫生间门锁坏了")
    await desk.get_by_role("button", name=label("desk.page.go_on")).click()
    await expect(desk.locator("#said")).to_contain_text("3栋2单元1502")
    await desk.get_by_role("button", name=label("new.yes")).click()
    await expect(desk.locator("#said")).to_contain_text(re.compile(r"\d{4}-\d{2}"))
    return desk.url


async def test_a_supervisor_works_his_queue_and_files_for_a_caller(
    demo: Demo, visit: OpenBrowser, watch: Watch
) -> None:
    owner, desk = await come_in(visit, demo)
    ticket = await take_a_caller_down(desk)
    await desk.get_by_role("link", name=label("desk.page.queue")).click()
    await desk.locator("summary").click()
    await desk.get_by_label(label("desk.page.building")).select_option("2")
    await desk.get_by_role("button", name=label("desk.page.apply")).click()
    await expect(desk.locator(".row")).to_have_count(0)
    await desk.get_by_role("link", name=label("desk.page.clear")).click()
    await desk.get_by_label(label("desk.page.search")).fill("门锁")
    await desk.get_by_role("button", name=label("desk.page.search")).click()
    await desk.locator(".row a").first.click()
    await desk.locator("#words").fill("师傅下午四点到")
    await desk.get_by_role("button", name=label("do.tell")).click()
    await expect(desk.locator("#said")).to_be_visible()
    await owner.reads(re.compile("师傅下午四点到"))
    await desk.reload()
    await expect(desk.locator(".steps .words").filter(has_text="师傅下午四点到")).to_have_count(1)
    await desk.set_viewport_size({"width": 390, "height": 844})
    for path in ("/desk", ticket.removeprefix(demo.url("")), "/desk/new", "/desk/caller"):
        await desk.goto(demo.url(path))
        assert await desk.evaluate("document.documentElement.scrollWidth") <= 390, path
    await desk.get_by_role("button", name=label("desk.page.leave")).click()
    await expect(desk.locator("main")).to_contain_text(said("desk.page.how"))
    assert watch.troubles == []
    assert watch.strangers == []
