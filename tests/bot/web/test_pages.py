"""The pages themselves: headers, languages, static files, uploads, the lab."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from bot.web.lab import DemoPhones
from bot.web.limits import Pace
from tests.bot.web.fakes import OWNER, PHONE, TEMPLATES, World, until

KEY = re.compile(r"""t\(\s*["']([\w.-]+)["']""")


async def test_the_landing_page_leads_to_the_chat(world: World) -> None:
    async with world.browser() as browser:
        page = await browser.visit("/")
    assert 'href="/chat"' in page
    assert 'href="/lab"' not in page
    assert 'lang="zh-Hans"' in page


async def test_in_the_demo_the_landing_page_leads_to_the_lab_too(world: World) -> None:
    async with world.browser(world.with_lab().site) as browser:
        await browser.visit("/chat")
        assert 'href="/lab"' in await browser.visit("/")


@pytest.mark.parametrize("path", ["/", "/chat", "/lab"])
async def test_pages_run_nothing_but_our_own_scripts(world: World, path: str) -> None:
    async with world.browser(world.with_lab().site) as browser:
        answer = await browser.client.get(path)
        page = await answer.text()
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self';" in policy
    assert "frame-ancestors 'self'" in policy
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Referrer-Policy"] == "same-origin"
    assert not re.search(r"<script>|<style|style=|onclick=|(src|href)=\"(https?:)?//", page)


async def test_static_files_may_be_kept_for_ever(world: World) -> None:
    async with world.browser() as browser:
        page = await browser.visit("/chat")
        found = re.findall(r'(?:src|href)="(/static/[^"]+)"', page)
        answers = [await browser.client.get(path) for path in found]
    assert len(found) == 4
    assert {answer.status for answer in answers} == {200}
    assert all("immutable" in answer.headers["Cache-Control"] for answer in answers)


@pytest.mark.parametrize(
    ("accepted", "shown"),
    [
        ("zh-CN,zh;q=0.9", "zh-Hans"),
        ("zh-TW", "zh-Hant"),
        ("zh-HK,en", "zh-Hant"),
        ("en-GB,en", "en"),
        ("fr,en;q=0.5", "en"),
        ("", "zh-Hans"),
    ],
)
async def test_a_page_speaks_the_browsers_language(world: World, accepted: str, shown: str) -> None:
    async with world.browser() as browser:
        page = await browser.visit("/chat", **{"Accept-Language": accepted})
    assert f'<html lang="{shown}"' in page


async def test_a_language_that_was_chosen_is_remembered(world: World) -> None:
    async with world.browser() as browser:
        await browser.visit("/?lang=zh-Hant")
        page = await browser.visit("/chat", **{"Accept-Language": "en"})
    assert '<html lang="zh-Hant"' in page


async def test_templates_ask_the_catalogues_for_every_word() -> None:
    han = re.compile(r"[\u4e00-\u9fff]")
    for template in TEMPLATES.glob("*.html"):
        assert not han.search(template.read_text(encoding="utf-8")), template.name
    assert any(KEY.findall(template.read_text(encoding="utf-8")) for template in TEMPLATES.glob("*.html"))


@pytest.mark.parametrize(
    ("mime", "status"),
    [
        ("image/jpeg", 200),
        ("audio/webm;codecs=opus", 200),
        ("application/pdf", 200),
        ("image/svg+xml", 415),
        ("text/html", 415),
    ],
)
async def test_photos_voice_and_pdf_are_taken_and_nothing_else(world: World, mime: str, status: int) -> None:
    async with world.browser() as browser:
        await browser.visit()
        answer = await browser.upload(b"content", mime)
    assert answer.status == status
    assert len(world.files.kept) == (status == 200)


async def test_files_over_ten_megabytes_are_refused(world: World) -> None:
    async with world.browser() as browser:
        await browser.visit()
        declared = await browser.upload(bytes(11 * 1024 * 1024), "image/jpeg")
        just_over = await browser.upload(bytes(10 * 1024 * 1024 + 1), "image/jpeg")
    assert (declared.status, just_over.status) == (413, 413)
    assert world.files.kept == {}


async def test_an_upload_needs_a_file_and_a_known_page(world: World) -> None:
    async with world.browser() as browser:
        stranger = await browser.upload(b"x", "image/jpeg")
        await browser.visit()
        empty = await browser.upload(b"", "image/jpeg")
        plain_words = await browser.post("/chat/media", data=b"words")
        foreign = await browser.client.post("/chat/media", data=b"words", headers={"Origin": "http://x.example"})
    assert [one.status for one in (stranger, empty, plain_words, foreign)] == [401, 400, 415, 403]


async def test_an_upload_whose_field_has_another_name_is_refused(world: World) -> None:
    async with world.browser() as browser:
        await browser.visit()
        other = await browser.upload(b"x", "image/jpeg", field="photo")
    assert other.status == 400


@pytest.mark.parametrize("body", [b"", b"--b--", b"--b\r\nno head", b"nothing of the kind"])
async def test_an_upload_that_is_broken_is_refused(world: World, body: bytes) -> None:
    async with world.browser() as browser:
        await browser.visit()
        headers = {"Content-Type": "multipart/form-data; boundary=b", **browser.origin}
        answer = await browser.client.post("/chat/media", data=body, headers=headers)
    assert answer.status == 400


async def test_uploads_have_a_pace(world: World) -> None:
    async with world.browser() as browser:
        await browser.visit()
        statuses = [(await browser.upload(b"x", "image/png")).status for _ in range(31)]
    assert statuses == [200] * 30 + [429]


async def test_a_file_does_not_exist_for_others(world: World) -> None:
    file_id = await world.files.keep("a neighbour", "p.jpg", "image/jpeg", b"private")
    async with world.browser() as browser:
        await browser.visit()
        answer = await browser.client.get(f"/chat/media/{file_id}")
    assert answer.status == 404


async def test_a_file_of_a_strange_type_is_never_shown_in_the_page(world: World) -> None:
    file_id = await world.files.keep(OWNER.external, "x.html", "text/html", b"<script>")
    async with world.browser(world.with_lab().site) as browser:
        answer = await browser.client.get(f"/chat/media/{file_id}?persona=owner")
    assert answer.headers["Content-Disposition"] == "attachment"
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]


async def test_behind_a_proxy_the_public_address_counts_as_ours(world: World) -> None:
    site = replace(world.site, origin="https://line.example.org", secure=True)
    async with world.browser(site) as browser:
        first = await browser.client.get("/chat")
        cookies = {name: morsel.value for name, morsel in first.cookies.items()}
        header = "; ".join(f"{name}={value}" for name, value in cookies.items())
        headers = {"Origin": "https://line.example.org", "Cookie": header}
        answer = await browser.client.post("/chat/media", data=b"x", headers=headers)
    assert answer.status == 415


@pytest.mark.parametrize("path", ["/lab", "/lab/clock", "/chat?persona=owner"])
async def test_outside_the_demo_there_is_no_lab(world: World, path: str) -> None:
    async with world.browser() as browser:
        answer = await browser.client.get(path)
    assert answer.status == 404


async def test_the_lab_shows_a_pane_for_everybody(world: World) -> None:
    async with world.browser(world.with_lab().site) as browser:
        page = await browser.visit("/lab?lang=en")
        chat = await browser.visit("/chat?persona=owner")
        phone = await browser.visit("/chat?persona=phone")
        nobody = await browser.client.get("/chat?persona=nobody")
    assert "/chat?persona=owner&amp;lang=en" in page
    assert "王大爷" in page
    assert "en:lab.try.file" in page
    assert 'id="files"' in chat
    assert 'data-key="#"' in phone
    assert nobody.status == 404


async def test_a_persona_gets_no_cookie_of_its_own(world: World) -> None:
    async with world.browser(world.with_lab().site) as browser:
        answer = await browser.client.get("/chat?persona=owner")
    assert not answer.cookies


async def test_the_demos_clock_is_told_and_moved(world: World) -> None:
    async with world.browser(world.with_lab().site) as browser:
        before = await (await browser.client.get("/lab/clock")).json()
        moved = await (await browser.post("/lab/clock", json={"seconds": 86400})).json()
    assert before["at"] == "2026-04-12T04:00:00+00:00"
    assert moved["at"] == "2026-04-13T04:00:00+00:00"


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"seconds": -1}', b'{"seconds": "1"}', b'{"seconds": 1e9}'])
async def test_the_clock_refuses_what_is_no_step_forward(world: World, body: bytes) -> None:
    async with world.browser(world.with_lab().site) as browser:
        answer = await browser.post("/lab/clock", data=body)
    assert answer.status == 400


