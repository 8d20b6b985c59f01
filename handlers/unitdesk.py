"""A unit for the desk: its file, its codes, its addresses, and who looked at it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from handlers import desk, household, moves, places, prepay
from handlers.answers import Answers, filled, pick
from handlers.form import Form
from handlers.turn import Turn
from services import links, looks
from services.access import Deed
from services.actors import Tie
from services.conversations import Option
from services.messages import Choice, Reply, Say, Start, T, When, lines, pairs, plain, reply
from services.models import Unit
from services.refusals import NotAllowed
from services.register import homes, telling, ties

USES = re.compile(r"(?:^|\s)[x\u00d7*]\s?(\d{1,3})(?=\s|$)", re.IGNORECASE)
CM2 = 10_000
OFF = "off"
WHY = ("unlike", "unread", "in_person")  # what most refusals are for


async def home(turn: Turn, rest: str) -> Reply:
    """Show a unit's file: `/home 3-2-1502`; the look is written down."""
    unit = await moves.unit_in(turn, rest)
    if unit is None:
        return reply(T("home.how"))
    found = await homes.file_of(turn.session, turn.actor, unit_id=unit["unit"], now=turn.now)
    spelled = _spelled(found.unit)
    choices = [Choice(T("home.code"), f"go:code:{spelled}"), Choice(T("home.unlink"), f"go:unlink:{spelled}")]
    if found.unit.takeover == "waits":
        choices.append(Choice(T("home.taken_over"), f"go:keys:{spelled}"))
    if turn.actor.is_lead:
        choices.append(Choice(T("home.looks"), f"go:looks:{spelled}"))
    choices += await prepay.choice(turn, found.unit)
    return reply(lines(*_facts(found), *(_tied(one) for one in found.tied)), *pairs(choices))


def _spelled(unit: Unit) -> str:
    return f"{unit.building}-{unit.entrance}-{unit.room}"


def _facts(found: homes.UnitFile) -> list[T | None]:
    unit = found.unit
    return [
        T(
            "home.head",
            place=places.unit_label(unit),
            kind=T(f"unit.{unit.kind}"),
            area=f"{unit.area_cm2 / CM2:.2f}",
        ),
        T("home.phase", phase=found.phase) if found.phase else None,
        T("home.company", name=found.company) if found.company else None,
        T("home.handover", day=telling.day(unit.handover_on)) if unit.handover_on else None,
        T("home.waits") if unit.takeover == "waits" else None,
        T("home.vacant", day=telling.day(unit.vacant_since)) if unit.vacant_since else None,
        T("home.pays", tie=T(f"tie.{unit.payer}")),
        T("home.contact", words=unit.emergency_contact) if unit.emergency_contact else None,
        T("home.steward", name=found.steward) if found.steward else None,
        *(T("home.space", place=_spelled(one)) for one in found.spaces),
    ]


def _tied(one: ties.Tied) -> T:
    said: dict[str, str | T | When] = {"name": one.person.name, "tie": T(f"tie.{one.tie.role}")}
    said |= {"since": telling.day(one.tie.since), "proof": T(f"tie.proof.{one.tie.proof}")}
    if one.tie.until is None:
        return T("home.tied", **said)
    return T("home.tied_until", day=telling.day(one.tie.until), **said)


async def keys(turn: Turn, rest: str) -> Reply:
    """Note that an owner took his home over: `/keys 3-2-1502`; with `off`, that its keys still wait for him."""
    words, _, off = rest.strip().partition(" ")
    unit = await moves.unit_in(turn, words)
    if unit is None or off not in {"", OFF}:
        return reply(T("keys.how"))
    await homes.take_over(turn.session, turn.actor, unit_id=unit["unit"], done=not off)
    return reply(T("keys.waits", place=unit["label"]) if off else T("keys.done", place=unit["label"]))


async def code(turn: Turn, rest: str) -> Reply:
    """Hand out a code for a unit: `/code 3-2-1502 x3 [name]`; it can be printed as a square picture."""
    times = USES.search(rest)
    uses = min(int(times[1]), turn.policy.registry.most_uses) if times else 1
    rest = USES.sub(" ", rest).strip()
    unit = await moves.unit_in(turn, rest)
    if unit is None:
        if not turn.actor.is_front:
            raise NotAllowed
        return reply(T("code.how"))
    await homes.edited(turn.session, turn.actor, unit_id=unit["unit"], deed=Deed.ISSUE_CODES)
    person = await desk.meant(turn, unit, "", rest)
    days = turn.policy.dialogues.code_days
    made = await links.issue(
        turn.session,
        turn.actor,
        person_id=person.id if person else None,
        unit_id=unit["unit"],
        role=Tie.FAMILY,
        community_id=turn.house.id,
        days=days,
        uses=max(uses, 1),
        now=turn.now,
    )
    name = plain(person.name) if person else T("new.nobody")
    said = {"code": made, "place": unit["label"], "name": name, "days": days}
    text = T("code.made", **said) if uses <= 1 else T("code.made_many", uses=uses, **said)
    return Reply(say=Say(text, media=await household.picture(turn, made)))


