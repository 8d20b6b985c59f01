"""The people of a test: they write, send, tap and read in private and in groups."""

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tests.botapi.pictures import picture, recording
from tests.botapi.screen import Screen, Seen, UnreadError
from tests.botapi.shapes import Json
from tests.botapi.wire import until


@dataclass(frozen=True, slots=True)
class Toast:
    """What pops up after a tap."""

    text: str | None
    alert: bool


@dataclass(slots=True)
class Group(Screen):
    """A group with the bot in it."""

    title: str = ""


@dataclass(slots=True)
class Person(Screen):
    """Somebody with Telegram on the phone; as a screen, the private chat with the bot."""

    name: str = ""
    phone: str | None = None
    last_tap: str | None = None

    @property
    def id(self) -> int:
        """The Telegram id, which is the id of the private chat too."""
        return self.chat_id

    async def says(
        self,
        text: str,
        *,
        in_group: Group | None = None,
        reply_to: int | None = None,
        topic: int | None = None,
        anonymous: bool = False,
    ) -> int:
        """Write a text; returns the message id."""
        said = await self._does("say", in_group, text=text, reply_to=reply_to, thread_id=topic, anonymous=anonymous)
        return int(said["message_id"])

    async def edits(self, message_id: int, text: str, *, in_group: Group | None = None) -> None:
        """Change an own message."""
        await self._does("edit", in_group, message_id=message_id, text=text)

    async def sends_photo(
        self,
        caption: str | None = None,
        *,
        content: bytes | None = None,
        in_group: Group | None = None,
        reply_to: int | None = None,
        topic: int | None = None,
    ) -> int:
        """Send a photo; returns the message id."""
        photo = _packed(picture() if content is None else content)
        sent = await self._does("photo", in_group, content=photo, caption=caption, reply_to=reply_to, thread_id=topic)
        return int(sent["message_id"])

    async def sends_album(
        self,
        photos: Sequence[bytes] | None = None,
        *,
        caption: str | None = None,
        in_group: Group | None = None,
    ) -> list[int]:
        """Send several photos at once, two if none are given; returns the message ids."""
        contents = [picture("one"), picture("two")] if photos is None else photos
        sent = await self._does("album", in_group, contents=[_packed(one) for one in contents], caption=caption)
        return list(sent["message_ids"])

    async def sends_voice(self, *, in_group: Group | None = None, seconds: int = 3) -> int:
        """Send a voice message; returns the message id."""
        sent = await self._does("voice", in_group, content=_packed(recording()), duration=seconds)
        return int(sent["message_id"])

    async def sends_document(
        self,
        name: str,
        content: bytes,
        *,
        mime: str = "application/octet-stream",
        caption: str | None = None,
        in_group: Group | None = None,
    ) -> int:
        """Send a file; returns the message id."""
        sent = await self._does("document", in_group, name=name, content=_packed(content), mime=mime, caption=caption)
        return int(sent["message_id"])

    async def shares_contact(self) -> int:
        """Share the own number, as the keyboard button does."""
        if self.phone is None:
            raise UnreadError(f"{self.name} has no phone number to share")
        return await self.shares_card_of(self.phone, self.id, self.name)

    async def shares_card_of(self, phone: str, user_id: int | None, name: str = "Somebody") -> int:
        """Send somebody's card from the address book; who is not on Telegram has no user id."""
        sent = await self._does("contact", None, phone=phone, contact_user_id=user_id, first_name=name)
        return int(sent["message_id"])

    async def sends_location(self, latitude: float, longitude: float) -> int:
        """Send a point on the map; returns the message id."""
        sent = await self._does("location", None, latitude=latitude, longitude=longitude)
        return int(sent["message_id"])

    async def taps(self, label: str, *, in_group: Group | None = None, within: float = 10) -> None:
        """Tap the newest button with these words, below a message or below the writing line."""
        screen: Screen = in_group or self

        async def look() -> tuple[Seen | None, Json] | None:
            for message in reversed(await screen.messages()):
                if (button := message.button(label)) is not None:
                    return message, button
            matching = [button for button in await screen.keyboard() if label in button["text"]]
            return (None, matching[0]) if matching else None

        found = await until(look, within=within)
        if found is None:
            raise UnreadError(f"no button {label!r} came within {within} s\n{await screen.transcript()}")
        message, button = found
        if message is not None:
            await self._taps(message.message_id, button["callback_data"], in_group, stale=False)
        elif button.get("request_contact"):
            await self.shares_contact()
        else:
            await self.says(button["text"], in_group=in_group)

    async def taps_on(self, message: Seen, label: str, *, in_group: Group | None = None) -> None:
        """Tap a button of a message as it was when read, though it may be gone by now."""
        button = message.button(label)
        if button is None:
            raise UnreadError(f"no button {label!r} among {message.labels}")
        await self._taps(message.message_id, button["callback_data"], in_group, stale=True)

    async def toast(self, *, within: float = 10) -> Toast:
        """Wait for the answer to the last tap."""

        async def look() -> Toast | None:
            for query in await self.wire.ask("callbacks", id=self.last_tap):
                for answer in query["answers"]:
                    return Toast(answer["text"], answer["alert"])
            return None

        found = await until(look, within=within)
        if found is None:
            raise UnreadError(f"the tap of {self.name} was not answered within {within} s")
        return found

    async def blocks(self) -> None:
        """Block the bot."""
        await self._does("block", None)

    async def unblocks(self) -> None:
        """Let the bot write again."""
        await self._does("unblock", None)

    async def migrates(self, group: Group, new_id: int) -> Group:
        """Turn a group into a supergroup, which is a new chat; returns it."""
        await self._does("migrate", group, new_id=new_id)
        return Group(self.wire, new_id, title=group.title)

    async def sets_bot_status(self, group: Group, status: str) -> None:
        """Make the bot an administrator or member of a group, or throw it out."""
        await self._does("bot_status", group, status=status)

    async def _taps(self, message_id: int, data: str, in_group: Group | None, *, stale: bool) -> None:
        tapped = await self._does("tap", in_group, message_id=message_id, data=data, stale=stale)
        self.last_tap = tapped["query_id"]

    async def _does(self, kind: str, in_group: Group | None, **given: object) -> Any:
        chat_id = self.id if in_group is None else in_group.chat_id
        return await self.wire.ask("push", kind=kind, user_id=self.id, chat_id=chat_id, **given)


def _packed(content: bytes) -> str:
    return base64.b64encode(content).decode()
