"""The only door: who writes, is he allowed to go on, what is answered; every answer becomes outbox rows."""

from __future__ import annotations

import dataclasses
from datetime import datetime, timedelta

from handlers import forms, registry, router
from handlers.turn import Turn, World
from services import conversations, floods, groups, languages, outbox, people
from services.actors import Actor
from services.db import Session
from services.messages import Channel, Happening, Inbound, Reply, Say, T, Toast, lines
from services.models import Prompt
from services.outbox import Draft, Priority
from services.refusals import Refused
from services.understanding.danger import danger_in

MOST_CHAINED = 3
ALBUM_GATHERS = timedelta(seconds=1.5)


async def handle(session: Session, inbound: Inbound, *, now: datetime, world: World) -> Toast | None:
    """Work one event inside its transaction; return the toast for a tap, to be shown after the commit."""
    if inbound.happening is not Happening.MESSAGE and not _tells_danger(inbound):
        await _happened(session, inbound, now)
        return None
    turn = await _turn(session, _with_location(inbound), now, world)
    if not await _admitted(turn):
        return Toast(T("tap.ok")) if inbound.tap_id else None
    try:
        reply = await _followed(turn, await router.route(turn))
    except Refused as refused:
        reply = _refusal(turn, refused)
    if inbound.group:  # the group may have become known by this very message
        turn = dataclasses.replace(turn, actor=await _in_group(session, turn.actor, inbound))
    await _say(turn, reply)
    if reply.again is not None:
        await _ask_again(turn, reply.again)
    return reply.toast or (Toast(T("tap.ok")) if inbound.tap_id else None)


def _tells_danger(inbound: Inbound) -> bool:
    """Whether somebody mended what he had written, and it speaks of danger now."""
    return inbound.happening is Happening.EDITED and danger_in(inbound.text) is not None


def _with_location(inbound: Inbound) -> Inbound:
    """A shared location is words, too: where it is."""
    if inbound.location is None or inbound.text:
        return inbound
    point = f"{inbound.location.latitude:.5f},{inbound.location.longitude:.5f}"
    return dataclasses.replace(inbound, text=f"geo:{point}")


async def _happened(session: Session, inbound: Inbound, now: datetime) -> None:
    """Note what is no message: blocked, back, a group with a new id. Else an edited message changes nothing."""
    if inbound.happening is Happening.BLOCKED:
        await groups.set_gone(session, inbound, gone_at=now)
    elif inbound.happening is Happening.UNBLOCKED:
        await groups.set_gone(session, inbound, gone_at=None)
    elif inbound.happening is Happening.MIGRATED:
        await groups.migrated(session, inbound)


async def _turn(session: Session, inbound: Inbound, now: datetime, world: World) -> Turn:
    actor = await people.actor_of(
        session,
        channel=inbound.channel,
        account=inbound.account,
        sender=inbound.sender,
        event_id=inbound.event_id,
        now=now,
    )
    policy = await world.policies.of(session, actor.community_id, changed=actor.has_own_settings)
    recent = timedelta(days=policy.dialogues.recent_proof_days)
    proven = actor.proven_at is not None and now - actor.proven_at <= recent
    actor = dataclasses.replace(actor, proof_is_recent=proven)
    actor = await _spoken_in(session, actor, inbound, world)
    if inbound.group:
        actor = await _in_group(session, actor, inbound)
    return Turn(session, actor, inbound, now, policy, world)


async def _spoken_in(session: Session, actor: Actor, inbound: Inbound, world: World) -> Actor:
    """Keep the language that a person shows, as long as he has not chosen one."""
    locale = languages.settle(
        actor.locale if actor.locale_known else "",
        shown=languages.written(inbound.text, simplify=world.simplify) if not inbound.tap else None,
        told=languages.of_code(inbound.language),
        default=actor.house.locale if actor.house else "zh_Hans",
    )
    if actor.locale_chosen or (locale == actor.locale and actor.locale_known):
        return actor
    await people.remember_locale(session, actor, locale=locale, chosen=False)
    return dataclasses.replace(actor, locale=locale)


