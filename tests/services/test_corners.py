"""Small services: leases of roles, phone numbers, pictures, files, timers, dead letters, refusals, communities."""

from __future__ import annotations

import io
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from PIL import Image
from sqlalchemy import select, update

from services import actors, deadletters, due, houses, images, leases, links, media, phones, timers
from services.actors import Actor
from services.db import Session
from services.media import MediaStore
from services.messages import Channel, Inbound, MediaKind
from services.models import Media, Outgoing, Timer
from services.outbox import State
from services.refusals import Refused
from services.settings import Policies, Policy
from tests.support import estate
from tests.support.line import Line, attachment

NOON = datetime(2026, 4, 12, 4, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


async def test_a_role_is_held_by_one_until_its_lease_ends_or_it_lets_go(session: Session) -> None:
    assert await leases.hold(session, role="poller", owner="a", lease=MINUTE)
    assert await leases.hold(session, role="poller", owner="a", lease=MINUTE)
    assert not await leases.hold(session, role="poller", owner="b", lease=MINUTE)
    await leases.release(session, role="poller", owner="b")
    assert not await leases.hold(session, role="poller", owner="b", lease=MINUTE)
    await leases.release(session, role="poller", owner="a")
    assert await leases.hold(session, role="poller", owner="b", lease=-MINUTE)
    assert await leases.hold(session, role="poller", owner="a", lease=MINUTE)
    await leases.void_all(session)
    assert await leases.hold(session, role="poller", owner="b", lease=MINUTE)


@pytest.mark.parametrize(
    ("raw", "number"),
    [
        ("13800138000", "+8613800138000"),
        ("138 0013 8000", "+8613800138000"),
        ("１３８００１３８０００", "+8613800138000"),
        ("+44 20 7946 0958", "+442079460958"),
        ("10086", None),
        ("漏水", None),
        ("", None),
    ],
)
def test_a_number_is_written_in_one_way(raw: str, number: str | None) -> None:
    assert phones.e164(raw, "CN") == number


def test_a_number_is_shown_without_giving_it_away_or_as_people_read_it() -> None:
    assert phones.masked("+8613800138000") == "+86138****8000"
    assert phones.masked("10086") == "****86"
    assert phones.readable("+8613800138000") == "+86 138 0013 8000"
    assert phones.readable("南门") == "南门"


@pytest.mark.parametrize(
    ("text", "number", "rest"),
    [
        ("13800138006 马桶堵了", "+8613800138006", "马桶堵了"),
        ("马桶堵了 电话138-0013-8006 谢谢", "+8613800138006", "马桶堵了 电话 谢谢"),
        ("3-2-1502 漏水", "", "3-2-1502 漏水"),
    ],
)
def test_a_number_is_found_among_words(text: str, number: str, rest: str) -> None:
    assert phones.find_number(text, "CN") == (number, rest)


def picture(kind: str, *, exif: bool) -> bytes:
    image, out = Image.new("RGB", (4, 2), "red"), io.BytesIO()
    data = image.getexif()
    if exif:
        data[0x0112] = 6  # turned by a quarter
        data[0x010F] = "camera"
    image.save(out, format=kind, exif=data)
    return out.getvalue()


def test_a_picture_forgets_where_it_was_taken_and_stands_upright() -> None:
    cleaned = images.without_place(picture("JPEG", exif=True), "image/jpeg")
    with Image.open(io.BytesIO(cleaned)) as image:
        assert not image.getexif()
        assert image.size == (2, 4)


@pytest.mark.parametrize(("data", "mime"), [(b"no picture", "image/jpeg"), (b"voice", "audio/ogg"), (b"", "")])
def test_what_is_no_picture_stays_as_it_is(data: bytes, mime: str) -> None:
    assert images.without_place(data, mime) == data


def test_a_picture_that_tells_nothing_stays_as_it_is() -> None:
    plain = picture("PNG", exif=False)
    assert images.without_place(plain, "image/png") == plain


def test_the_store_keeps_bytes_once_by_what_they_are(tmp_path: Path) -> None:
    store = MediaStore(tmp_path / "media")
    digest = store.put(b"photo")
    assert (store.put(b"photo"), store.get(digest)) == (digest, b"photo")
    store.remove(digest)
    store.remove(digest)
    with pytest.raises(FileNotFoundError):
        store.get(digest)


async def sent_file(session: Session, line: Line, name: str = "a") -> tuple[Actor, int]:
    owner = await estate.actor_of(session, line, await estate.web_of(session, "王芳"))
    inbound = Inbound(Channel.WEB, "web", "1", "lab-owner", "lab-owner", media=(attachment(MediaKind.PHOTO, name),))
    [media_id] = await media.keep(session, owner, inbound, now=NOON)
    return owner, media_id


async def test_a_file_is_noted_once_fetched_and_then_seen_by_who_sent_it(line: Line) -> None:
    async with line.db.transaction() as session:
        _, media_id = await sent_file(session, line)
        assert (await sent_file(session, line))[1] == media_id
        [wanted] = await media.wanted(session)
        assert (wanted.id, wanted.file_id) == (media_id, "file-a")
        assert await media.visible(session, media_id, channel=Channel.WEB, external="lab-owner") is None
        await media.fetched(session, media_id, sha256="00", size=5)
        assert await media.wanted(session) == []
        seen = await media.visible(session, media_id, channel=Channel.WEB, external="lab-owner")
        assert seen is not None
        assert seen.sha256 == "00"
        for other in ("lab-engineer", "nobody"):
            assert await media.visible(session, media_id, channel=Channel.WEB, external=other) is None


async def test_a_file_that_was_sent_to_a_page_is_seen_there(line: Line) -> None:
    owner, engineer = await estate.at_home(line, "王芳"), await estate.at_home(line, "王师傅")
    await line.write(owner, "厨房水槽漏水", media=[attachment(MediaKind.PHOTO, "leak")])
    await line.tap(owner, "没错，报上去")
    async with line.db.transaction() as session:
        [media_id] = (await session.scalars(select(Media.id))).all()
        await media.fetched(session, media_id, sha256="00", size=5)
        assert await media.visible(session, media_id, channel=Channel.WEB, external=engineer.external) is not None
        assert await media.visible(session, media_id, channel=Channel.WEB, external="lab-desk") is None


async def test_a_file_that_cannot_be_had_is_given_up_at_last(line: Line) -> None:
    async with line.db.transaction() as session:
        _, final = await sent_file(session, line, "gone")
        await media.not_fetched(session, final, final=True)
        _, flaky = await sent_file(session, line, "flaky")
        for _ in range(media.MOST_TRIES):
            await media.not_fetched(session, flaky, final=False)
        states = (await session.scalars(select(Media.state).where(Media.id.in_([final, flaky])))).all()
    assert set(states) == {"failed"}


async def a_timer(session: Session, kind: str, at: datetime, *, key: str = "t", community: int | None = 1) -> None:
    await timers.move(session, key=key, kind=kind, subject="ticket", subject_id=77, due_at=at, community_id=community)


async def test_timers_fall_due_in_order_of_time_and_each_key_once(line: Line) -> None:
    async with line.db.transaction() as session:
        for name, hours in (("b", 2), ("a", 1)):
            await a_timer(session, "ticket.autoclose", NOON + timedelta(hours=hours), key=name)
        await timers.set_once(
            session, key="a", kind="x", subject="ticket", subject_id=1, due_at=NOON, community_id=None
        )
        assert await timers.next_at(session) == NOON + timedelta(hours=1)
        first = await timers.earliest(session, now=NOON + timedelta(hours=3))
        assert first is not None
        assert await timers.take(session, first, now=NOON + timedelta(hours=3))
        assert (first.key, first.kind) == ("a", "ticket.autoclose")
        await timers.cancel(session, subject="ticket", subject_id=77, kinds=("ticket.autoclose",))
        assert await timers.next_at(session) is None


async def test_a_timer_that_fails_is_tried_again_and_given_up_after_some_tries(line: Line) -> None:
    async with line.db.transaction() as session:
        await a_timer(session, "no.such.kind", NOON)
        timer = (await session.scalars(select(Timer))).one()
        for tried in range(1, timers.MOST_TRIES + 1):
            await timers.failed(session, timer_id=timer.id, now=NOON)
            assert (timer.tries, timer.due_at > NOON) == (tried, True)
        assert timer.state == "failed"
        await timers.failed(session, timer_id=999, now=NOON)


async def test_a_failing_timer_holds_up_no_other(line: Line) -> None:
    async with line.db.transaction() as session:
        await a_timer(session, "no.such.kind", NOON, key="bad")
        await a_timer(session, "ticket.autoclose", NOON, key="good")
    line.pass_time(timedelta(days=1))
    await line.schedule.timers()
    async with line.db.reading() as session:
        states = sorted(f"{row.key} {row.state}" for row in await session.execute(select(Timer.key, Timer.state)))
    assert states == ["bad waiting", "good done"]


@pytest.mark.parametrize(
    ("kind", "late", "at_night", "state"),
    [
        ("ticket.autoclose_warn", timedelta(), False, "done"),
        ("ticket.autoclose_warn", timedelta(), True, "waiting"),
        ("survey.remind", timedelta(days=3), False, "done"),
        ("ticket.unaccepted", timedelta(), True, "done"),
    ],
)
async def test_gentle_timers_rest_at_night_and_stale_ones_say_nothing(
    line: Line, kind: str, late: timedelta, at_night: bool, state: str
) -> None:
    now = NOON + timedelta(hours=11) if at_night else NOON
    async with line.db.transaction() as session:
        await a_timer(session, kind, now - late)
        timer = await due.take(session, now=now)
        assert timer is not None
        if kind == "survey.remind":
            timer.subject = "survey"
        await due.work(session, timer, now=now, policies=Policies(Policy()))
        assert timer.state == state
        assert timer.due_at == (NOON + timedelta(hours=20) if state == "waiting" else now - late)


async def test_dead_letters_are_listed_tried_again_given_up_and_released(line: Line) -> None:
    owner = await estate.at_home(line, "王芳")
    await line.write(owner, "在吗")
    async with line.db.transaction() as session:
        [row] = (await session.scalars(select(Outgoing.id))).all()
        assert not await deadletters.retry(session, row)
        await session.execute(update(Outgoing).values(state=State.FAILED))
        assert [found.id for found in await deadletters.dead(session)] == [row]
        assert await deadletters.retry(session, row)
        await session.execute(update(Outgoing).values(state=State.UNKNOWN))
        assert await deadletters.drop(session, row)
        await session.execute(update(Outgoing).values(state=State.HELD))
        assert (await deadletters.release(session), await deadletters.release(session)) == (1, 0)


def test_a_refusal_carries_its_sentence() -> None:
    refused = links.AlreadyDecided(name="徐静")
    assert (refused.text.key, refused.text.params) == ("refused.decided", {"name": "徐静"})
    assert Refused().text.key == "refused"


async def test_a_community_is_found_by_address_and_missed_by_id(line: Line) -> None:
    async with line.db.reading() as session:
        house = await houses.at(session, channel=Channel.WEB, external="lab-owner")
        assert house is not None
        assert house.name == "阳光花园"
        assert await houses.at(session, channel=Channel.WEB, external="nobody") is None
        with pytest.raises(LookupError, match="no community 77"):
            await houses.by_id(session, community_id=77)


def test_a_part_of_the_system_has_no_address() -> None:
    with pytest.raises(ValueError, match="autoclose"):
        _ = actors.system("autoclose").to
