"""What a person does on a screen: write, tap, attach, read. Everything waits for what it needs."""

from __future__ import annotations

import io
import re
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from PIL import Image, ImageDraw
from playwright.async_api import (
    BrowserContext,
    ConsoleMessage,
    FilePayload,
    FrameLocator,
    Locator,
    Page,
    WebError,
    WebSocket,
    expect,
)
from playwright.async_api import Request as Asked

PATIENCE = 20_000.0  # milliseconds
TROUBLE = frozenset({"error", "warning"})


@dataclass(frozen=True, slots=True)
class Screen:
    """A chat or a phone, as a page of its own or as a pane of the lab."""

    place: Page | FrameLocator

    @property
    def around(self) -> Locator:
        """Return the pane around it, in the lab."""
        assert not isinstance(self.place, Page)
        return self.place.owner.locator("xpath=..")

    @property
    def messages(self) -> Locator:
        """Everything that was said, in order, without what still waits to be sent."""
        return self.place.locator("#messages .message")

    @property
    def heard(self) -> Locator:
        """What the desk said."""
        return self.place.locator("#messages .message:not(.mine)")

    @property
    def waiting(self) -> Locator:
        """What was written but not acknowledged yet."""
        return self.place.locator("#pending .message")

    async def say(self, words: str) -> None:
        """Write something and send it."""
        field = self.place.locator("#words")
        await field.fill(words)
        await field.press("Enter")

    async def attach(self, photo: FilePayload, words: str) -> None:
        """Choose a photo, wait until it is taken in, and send it with a word."""
        await self.place.locator("#files").set_input_files(photo)
        await expect(self.place.locator("#strip .thumb")).to_have_count(1)
        await expect(self.place.locator("#strip .thumb.coming")).to_have_count(0, timeout=PATIENCE)
        await self.say(words)

    async def tap(self, words: str) -> None:
        """Tap the newest button with exactly these words."""
        await self.button(words).last.click(timeout=PATIENCE)

    async def press(self, keys: str) -> None:
        """Press keys of the phone, then send."""
        for key in keys:
            await self.place.locator(f'[data-key="{key}"]').click()
        await self.place.locator("#send").click()

    async def reads(self, pattern: re.Pattern[str]) -> Locator:
        """Wait until the desk has said this; return the newest message that says it."""
        found = self.heard.filter(has_text=pattern).last
        await expect(found).to_be_visible(timeout=PATIENCE)
        return found

    async def reads_last(self, pattern: re.Pattern[str]) -> Locator:
        """Wait until the newest thing that the desk said is this."""
        await expect(self.heard.last).to_contain_text(pattern, timeout=PATIENCE)
        return self.heard.last

    def card(self, number: str) -> Locator:
        """Return the newest card of a ticket, whatever it shows by now."""
        return self.heard.filter(has_text=number).filter(has=self.place.locator(".text b")).last

    def button(self, words: str) -> Locator:
        """Return the buttons with exactly these words."""
        return self.heard.locator("button.choice").filter(has_text=re.compile(f"^{re.escape(words)}$"))

    async def sees_pictures(self, message: Locator) -> None:
        """Wait until the message's picture is really there, not only its frame."""
        picture = message.locator("img").last
        await expect(picture).to_be_visible(timeout=PATIENCE)
        await expect(picture).to_have_js_property("complete", value=True, timeout=PATIENCE)
        assert await picture.evaluate("one => one.naturalWidth") > 0


@dataclass  # no slots: Playwright keeps its wrappers of our methods here
class Watch:
    """Whatever goes wrong in a browser, and whatever leaves the machine."""

    troubles: list[str] = field(default_factory=list)
    strangers: list[str] = field(default_factory=list)

    def over(self, context: BrowserContext) -> Watch:
        """Watch every page of the context."""
        context.on("console", self._heard)
        context.on("weberror", self._broke)
        context.on("request", self._asked)
        context.on("page", lambda page: page.on("websocket", self._called))
        return self

    def pardon(self, *words: str) -> None:
        """Forget the troubles that a test has caused itself."""
        self.troubles = [one for one in self.troubles if not any(word in one for word in words)]

    def _heard(self, message: ConsoleMessage) -> None:
        if message.type in TROUBLE:
            self.troubles.append(f"{message.type}: {message.text} {message.location}")

    def _broke(self, error: WebError) -> None:
        self.troubles.append(f"script: {error.error}")

    def _asked(self, request: Asked) -> None:
        self._left(request.url)

    def _called(self, socket: WebSocket) -> None:
        self._left(socket.url)

    def _left(self, url: str) -> None:
        if urlsplit(url).scheme not in {"data", "blob"} and urlsplit(url).hostname != "127.0.0.1":
            self.strangers.append(url)


def photo(name: str) -> FilePayload:
    """Return a photo as a phone takes one: noisy, and larger than a chat needs."""
    picture = Image.effect_noise((1600, 1200), 60).convert("RGB")
    ImageDraw.Draw(picture).text((40, 40), name, fill=(200, 30, 30), font_size=160)
    kept = io.BytesIO()
    picture.save(kept, "JPEG", quality=92)
    return {"name": f"{name}.jpg", "mimeType": "image/jpeg", "buffer": kept.getvalue()}
