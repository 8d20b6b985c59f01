"""Home and family: who is tied, inviting, sending away, acting for a parent, leaving an address."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from handlers import linking, places
from handlers.answers import Answers, Question, filled, pick, yes_no
from handlers.answers import words as free_words
from handlers.form import Form
from handlers.turn import Turn
from services import access, links, media
from services.access import Deed, Subject
from services.actors import Home
from services.conversations import Option
from services.messages import Channel, Choice, Keyboard, Reply, Say, Start, T, lines, pairs, plain, reply
from services.refusals import NotAllowed
from services.register import households, proxies, telling
from services.register.ties import Tied


async def show(turn: Turn, rest: str) -> Reply:
    """Show each home with who is tied to it, and what can be done."""
    del rest
    if not turn.actor.here:
        return reply(
            lines(T("household.none"), turn.about()),
            [Choice(T("link.review"), "go:review"), Choice(T("household.act_for"), "go:actfor")],
        )
    parts = [part for home in turn.actor.here for part in await _home(turn, home)]
    return reply(lines(*parts), *pairs(_choices(turn)))


def _choices(turn: Turn) -> list[Choice]:
    invites = any(_may(turn, Deed.SEE_HOUSEHOLD, home) for home in turn.actor.here)
    first = [Choice(T("household.invite"), "go:invite")] if invites else []
    return [
        *first,
        Choice(T("household.send_away" if invites else "household.leave"), "go:sendaway"),
        Choice(T("household.act_for"), "go:actfor"),
        Choice(T("household.unlink"), "go:unlink"),
    ]


def _may(turn: Turn, deed: Deed, home: Home) -> bool:
    return access.may(turn.actor, deed, Subject(home.community_id, home.unit_id))


async def _home(turn: Turn, home: Home) -> list[T]:
    shown = await households.shown(turn.session, turn.actor, home=home)
    return [
        T("household.home", place=places.unit_label(home), tie=T(f"tie.{home.tie}")),
        *(_line(one) for one in shown),
    ]


def _line(one: Tied) -> T:
    if one.tie.until is None:
        return T("household.line", name=one.person.name, tie=T(f"tie.{one.tie.role}"))
    day = telling.day(one.tie.until)
    return T("household.line_until", name=one.person.name, tie=T(f"tie.{one.tie.role}"), day=day)


async def _inviting(turn: Turn, so_far: Answers) -> Sequence[Option]:  # noqa: ARG001
    return [Option(h.unit_id, places.unit_label(h)) for h in turn.actor.here if _may(turn, Deed.SEE_HOUSEHOLD, h)]


async def _only_inviting(turn: Turn, so_far: Answers) -> int | None:
    found = await _inviting(turn, so_far)
    return int(found[0].value) if len(found) == 1 else None


@dataclass(frozen=True, kw_only=True)
class Invite(Form, name="invite"):
    """Which home somebody is invited to."""

    home: Annotated[int, pick(_inviting, only=_only_inviting)]

    async def submit(self, turn: Turn) -> Reply:
        """Hand out an invitation, as a code and as a picture."""
        code = await links.invite(turn.session, turn.actor, unit_id=self.home, now=turn.now, policy=turn.policy)
        home = next(one for one in turn.actor.here if one.unit_id == self.home)
        days = turn.policy.registry.invite_days
        text = T("invite.made", code=code, place=places.unit_label(home), days=days)
        return Reply(say=Say(text, media=await picture(turn, code)))


async def picture(turn: Turn, code: str) -> tuple[int, ...]:
    """Return the square code of a code, which leads to it when it is scanned; none by text message."""
    if turn.inbound.channel is Channel.SMS:
        return ()
    return (await media.draw(turn.session, code, community_id=turn.house.id, now=turn.now),)


async def invite(turn: Turn, rest: str) -> Reply:
    """Begin an invitation; who may not invite is told so before anything is asked."""
    del rest
    if not turn.actor.sees_amounts or not await _inviting(turn, {}):
        raise CannotInvite(phone=turn.house.phone)
    return Reply(then=Start("invite", {}))


class CannotInvite(NotAllowed):
    """Only owner or tenant invites, proven lately by more than a sender's number."""

    key = "refused.invite"


async def _removable(turn: Turn, so_far: Answers) -> Sequence[Option]:  # noqa: ARG001
    found = [one for home in turn.actor.here for one in await households.removable(turn.session, turn.actor, home=home)]
    return [Option(one.tie.id, _line(one)) for one in found]