async def revoke(turn: Turn, rest: str) -> Reply:
    """Make a code good for nothing, or all codes of a unit: `/revoke K7QM…`, `/revoke 3-2-1502`."""
    words = rest.strip()
    if links.looks_like_code(words):
        count = await links.revoke(turn.session, turn.actor, code=words, now=turn.now)
        return reply(T("revoke.done", count=count))
    unit = await moves.unit_in(turn, words)
    if unit is None:
        return reply(T("revoke.how"))
    count = await links.revoke(turn.session, turn.actor, unit_id=unit["unit"], now=turn.now)
    return reply(T("revoke.done", count=count))


async def looked(turn: Turn, rest: str) -> Reply:
    """List who looked at a unit and its people: `/looks 3-2-1502`, for who leads."""
    unit = await moves.unit_in(turn, rest)
    if unit is None:
        return reply(T("looks.how"))
    found = await looks.listed(turn.session, turn.actor, unit_id=unit["unit"])
    if not found:
        return reply(T("looks.none", place=unit["label"]))
    rows = [
        T("looks.line", at=When(one.at), viewer=one.viewer or T("looks.server"), what=_what(one), whose=one.whose)
        for one in found
    ]
    return reply(lines(T("looks.head", place=unit["label"]), *rows))


def _what(one: looks.Look) -> T:
    if one.what == looks.EXPORT:
        return T("looks.taken", table=T(f"look.table.{one.table}"), rows=one.rows)
    return T(f"look.{one.what}")


async def unlink(turn: Turn, rest: str) -> Reply:
    """Take this address from oneself, or (the desk) an old address from somebody: `/unlink 3-2-1502`."""
    unit = await moves.unit_in(turn, rest) if rest else None
    if unit is None:
        return await household.unlink(turn)
    if not await homes.ways(turn.session, turn.actor, unit_id=unit["unit"]):
        return reply(T("unlink_way.none", place=unit["label"]))
    return Reply(then=Start("unlink_way", {"where": unit}))


async def _ways(turn: Turn, so_far: Answers) -> Sequence[Option]:
    unit_id = (so_far.get("where") or {}).get("unit")
    found = await homes.ways(turn.session, turn.actor, unit_id=unit_id) if unit_id else []
    return [Option(way.address_id, _said(way)) for way in found]


def _said(way: homes.Way) -> T:
    channel = T(f"desk.channel.{way.channel}")
    if way.last_in_at is None:
        return T("unlink_way.silent", name=way.name, channel=channel)
    return T("unlink_way.line", name=way.name, channel=channel, at=When(way.last_in_at))


@dataclass(frozen=True, kw_only=True)
class UnlinkWay(Form, name="unlink_way"):
    """Which address the desk takes from its person."""

    where: Annotated[Mapping[str, Any], filled()]
    which: Annotated[int, pick(_ways)]

    async def submit(self, turn: Turn) -> Reply:
        """Take it."""
        way = await homes.untie(
            turn.session, turn.actor, unit_id=self.where["unit"], address_id=self.which, now=turn.now
        )
        return reply(T("unlink_way.done", name=way.name, channel=T(f"desk.channel.{way.channel}")))


async def _reasons(turn: Turn, so_far: Answers) -> Sequence[Option]:  # noqa: ARG001
    return [
        Option(turn.world.texts.label(why, turn.house.locale), why) for why in (T(f"link_refusal.{w}") for w in WHY)
    ]


async def _own_words(turn: Turn) -> str | None:
    return turn.text or None


@dataclass(frozen=True, kw_only=True)
class RefuseLink(Form, name="link_refusal"):
    """Why the desk does not let somebody link up, by a tap or in its own words; he hears it."""

    request: Annotated[int, filled()]
    why: Annotated[str, pick(_reasons, other=_own_words)]

    async def submit(self, turn: Turn) -> Reply:
        """Refuse it."""
        row = await links.decide(
            turn.session, turn.actor, request_id=self.request, approve=False, reason=self.why, now=turn.now
        )
        return reply(T("link.decided_no", name=row.name))


async def decide(turn: Turn, request_id: int, *, approve: bool) -> Reply:
    """Approve a request to be linked, or ask why not."""
    if approve:
        row = await links.decide(turn.session, turn.actor, request_id=request_id, approve=True, now=turn.now)
        return reply(T("link.decided_yes", name=row.name))
    await links.open_request(turn.session, turn.actor, request_id=request_id)
    return Reply(then=Start("link_refusal", {"request": request_id}))
