"""The whole job in the lab, as a newcomer plays it."""

from __future__ import annotations

import re
from dataclasses import dataclass

import pytest
from playwright.async_api import Locator, Page, expect

from tests.browser.conftest import OpenBrowser
from tests.browser.demo import Demo
from tests.browser.screens import PATIENCE, Screen, Watch, photo
from tests.browser.wording import label, said

pytestmark = pytest.mark.asyncio(loop_scope="session")

A_DAY = 24 * 3600
PANES = ("owner", "phone", "engineer", "supervisor", "desk", "manager")
NUMBER = re.compile(r"\d{4}-\d{2}")
UNREAD = re.compile(r"\bunread\b")
HERS = re.compile(r"\+86 138 0013 8000")


def pane(page: Page, slug: str) -> Screen:
    """Return somebody's pane."""
    return Screen(page.frame_locator(f"#pane-{slug} iframe"))


async def opened(visit: OpenBrowser, demo: Demo, *, width: int = 1280, height: int = 800) -> Page:
    """Open the lab and wait until everybody is there."""
    page = await (await visit(width, height)).new_page()
    await page.goto(demo.url("/lab"))
    await expect(page.locator("iframe")).to_have_count(len(PANES))
    await expect(pane(page, "owner").place.locator("#menu button")).to_have_count(6, timeout=PATIENCE)
    return page


async def move_clock(page: Page, seconds: int) -> None:
    """Move the demo's clock and wait until everything due on the way has been said."""
    button = page.locator(f'.clock button[data-seconds="{seconds}"]')
    await button.click()
    await expect(button).to_be_enabled(timeout=2 * PATIENCE)
    await expect(page.locator("#notice")).to_be_hidden()


async def number_in(message: Locator) -> str:
    """Return the ticket's number that stands in a message."""
    found = NUMBER.search(await message.inner_text())
    assert found is not None
    return found.group()


@dataclass(frozen=True, slots=True)
class Cast:
    """Who plays in the whole job."""

    page: Page
    owner: Screen
    engineer: Screen
    supervisor: Screen


async def she_files_it(cast: Cast) -> str:
    """She says it in one breath, with a photo; one tap files it."""
    owner = cast.owner
    await owner.attach(photo("leak"), "厨房水槽漏水")
    summary = await owner.reads(said("repair.summary"))
    await expect(summary).to_contain_text("3栋2单元1502")
    await expect(summary).to_contain_text("厨房水槽漏水")
    await owner.sees_pictures(owner.messages.filter(has=owner.place.locator("img")).last)
    await owner.tap(label("repair.yes"))
    return await number_in(await owner.reads(said("repair.filed")))


async def he_takes_it(cast: Cast, number: str) -> None:
    """The engineer on duty has the card, marked as new; he takes it, and only then sees her number."""
    owner, engineer = cast.owner, cast.engineer
    card = engineer.card(number)
    await expect(card).to_be_visible(timeout=PATIENCE)
    await expect(engineer.around).to_have_class(UNREAD)
    await expect(card).not_to_contain_text(HERS)
    await engineer.tap(label("do.accept"))
    await expect(card).to_contain_text(HERS, timeout=PATIENCE)
    await expect(card).to_contain_text(label("step.accepted"))
    await expect(engineer.around).not_to_have_class(UNREAD)
    await engineer.sees_pictures(engineer.heard.filter(has=engineer.place.locator("img")).last)
    await owner.reads(said("news.accepted", number=number))
    await engineer.tap(label("do.arrived"))
    await expect(card).to_contain_text(label("step.arrived"), timeout=PATIENCE)
    await owner.reads(said("news.arrived", number=number))


async def it_is_mended_twice(cast: Cast, number: str) -> None:
    """A photo with a word is "done". She is not content, and it is the same ticket again."""
    owner, engineer = cast.owner, cast.engineer
    await engineer.attach(photo("mended"), "换了角阀")
    await engineer.reads(said("work.done", number=number))
    await owner.sees_pictures(await owner.reads(said("news.done.words", words="换了角阀")))
    await owner.tap(label("do.owner_returns"))
    await owner.reads(said("return.why"))
    await owner.say("还在滴水")
    await owner.reads(said("mine.returned", number=number))
    await engineer.reads(said("staff.returned", number=number, words="还在滴水"))
    await expect(engineer.card(number)).to_contain_text(said("card.returned", count="1"), timeout=PATIENCE)
    await engineer.attach(photo("mended-again"), "换了垫片")
    await owner.reads(said("news.done.words", words="换了垫片"))
    await owner.tap(label("do.owner_accepts"))
    await owner.reads(said("mine.accepted", number=number))
    await engineer.reads(said("staff.accepted_by_owner", number=number))