async def test_the_phone_sends_and_gets_text_messages(world: World) -> None:
    phones = DemoPhones(world.db, world.pages, account=PHONE.account, now=world.now)
    async with world.browser(world.with_lab().site) as browser:
        socket = await browser.socket("?persona=phone")
        await socket.receive_json()
        await socket.send_json({"id": "frame-0001", "text": "3-2-1502漏水"})
        await until(socket, "ack")
        (event,) = world.inbox.events
        for _ in range(2):
            await phones.deliver(PHONE.external, "报好了 <1>", "demo:1")
        texts: list[str] = []
        while len(texts) < 2:
            frame = await until(socket, "messages")
            texts += [message["text"] for message in frame["messages"]]
    assert texts == ["3-2-1502漏水", "报好了 &lt;1&gt;"]
    assert (event.channel, event.account) == (PHONE.channel, PHONE.account)
    assert event.lane == f"sms:{PHONE.account}:{PHONE.external}"
    assert event.event_id == f"{PHONE.external}:frame-0001"
    assert '"to":"line"' in event.payload
    assert '"at":"2026-04-12T04:00:00+00:00"' in event.payload


def test_a_pace_lets_go_of_those_who_went_away() -> None:
    now = [0.0]
    pace = Pace(1, 10, lambda: now[0])
    assert pace.wait("first") == 0
    assert pace.wait("first") == 10
    now[0] = 20.0
    for number in range(10_001):
        pace.wait(str(number))
    assert pace.wait("first") == 0
    assert pace.wait("0") == 10
