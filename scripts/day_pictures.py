"""Take the pictures of the manager's day: `python -m scripts.day_pictures [--days N] [--into FOLDER]`.

An estate is acted out up to half past five of a day, then the manager opens his page and asks for the day, for what is
not cleared, for the month; a browser takes what he sees. For development only: it needs Chromium.
"""

from __future__ import annotations

import argparse
import asyncio
import io
import socket
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from PIL import Image
from playwright.async_api import Browser, Page, async_playwright
from sqlalchemy import select

from bot import app
from bot import settings as settings_of
from bot.settings import Settings
from bot.web.parts import Kind, Persona
from scripts import find_chromium, running
from scripts.serving import demo_settings
from scripts.simulate import run
from services.actors import Proof, Role
from services.db import Database
from services.messages import Channel, T
from services.models import Address, ChannelAccount, Staff

INTO = Path("docs/pictures")
SEED, DAYS = 20260101, 31
MOMENT = timedelta(hours=17, minutes=31)
ASKED = (("today", "/today", 1), ("uncleared", "/uncleared", 1), ("month", "/month", 8))
SHOWN = (430, 932)  # a telephone
PATIENCE_SECONDS = 60.0
COLOURS = 128


def main(arguments: Sequence[str] | None = None) -> None:
    """Act out, ask, take the pictures."""
    parser = argparse.ArgumentParser(prog="python -m scripts.day_pictures", description=__doc__)
    parser.add_argument("--days", type=int, default=DAYS, metavar="N")
    parser.add_argument("--into", type=Path, default=INTO, metavar="FOLDER")
    parser.add_argument("--data", type=Path, metavar="FOLDER", help="keeps what was acted out, for another time")
    given = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        data = given.data or Path(folder)
        data.mkdir(parents=True, exist_ok=True)
        given.into.mkdir(parents=True, exist_ok=True)
        is_there = (data / "ownerline.db").exists()
        asyncio.run(_pictures(data, given.days, given.into, acted=is_there))


async def _pictures(data: Path, days: int, into: Path, *, acted: bool) -> None:
    settings = demo_settings(settings_of.load(None, {}), port=_free_port(), data=data)
    if not acted:
        await run.simulate(settings.database_url(), days=days, seed=SEED, more=MOMENT)
    await _open_page(settings)
    moment = run.START + timedelta(days=days) + MOMENT
    began = datetime.now(UTC)
    persona = Persona("manager", T("lab.name.manager"), T("lab.persona.manager"), Kind.CHAT, Channel.WEB, "web", "boss")
    stop = asyncio.Event()
    house = asyncio.create_task(
        app.serve(settings, personas=(persona,), stop=stop, hand=lambda: moment + (datetime.now(UTC) - began))
    )
    try:
        await asyncio.sleep(2)
        await _visited(settings, into)
    finally:
        stop.set()
        await house


async def _open_page(settings: Settings) -> None:
    """Give the manager a page of his own."""
    db = Database(settings.database_url())
    async with db.transaction() as session:
        manager = (await session.scalars(select(Staff).where(Staff.role == Role.MANAGER))).first()
        known = await session.scalar(select(Address.id).where(Address.external == "boss"))
        if manager is not None and known is None:
            now = running.machine()
            where = {"channel": Channel.WEB, "account": "web", "community_id": manager.community_id}
            session.add(ChannelAccount(**where))
            session.add(
                Address(
                    **where,
                    external="boss",
                    person_id=manager.person_id,
                    proof=Proof.CODE,
                    proven_at=now,
                    created_at=now,
                    locale="zh_Hans",
                )
            )
    await db.dispose()


async def _visited(settings: Settings, into: Path) -> None:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=find_chromium.find(), args=["--no-sandbox"])
        for name, words, messages in ASKED:
            await _taken(browser, settings, words, messages, into / f"{name}.png")
        await browser.close()


async def _taken(browser: Browser, settings: Settings, words: str, messages: int, place: Path) -> None:
    """Ask, wait for the answers, and take them from the question on."""
    context = await browser.new_context(
        viewport={"width": SHOWN[0], "height": SHOWN[1]}, locale="zh-CN", device_scale_factor=1.5
    )
    page = await context.new_page()
    await page.goto(f"http://127.0.0.1:{settings.web.port}/chat?persona=manager&lang=zh-Hans")
    await page.locator("#words").fill(words)
    await page.locator("#words").press("Enter")
    mine = page.locator("#messages .message.mine").filter(has_text=words).last
    await mine.wait_for(timeout=PATIENCE_SECONDS * 1000)
    await page.wait_for_function(
        "count => { const all = [...document.querySelectorAll('#messages .message')];"
        "const at = all.findLastIndex(one => one.classList.contains('mine'));"
        "return all.length - at - 1 >= count && all.slice(at).every(one =>"
        "[...one.querySelectorAll('img')].every(img => img.complete && img.naturalWidth > 0)); }",
        arg=messages + (words == "/month"),
        timeout=PATIENCE_SECONDS * 1000,
    )
    await _kept(page, place)
    await context.close()


async def _kept(page: Page, place: Path) -> None:
    """Grow the window until everything from the question on is in it, and keep what it shows in few colours."""
    height = await page.evaluate(
        "() => { const all = [...document.querySelectorAll('#messages .message')];"
        "const at = all.findLastIndex(one => one.classList.contains('mine'));"
        "return all[all.length - 1].getBoundingClientRect().bottom - all[at].getBoundingClientRect().top; }"
    )
    await page.set_viewport_size({"width": SHOWN[0], "height": int(height) + 190})
    await page.evaluate("() => { const box = document.querySelector('#messages'); box.scrollTop = box.scrollHeight; }")
    await page.wait_for_timeout(600)
    _save(await page.screenshot(), place)


def _save(taken: bytes, place: Path) -> None:
    Image.open(io.BytesIO(taken)).convert("RGB").quantize(COLOURS).save(place, optimize=True)
    print(f"{place}: {place.stat().st_size // 1024} KB")


def _free_port() -> int:
    with socket.socket() as asked:
        asked.bind(("127.0.0.1", 0))
        port: int = asked.getsockname()[1]
        return port


if __name__ == "__main__":
    main()