async def _in_group(session: Session, actor: Actor, inbound: Inbound) -> Actor:
    """In a group the answer goes to the group, in a forum to the topic, and the community is the group's."""
    group = await people.group_address(session, inbound)
    return dataclasses.replace(actor, address_id=group.address_id, topic=inbound.topic) if group else actor


async def _admitted(turn: Turn) -> bool:
    """Count messages per address: after too many one warning, then silence; danger is always read."""
    if turn.inbound.group:
        return True
    verdict = await floods.count(
        turn.session,
        address_id=turn.actor.to.address_id,
        now=turn.now,
        most=turn.policy.dialogues.messages_per_minute,
    )
    if verdict is floods.Verdict.FINE or danger_in(turn.text) is not None:
        return True
    if verdict is floods.Verdict.WARN:
        await _say(turn, Reply(Say(T("flood.warning"))))
    return False


async def _followed(turn: Turn, reply: Reply | None) -> Reply:
    """Begin the form that an answer leads to; when one ends, ask again what waits below."""
    reply = reply or Reply()
    for _ in range(MOST_CHAINED):
        if reply.then is None:
            return reply
        if reply.say is not None:
            await _say(turn, dataclasses.replace(reply, then=None))
        start, toast = reply.then, reply.toast
        reply = await forms.begin(turn, registry.form_named(start.form), start.given)
        reply = dataclasses.replace(reply, toast=reply.toast or toast)
    return reply


async def _ask_again(turn: Turn, prompt_id: int) -> None:
    """Ask the question below again: what lay on top of it has ended."""
    prompt = await conversations.by_id(turn.session, prompt_id=prompt_id, address_id=turn.actor.to.address_id)
    if prompt is not None and prompt.state == "open":
        await _say(turn, await forms.put(turn, registry.form_named(prompt.form), prompt))


def _refusal(turn: Turn, refused: Refused) -> Reply:
    """Say a refusal: to a tap as an alert, else in words that end with the number to call."""
    if turn.inbound.tap_id:
        return Reply(toast=Toast(refused.text, alert=True))
    ends_on = turn.about() if turn.actor.house is not None and turn.actor.staff is None else None
    if "phone" in refused.text.params:
        ends_on = None  # the number is in the sentence
    return Reply(Say(lines(refused.text, ends_on)))


async def _say(turn: Turn, reply: Reply) -> None:
    if reply.say is None:
        return
    event = f"{turn.inbound.channel}:{turn.inbound.account}:{turn.inbound.event_id}"
    key = reply.key or f"reply:{event}:{reply.prompt_id or 0}"
    to = dataclasses.replace(turn.actor.to, locale=reply.locale) if reply.locale else turn.actor.to
    if reply.prompt_id is None:
        rows = reply.say.choices
        await conversations.tell(
            turn.session,
            to=to,
            key=key,
            text=reply.say.text,
            rows=rows,
            keyboard=reply.say.keyboard,
            media=reply.say.media,
            priority=Priority.REPLY,
            person_id=turn.actor.person_id,
            now=turn.now,
            shown_at=turn.now,
        )
        return
    draft = Draft(key=key, to=to, priority=Priority.REPLY, say=reply.say, prompt_id=reply.prompt_id)
    if turn.inbound.album:  # one answer to all of its photos, put together shortly after the last one
        album = f"album:{turn.inbound.account}:{turn.inbound.album}"
        draft = dataclasses.replace(draft, key=album, kind="prompt", say=None, desk_due=turn.now + ALBUM_GATHERS)
    await outbox.enqueue(turn.session, draft, now=turn.now)


async def question(session: Session, prompt: Prompt, *, now: datetime, world: World) -> Say | None:
    """Put the first question of a prompt together that a service opened; None when nothing is asked any more."""
    if prompt.form not in registry.FORMS:
        prompt.state = "cancelled"
        return None
    actor = await people.actor_at(session, address_id=prompt.address_id, now=now)
    policy = await world.policies.of(session, actor.community_id)
    empty = Inbound(channel=actor.channel or Channel.WEB, account=actor.account, event_id="", sender="", address="")
    turn = Turn(session, actor, empty, now, policy, world)
    reply = await forms.put(turn, registry.FORMS[prompt.form], prompt)
    prompt.shown_at = None  # set when the provider has taken the message
    return reply.say
