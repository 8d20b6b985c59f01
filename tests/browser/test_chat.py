"""The chat by itself, on a narrow telephone: the page that an owner gets from a QR code."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import Page, expect

from tests.browser.conftest import OpenBrowser
from tests.browser.demo import Demo
from tests.browser.screens import PATIENCE, Screen, Watch
from tests.browser.wording import label, said

pytestmark = pytest.mark.asyncio(loop_scope="session")

CODE = re.compile(r"\b[A-Z0-9]{6,12}\b")


async def opened(visit: OpenBrowser, url: str) -> Page:
    """Come with a telephone of 360 pixels."""
    context = await visit(360, 740, has_touch=True, is_mobile=True)
    page = await context.new_page()
    await page.goto(url)
    return page


async def code_for(page: Page, demo: Demo, home: str) -> str:
    """Let the desk issue a code."""
    desk_page = await page.context.new_page()
    await desk_page.goto(demo.url("/chat?persona=desk"))
    desk = Screen(desk_page)
    await desk.say(f"/code {home}")
    found = CODE.search(await (await desk.reads(said("code.made"))).inner_text())
    assert found is not None
    await desk_page.close()
    return found.group()


async def test_a_stranger_links_up_by_a_code_and_keeps_his_words(demo: Demo, visit: OpenBrowser, watch: Watch) -> None:
    page = await opened(visit, demo.url("/chat"))
    chat = Screen(page)
    await chat.reads(said("link.hello"))
    assert await page.evaluate("document.documentElement.scrollWidth") == 360
    await expect(page.locator("#menu")).to_be_hidden()
    await chat.say(await code_for(page, demo, "3-2-1501 梁雪梅"))
    await chat.reads(said("link.done"))

    # A reload keeps what was said; what is written while the service is away goes out when it is back.
    said_so_far = await chat.messages.all_inner_texts()
    await page.reload()
    await expect(chat.messages).to_have_count(len(said_so_far), timeout=PATIENCE)
    assert await chat.messages.all_inner_texts() == said_so_far
    await expect(page.locator("#state")).to_have_class(re.compile(r"\bon\b"))
    await demo.stop()
    await expect(page.locator("#state")).to_have_class(re.compile(r"\boff\b"), timeout=PATIENCE)
    await chat.say("卫生间水管漏水")
    await expect(chat.waiting).to_contain_text(label("page.chat.waiting"), timeout=PATIENCE)
    await demo.start()
    await chat.reads(said("repair.summary"))
    await expect(chat.waiting).to_have_count(0)
    await expect(chat.messages.filter(has_text=re.compile("我：\\s*卫生间水管漏水"))).to_have_count(1)
    await chat.tap(label("repair.yes"))
    await chat.reads(said("repair.filed"))
    watch.pardon("ERR_CONNECTION_REFUSED", "WebSocket connection to")
    assert watch.troubles == []
    assert watch.strangers == []


async def test_a_code_on_the_lift_says_where_and_the_page_speaks_ones_language(
    demo: Demo, visit: OpenBrowser, watch: Watch
) -> None:
    page = await opened(visit, demo.url("/chat?p=lift-3-2"))
    chat = Screen(page)
    await expect(chat.heard.last).to_be_visible(timeout=PATIENCE)
    await expect(page).to_have_url(demo.url("/chat"))
    await chat.say("电梯有异响")
    await chat.reads(re.compile("1号梯"))

    # The language is a setting of hers, on the page and in what is said.
    await page.goto(demo.url("/?lang=en"))
    await page.locator('a[href="/chat"]').click()
    await expect(page.locator("html")).to_have_attribute("lang", "en")
    await expect(page.locator("#words")).to_have_attribute("placeholder", label("page.chat.write", locale="en"))
    await chat.reads(said("language.set.en", locale="en"))
    await page.locator("#large").click()
    await expect(page.locator("html")).to_have_class(re.compile("large"))
    assert await page.evaluate("document.documentElement.scrollWidth") == 360
    assert watch.troubles == []
    assert watch.strangers == []