async def she_is_called(cast: Cast, number: str) -> None:
    """A day later she is asked; a low score brings the supervisor."""
    owner, supervisor = cast.owner, cast.supervisor
    await move_clock(cast.page, A_DAY)
    await owner.reads(said("survey.fixed", number=number))
    await owner.tap(label("survey.fixed.yes"))
    await owner.reads(said("survey.score"))
    await owner.tap(label("score.2"))
    await owner.reads(said("survey.words"))
    await owner.say("来了两趟才修好")
    await owner.reads(said("survey.sorry"))
    call = await supervisor.reads(said("staff.follow_up.words", words="来了两趟才修好"))
    await expect(call).to_contain_text(number)
    await expect(call).to_contain_text(HERS)
    await supervisor.tap(label("call.content"))
    await supervisor.reads(said("followed_up.note"))
    await supervisor.say("道了歉，送了一次保养")
    await supervisor.reads(said("follow_up.noted"))


async def test_a_repair_travels_from_the_first_words_to_the_follow_up(
    demo: Demo, visit: OpenBrowser, watch: Watch
) -> None:
    page = await opened(visit, demo)
    cast = Cast(page, pane(page, "owner"), pane(page, "engineer"), pane(page, "supervisor"))
    number = await she_files_it(cast)
    await he_takes_it(cast, number)
    await it_is_mended_twice(cast, number)
    await she_is_called(cast, number)
    await expect(pane(page, "manager").messages.filter(has_text=number)).to_have_count(0)
    assert watch.troubles == []
    assert watch.strangers == []


async def test_the_same_job_on_a_plain_phone_with_nothing_but_keys(
    demo: Demo, visit: OpenBrowser, watch: Watch
) -> None:
    page = await opened(visit, demo)
    phone, engineer, supervisor = pane(page, "phone"), pane(page, "engineer"), pane(page, "supervisor")
    await page.locator(".try button", has_text=label("lab.try.sms")).click()
    await expect(phone.place.locator("#words")).to_have_value(label("lab.try.sms.words"))
    await phone.place.locator("#send").click()
    await phone.reads_last(re.compile(r"3栋1单元201[\s\S]*1 "))
    await phone.press("1")
    number = await number_in(await phone.reads_last(said("repair.filed", sms=True)))
    await engineer.reads(re.compile(number))
    await engineer.tap(label("do.accept"))
    await phone.reads(said("news.accepted", sms=True, number=number))
    await engineer.tap(label("do.arrived"))
    await phone.reads_last(said("news.arrived", sms=True, number=number))
    await engineer.tap(label("do.done"))
    await engineer.reads(said("done.what", number=number))
    await engineer.say("换了软管")
    await phone.reads_last(re.compile(rf"2 {label('score.2')}[\s\S]*0 {label('score.not_fixed')}"))
    await phone.press("2")
    await phone.reads_last(said("survey.sorry", sms=True))
    await supervisor.reads(said("staff.follow_up", number=number))
    assert watch.troubles == []


async def test_on_a_telephone_the_lab_shows_one_person_at_a_time(demo: Demo, visit: OpenBrowser, watch: Watch) -> None:
    page = await opened(visit, demo, width=390, height=844)
    desk, engineer = pane(page, "desk"), pane(page, "engineer")
    news = page.locator("#tab-engineer .dot")
    await expect(engineer.around).to_be_hidden()
    await expect(news).to_be_hidden()
    await page.locator("#tab-desk").click()
    await expect(pane(page, "owner").around).to_be_hidden()
    await desk.say("/new 3-2-1202 卫生间水管漏水 来电")
    await desk.tap("吴海")
    await desk.tap(label("new.yes"))
    number = await number_in(await desk.reads(said("new.filed")))
    await expect(news).to_be_visible(timeout=PATIENCE)
    await page.locator("#tab-engineer").click()
    await expect(news).to_be_hidden()
    await expect(engineer.card(number)).to_be_visible(timeout=PATIENCE)
    assert await page.evaluate("document.documentElement.scrollWidth") == 390
    assert watch.troubles == []


async def test_who_turns_the_lab_into_english_is_answered_in_english(
    demo: Demo, visit: OpenBrowser, watch: Watch
) -> None:
    page = await opened(visit, demo)
    owner, manager = pane(page, "owner"), pane(page, "manager")
    await expect(manager.heard.last).to_be_visible(timeout=PATIENCE)
    for tag, locale in (("en", "en"), ("zh-Hans", "zh_Hans")):
        await page.locator(f'.languages a[lang="{tag}"]').click()
        await owner.reads_last(said(f"language.set.{locale}", locale=locale))
        await manager.reads_last(said(f"language.set.{locale}", locale=locale))
        await expect(manager.button(label("command.jobs", locale=locale)).last).to_be_visible()
        plain = label("menu.repair", locale=locale).split()[-1]
        await expect(owner.place.locator("#menu button").first).to_contain_text(plain, timeout=PATIENCE)
    assert watch.troubles == []
