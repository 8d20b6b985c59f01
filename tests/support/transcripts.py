"""Dialogues as a manager reads them: a text file that is played against the house and must come out the same.

    人物: 王芳(telegram)、王师傅(telegram)、路人(telegram 未登记)、工程群(telegram群 engineering)、张福全(短信)
    王芳> 厨房水槽漏水            writes; （照片）, （语音）, （名片 +86…） go along
    孙经理> （表格 a.csv 房号,面积|3-2-1502,89.6）  a table goes along, its rows between bars
    王芳> [没错，报上去]          presses the newest button of that label; 「旧」 after it: the oldest one
    王师傅> （拉黑）              blocks us; （解除拉黑） lets us in again
    王师傅@工程群> [我接]         in a group; 回复… quotes the newest message there
    王师傅@大群·维修> /jobs       in a topic of a forum
    王芳< 我这样记，您看对不对：  what appears, indented further lines and rows of buttons below
    王师傅<改 …                   a message that changes: unchanged lines are left out
    王师傅<提示 好的              the short answer to a press
    --- +5小时                    the clock moves
    定时: 日报                    from here on leads get their digests unasked; 催费: those who owe their reminders
    价目: 2026                    a price list, the last common cost, a deposit
    余额: 3-2-1502 电费 45.00     what is left on a prepaid meter

`…` stands for any further lines or, in a line, for any words; `{码}` keeps words for later lines. Somebody 员工 with a role is taken on for the transcript. Whoever is not
among the 人物 may write, but his screen is not shown.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from services.actors import Role
from services.messages import Attachment, Channel, Contact, Happening, Keyboard, Location, MediaKind
from services.settings import change
from tests.support import accounts, estate
from tests.support.line import Broken, Line, NoSuchButton, Shown, Writer, attachment, table

CAST, FIGURES, ROUNDS, PRICES, LEFT = "人物:", "设置:", "定时:", "价目:", "余额:"
TAKEN_ON = "员工"
ANY = "…"
TOPIC = "·"
CHANNELS = {"telegram": Channel.TELEGRAM, "网页": Channel.WEB, "短信": Channel.SMS}
KINDS = {"照片": MediaKind.PHOTO, "语音": MediaKind.VOICE, "视频": MediaKind.VIDEO, "文件": MediaKind.DOCUMENT}
HAPPENINGS = {"（拉黑）": Happening.BLOCKED, "（解除拉黑）": Happening.UNBLOCKED}
SPANS = {"秒": "seconds", "分钟": "minutes", "小时": "hours", "天": "days"}
KEYBOARDS = {Keyboard.MENU: "（键盘：菜单）", Keyboard.CONTACT: "（键盘：📱 用手机号核对）"}
ORDINARY_TOASTS = frozenset({"好的", "OK", "Fine"})

_ACT = re.compile(r"(?P<who>[^\s<>#@][^<>#@]*?)(@(?P<group>[^\s<>]+))?> ?(?P<what>.*)")
_SEEN = re.compile(r"(?P<who>[^\s<>#][^<>#]*?)<(改|提示)? (?P<what>.*)")
_CLOCK = re.compile(
    r"--- (?:\+(?P<count>\d+)(?P<unit>秒|分钟|小时|天)|(?P<days>次日|第(?P<nth>\d+)天)? ?(?P<hour>\d+):(?P<minute>\d+))"
)
_PERSON = re.compile(
    r"(?P<name>[^(（、]+)[(（](?P<channel>telegram|网页|短信)(?P<is_group>群)?\s*(?P<more>[^)）]*)[)）]"
)
_FILE = re.compile(r"（(照片|语音|视频|文件)(?:\s*(?P<album>相册\S*))?）")
_TABLE = re.compile(r"（表格 (?P<name>\S+) (?P<rows>[^）]+)）")
_CARD = re.compile(r"（名片 (?P<phone>\+?\d+)(?P<other> 别人的)?）")
_PLACE = re.compile(r"（位置 (?P<north>[\d.]+),(?P<east>[\d.]+)）")
_QUOTE = re.compile(r"（回复 (?P<words>[^）]+)）")
_TAP = re.compile(r"\[(?P<label>.+)\](?P<old>「旧」)?")


@dataclass(slots=True)
class Step:
    """Something that happens, and the blocks of lines expected after it."""

    line: str
    blocks: list[list[str]] = field(default_factory=list)
    before: list[str] = field(default_factory=list)  # comments and empty lines above it


@dataclass(slots=True)
class Script:
    """A transcript, read."""

    head: list[str]
    cast: str
    steps: list[Step]
    tail: list[str]


def read(text: str) -> Script:
    """Read a transcript."""
    script = Script([], "", [], [])
    for line in text.rstrip("\n").split("\n"):
        if line.startswith("!! "):
            continue  # what went wrong when it was last written down
        if line.startswith(CAST):
            script.cast = line
            script.head.append(line)
        elif line.startswith((" ", "\t")) and script.steps and script.steps[-1].blocks:
            script.steps[-1].blocks[-1].append(line.strip())
        elif _SEEN.fullmatch(line) and script.steps:
            script.steps[-1].blocks.append([line])
        elif _CLOCK.fullmatch(line) or _ACT.fullmatch(line) or line.startswith((FIGURES, ROUNDS, PRICES, LEFT)):
            script.steps.append(Step(line, before=script.tail))
            script.tail = []
        elif script.steps:
            script.tail.append(line)
        else:
            script.head.append(line)
    return script


async def play(text: str, line: Line) -> str:
    """Play a transcript; return it as it really went, with what matched left as it was written."""
    script = read(text)
    stage = Stage(line)
    await stage.enter(script.cast)
    out = list(script.head)
    for number, step in enumerate(script.steps):
        out += [*step.before, step.line]
        try:
            await stage.do(step.line)
        except (Broken, NoSuchButton) as wrong:
            return "\n".join([*out, f"!! {wrong}", *_rest(script.steps[number + 1 :]), *script.tail]) + "\n"
        for block in stage.matched(step.blocks):
            out += [block[0], *(f"    {more}" for more in block[1:])]
    return "\n".join([*out, *script.tail]) + "\n"


def _rest(steps: Sequence[Step]) -> Iterator[str]:
    for step in steps:
        yield from [*step.before, step.line]
        for block in step.blocks:
            yield from [block[0], *(f"    {more}" for more in block[1:])]


class Stage:
    """The people of one transcript and what they have seen."""

    def __init__(self, line: Line) -> None:
        self._line = line
        self._shown: dict[str, Writer] = {}  # whose screens are shown, in order
        self._others: dict[str, Writer] = {}
        self._kept: dict[str, str] = {}
        self._files = 0

    async def enter(self, cast: str) -> None:
        """Give everybody his channel."""
        for found in _PERSON.finditer(cast.removeprefix(CAST)):
            self._shown[found["name"].strip()] = await self._person(
                found["name"].strip(),
                CHANNELS[found["channel"]],
                found["more"].strip(),
                is_group=bool(found["is_group"]),
            )

    async def _person(self, name: str, channel: Channel, more: str, *, is_group: bool) -> Writer:
        if is_group:
            return await estate.group(self._line, name, more or "engineering")
        if more.startswith("未登记"):
            return estate.stranger(name, channel, language=more.removeprefix("未登记").strip() or "zh-hans")
        if more.startswith(TAKEN_ON):
            return await accounts.hired(self._line, name, Role(more.removeprefix(TAKEN_ON).strip()), channel)
        if more.startswith("="):
            return await estate.second_address(self._line, more[1:], channel)
        if more:
            return Writer(channel, more, name)
        return await estate.linked(self._line, name, channel)

    async def _writer(self, name: str) -> Writer:
        if name in self._shown:
            return self._shown[name]
        if name not in self._others:
            self._others[name] = await estate.at_home(self._line, name)
        return self._others[name]

    async def do(self, line: str) -> None:
        """Let one thing happen."""
        if line.startswith(FIGURES):
            await self._set(line.removeprefix(FIGURES))
        elif line.startswith(ROUNDS):
            schedule = self._line.schedule
            await (schedule.dunning() if "催费" in line else schedule.digests.begin())
        elif line.startswith(PRICES):
            await accounts.price_list(self._line)
        elif line.startswith(LEFT):
            unit, item, yuan = line.removeprefix(LEFT).split()
            await accounts.left(self._line, unit, item, round(float(yuan) * 100))
            await self._line.advance(timedelta())
        elif clock := _CLOCK.fullmatch(line):
            await self._line.advance(self._span(clock))
        elif act := _ACT.fullmatch(line):
            await self._act(act["who"], act["group"], self._filled(act["what"]))

    async def _set(self, figures: str) -> None:
        key, _, value = figures.partition("=")
        async with self._line.db.transaction() as session:
            await change(
                session,
                self._line.world.policies,
                community_id=0,
                key=key.strip(),
                value=int(value) if value.strip().isdecimal() else value.strip(),
                by=None,
                now=self._line.now,
            )

    def _span(self, clock: re.Match[str]) -> timedelta:
        if clock["count"]:
            return timedelta(**{SPANS[clock["unit"]]: int(clock["count"])})
        local = self._line.now.astimezone(self._line.world.zone)
        days = int(clock["nth"]) if clock["nth"] else int(clock["days"] is not None)
        then: datetime = local.replace(hour=int(clock["hour"]), minute=int(clock["minute"]), second=0, microsecond=0)
        return then + timedelta(days=days) - local

    async def _act(self, who: str, group: str | None, what: str) -> None:
        writer = Writer(Channel.TELEGRAM, "anonymous") if who == "匿名" else await self._writer(who)
        if group:
            name, _, topic = group.partition(TOPIC)
            writer = writer.within((await self._writer(name)).external, topic=topic, anonymous=who == "匿名")
        if tap := _TAP.fullmatch(what):
            await self._line.tap(writer, tap["label"], old=bool(tap["old"]))
            return
        if what in HAPPENINGS:
            await self._line.write(writer, happening=HAPPENINGS[what])
            return
        card, place, quote = _CARD.search(what), _PLACE.search(what), _QUOTE.search(what)
        text = _QUOTE.sub("", _PLACE.sub("", _CARD.sub("", _FILE.sub("", what)))).strip()
        text = _TABLE.sub("", text).strip()
        start = text.removeprefix("/start ") if text.startswith("/start ") else ""
        await self._line.write(
            writer,
            "/start" if start else text,
            media=[
                *(self._file(found) for found in _FILE.finditer(what)),
                *(self._table(writer, found) for found in _TABLE.finditer(what)),
            ],
            album=next((found["album"] or "" for found in _FILE.finditer(what)), ""),
            contact=Contact(card["phone"], own=not card["other"]) if card else None,
            location=Location(float(place["north"]), float(place["east"])) if place else None,
            start=start,
            reply_to=self._quoted(writer, quote["words"]) if quote else "",
        )

    def _file(self, found: re.Match[str]) -> Attachment:
        self._files += 1
        return attachment(KINDS[found[1]], str(self._files))

    def _table(self, writer: Writer, found: re.Match[str]) -> Attachment:
        file, content = table(found["name"], found["rows"].replace("|", "\n").encode())
        self._line.ports[writer.channel].files[file.file_id] = content
        return file

    def _quoted(self, writer: Writer, words: str) -> str:
        there = reversed(self._line.screen(writer).messages)
        return next(shown.id for shown in there if words in shown.text and shown.topic == writer.topic)

    def _filled(self, what: str) -> str:
        for name, words in self._kept.items():
            what = what.replace(f"{{{name}}}", words)
        return what

    def matched(self, expected: Sequence[list[str]]) -> Iterator[list[str]]:
        """Yield what appeared; a block that fits what was expected at its place comes as it was written."""
        news = [
            _block(f"{name}{TOPIC}{shown.topic}" if shown.topic else name, shown)
            for name, writer in self._shown.items()
            for shown in self._line.screen(writer).news()
            if _is_worth_showing(shown)
        ]
        for index, block in enumerate(news):
            wanted = expected[index] if index < len(expected) else []
            yield wanted if wanted and self._fits(wanted, block) else block

    def _fits(self, wanted: Sequence[str], block: Sequence[str]) -> bool:
        """Tell whether the lines fit, and keep the words that places in braces stand for."""
        pattern = "\n".join(_pattern(self._filled(line)) for line in wanted).replace(f"\n{_LINES}", f"(?:\n{_LINES})?")
        found = re.fullmatch(pattern, "\n".join(block))
        if found is None:
            return False
        self._kept.update(found.groupdict())
        return True


_LINES = r"[\s\S]*"


def _pattern(line: str) -> str:
    if line == ANY:
        return _LINES
    parts = re.split(r"(…|\{\w+\})", line)
    return "".join(_piece(part) for part in parts)


def _piece(part: str) -> str:
    if part == ANY:
        return ".*?"
    if re.fullmatch(r"\{\w+\}", part):
        return f"(?P<{part[1:-1]}>\\S+?)"
    return re.escape(part)


def _block(name: str, shown: Shown) -> list[str]:
    if shown.toast:
        return [f"{name}<提示 {shown.text}"]
    lines = _lines(shown)
    if shown.changes is None:
        return [f"{name}< {lines[0]}", *lines[1:]]
    return [f"{name}<改 {lines[0]}", *_changed(lines[1:], _lines(shown.changes))]


def _is_worth_showing(shown: Shown) -> bool:
    if shown.toast:
        return shown.text not in ORDINARY_TOASTS
    return shown.changes is None or shown.lines() != shown.changes.lines()


def _lines(shown: Shown) -> list[str]:
    found = shown.lines()
    return [*found, KEYBOARDS[shown.keyboard]] if shown.keyboard else found


def _changed(lines: Sequence[str], before: Sequence[str]) -> list[str]:
    """Leave out the lines that stood there before."""
    kept: list[str] = []
    for line in lines:
        word = ANY if line in before else line
        if not (word == ANY and kept and kept[-1] == ANY):
            kept.append(word)
    return kept