@dataclass(frozen=True, kw_only=True)
class SendAway(Form, name="send_away"):
    """Whose tie to the home ends."""

    who: Annotated[int, pick(_removable)]

    async def submit(self, turn: Turn) -> Reply:
        """End it."""
        gone = await households.send_away(turn.session, turn.actor, tie_id=self.who, now=turn.now)
        own = gone.person.id == turn.actor.person_id
        return reply(T("send_away.left") if own else T("send_away.done", name=gone.person.name))


async def send_away(turn: Turn, rest: str) -> Reply:
    """Begin, where there is somebody to send away."""
    del rest
    if not await _removable(turn, {}):
        return reply(T("send_away.nobody"))
    return Reply(then=Start("send_away", {}))


async def _anywhere(turn: Turn, so_far: Answers) -> Sequence[Option]:  # noqa: ARG001
    return []


async def _unit(turn: Turn) -> dict[str, Any] | None:
    found = await places.any_unit(turn)
    return found if found is not None and "unit" in found else None


def _unnamed(so_far: Answers) -> bool:
    return not so_far.get("named")


@dataclass(frozen=True, kw_only=True)
class ActFor(Form, name="act_for"):
    """Somebody wants to act for his parents' home."""

    where: Annotated[Mapping[str, Any], pick(_anywhere, other=_unit)]
    who: Annotated[str, free_words(least=1, when=_unnamed)] = ""
    words: Annotated[str, free_words(least=2)]
    named: Annotated[bool, filled()] = False

    async def submit(self, turn: Turn) -> Reply:
        """Ask who lives there; nobody there who can be asked: the desk looks at it. The answer tells neither."""
        name = (self.who or turn.actor.name)[: linking.MOST_NAME]
        asked = await proxies.ask(
            turn.session,
            turn.actor,
            unit_id=self.where["unit"],
            name=name,
            words=self.words,
            now=turn.now,
            policy=turn.policy,
        )
        if not asked:
            label = str(self.where["label"])
            wish = T("act_for.to_desk", place=label, who=self.words)
            await links.request_review(
                turn.session,
                turn.actor,
                name=name,
                words=self.words,
                unit_id=None,
                place=turn.world.texts.label(wish, turn.house.locale),
                now=turn.now,
            )
        return reply(lines(T("act_for.asked", place=plain(self.where["label"])), turn.about()))


async def act_for(turn: Turn, rest: str) -> Reply:
    """Begin to ask for leave to act for somebody's home."""
    del rest
    return Reply(then=Start("act_for", {"named": turn.actor.person_id is not None}))


@dataclass(frozen=True, kw_only=True)
class Consent(Form, name="proxy_consent"):
    """A parent says whether a child may act for him."""

    unit: Annotated[int, filled()]
    asker: Annotated[int, filled()]
    called: Annotated[str, filled()]
    words: Annotated[str, filled()]
    agreed: Annotated[bool, yes_no()]

    @classmethod
    async def ask(cls, turn: Turn, name: str, so_far: Answers, options: Sequence[Option]) -> Question:
        """Say who asks, in his own words."""
        del name
        home = next((one for one in turn.actor.here if one.unit_id == so_far["unit"]), None)
        place = places.unit_label(home) if home is not None else plain("")
        return Question(T("proxy_consent.agreed", who=so_far["called"], words=so_far["words"], place=place), options)

    async def submit(self, turn: Turn) -> Reply:
        """Keep the answer; the child hears it."""
        await proxies.answer(
            turn.session,
            turn.actor,
            unit_id=self.unit,
            asker_id=self.asker,
            name=self.called,
            agreed=self.agreed,
            now=turn.now,
        )
        return reply(T("proxy_consent.yes" if self.agreed else "proxy_consent.no", who=self.called))


@dataclass(frozen=True, kw_only=True)
class Unlink(Form, name="unlink"):
    """Somebody wants this address to know nothing of him any more."""

    sure: Annotated[bool, yes_no()]

    async def submit(self, turn: Turn) -> Reply:
        """Take the address from him."""
        if not self.sure:
            return reply(T("form.cancelled"))
        await links.leave(turn.session, turn.actor, now=turn.now)
        return reply(lines(T("unlink.done"), turn.about()), keyboard=Keyboard.CONTACT)


async def unlink(turn: Turn) -> Reply:
    """Begin to unlink this address."""
    if turn.actor.person_id is None:
        return await linking.offer(turn)
    return Reply(then=Start("unlink", {}))
