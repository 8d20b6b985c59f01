"""Prompts: whatever expects an answer, as rows. Opening one never touches another person's conversation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import Select, Update, bindparam, select, update

from services import direct, inlined, loading, outbox, wire
from services.db import Session, insert_once
from services.messages import Choice, Keyboard, Say, T, Text
from services.models import Address, Card, Prompt, table_of
from services.outbox import Draft, Priority, To

CHOOSE = "choose"  # the form that is only a set of commands
MOST_OPEN = 8


@dataclass(frozen=True, slots=True)
class Option:
    """A possible answer: its value (or the command it stands for), its label, its digit."""

    value: Any
    label: T
    digit: str = ""


def pack_options(options: Sequence[Option]) -> list[list[Any]]:
    """Turn options into what the row keeps."""
    return [[option.value, wire.pack(option.label), option.digit] for option in options]


def read_options(prompt: Prompt) -> list[Option]:
    """Return the options as they were shown."""
    return [Option(value, wire.read_label(label), digit) for value, label, digit in prompt.options]


def tap_of(prompt_id: int, field: str, index: int) -> str:
    """Return what a button sends: prompt, field and index, well within 64 bytes."""
    return f"p:{prompt_id}:{field}:{index}"


async def ask(  # noqa: PLR0913 - a prompt is made of this much
    session: Session,
    *,
    to: To,
    person_id: int | None,
    form: str,
    given: Mapping[str, Any],
    key: str,
    priority: Priority,
    now: datetime,
    expires_at: datetime,
    urgent: bool = False,
    still_wanted: str = "",
) -> int | None:
    """Open a form on somebody's address; its first question is put together when it is sent. None: asked before."""
    row = {
        "key": key,
        "community_id": to.community_id,
        "address_id": to.address_id,
        "person_id": person_id,
        "form": form,
        "given": dict(given),
        "urgent": urgent,
        "expires_at": expires_at,
        "created_at": now,
        "state": "open",
    }
    added: int | None = (await insert_once(session, Prompt, row, Prompt.id)).scalar_one_or_none()
    if added is None:
        return None
    draft = Draft(key=f"prompt:{key}", to=to, priority=priority, kind="prompt", prompt_id=added)
    await outbox.enqueue(session, replace(draft, still_wanted=still_wanted, expires_at=expires_at), now=now)
    return added


async def tell(  # noqa: PLR0913
    session: Session,
    *,
    to: To,
    key: str,
    text: Text,
    priority: Priority,
    now: datetime,
    rows: Sequence[Sequence[Choice]] = (),
    person_id: int | None = None,
    expires_at: datetime | None = None,
    keyboard: Keyboard | None = None,
    media: tuple[int, ...] = (),
    still_wanted: str = "",
    shown_at: datetime | None = None,
) -> None:
    """Say something, with commands to choose from if there are any: they can be tapped, numbered or typed."""
    choices = [choice for row in rows for choice in row if choice.tap]
    prompt_id = None
    if choices:
        prompt_id = await _offer(session, to, person_id, key, choices, now, shown_at)
    say = Say(text, tuple(tuple(row) for row in rows), keyboard, media)
    await outbox.enqueue(
        session,
        Draft(
            key=key,
            to=to,
            priority=priority,
            say=say,
            prompt_id=prompt_id,
            expires_at=expires_at,
            still_wanted=still_wanted,
        ),
        now=now,
    )


async def _offer(
    session: Session,
    to: To,
    person_id: int | None,
    key: str,
    choices: Sequence[Choice],
    now: datetime,
    shown_at: datetime | None,
) -> int | None:
    row: dict[str, Any] = {
        "key": f"choose:{key}",
        "community_id": to.community_id,
        "address_id": to.address_id,
        "person_id": person_id,
        "form": CHOOSE,
        "given": {},
        "options": pack_options([Option(c.tap, c.label, c.digit) for c in choices]),
        "asked": CHOOSE,
        "created_at": now,
        "shown_at": shown_at,
        "state": "open",
    }
    added: int | None = (await insert_once(session, Prompt, row, Prompt.id)).scalar_one_or_none()
    return added


async def offer(
    session: Session, *, to: To, key: str, say: Say, now: datetime, person_id: int | None = None
) -> int | None:
    """Let the commands on a say be numbered or typed; None when there are none."""
    choices = [choice for row in say.choices for choice in row if choice.tap]
    return await _offer(session, to, person_id, key, choices, now, None) if choices else None


async def keep(session: Session, prompt: Prompt) -> None:
    """Keep a prompt that was put together here; it has its id then."""
    await loading.add(session, prompt)


async def open_prompts(session: Session, *, address_id: int) -> Sequence[Prompt]:
    """Return the open prompts that were shown on the address: urgent ones first, then the newest."""
    return await loading.objects(session, _open_prompts(), {"address_id": address_id}, Prompt)


@cache
def _open_prompts() -> Select[Any]:
    prompt = table_of(Prompt)
    return (
        select(prompt)
        .where(
            prompt.c.address_id == bindparam("address_id"),
            inlined.equal(prompt.c.state, "open"),
            prompt.c.shown_at.is_not(None),
        )
        .order_by(prompt.c.urgent.desc(), prompt.c.shown_at.desc(), prompt.c.id.desc())
        .limit(MOST_OPEN)
    )


async def newest(session: Session, *, address_id: int) -> Prompt | None:
    """Return the open form that waits on the address, if any."""
    return next((p for p in await open_prompts(session, address_id=address_id) if p.form != CHOOSE), None)


async def mark(session: Session, *, prompt: Prompt, key: str) -> None:
    """Name a prompt that ends, so that `marked` finds it; a key that is taken stays where it is."""
    if not await marked(session, keys=[key]):
        prompt.key = key


async def marked(session: Session, *, keys: Sequence[str]) -> bool:
    """Whether a prompt bears one of the keys."""
    return await direct.scalar(session, _marked(), {"keys": list(keys)}) is not None


@cache
def _marked() -> Select[Any]:
    prompt = table_of(Prompt).c
    return select(prompt.id).where(prompt.key.in_(bindparam("keys", expanding=True))).limit(1)


async def by_id(session: Session, *, prompt_id: int, address_id: int) -> Prompt | None:
    """Return a prompt by the id that a tap carries, only on its own address."""
    found = await loading.objects(session, _by_id(), {"prompt_id": prompt_id, "address_id": address_id}, Prompt)
    return found[0] if found else None


@cache
def _by_id() -> Select[Any]:
    prompt = table_of(Prompt)
    return select(prompt).where(prompt.c.id == bindparam("prompt_id"), prompt.c.address_id == bindparam("address_id"))


async def opened(session: Session, *, prompt_id: int) -> Prompt | None:
    """Return a prompt for delivery to put its question together; None when it has ended meanwhile."""
    prompt = await session.get(Prompt, prompt_id)
    return prompt if prompt is not None and prompt.state == "open" else None


async def end_where(session: Session, *, key_prefix: str, state: str = "cancelled") -> None:
    """End the open prompts under keys that begin so, and what was to be said for them."""
    await direct.execute(session, _end_where(), {"ended": state, **inlined.prefixed(key_prefix)})
    await outbox.cancel(session, key_prefix=f"prompt:{key_prefix}")


@cache
def _end_where() -> Update:
    prompt = table_of(Prompt)
    under = inlined.begins(prompt.c.key), inlined.equal(prompt.c.state, "open")
    return update(prompt).where(*under).values(state=bindparam("ended"))


async def mark_shown(session: Session, *, prompt_ids: Sequence[int], now: datetime) -> None:
    """The provider took the messages of these prompts: from now on typed answers may go to them."""
    await direct.execute(session, _mark_shown(), {"prompts": list(prompt_ids), "now": now})


@cache
def _mark_shown() -> Update:
    prompt = table_of(Prompt)
    shown = prompt.c.id.in_(bindparam("prompts", expanding=True)), prompt.c.shown_at.is_(None)
    return update(prompt).where(*shown).values(shown_at=bindparam("now"))


async def card_answered(session: Session, *, channel: str, account: str, external: str, message_id: str) -> int | None:
    """Return the id of the ticket whose card somebody's message answers."""
    return await session.scalar(
        select(Card.subject_id)
        .join(Address, Address.id == Card.address_id)
        .where(
            Address.channel == channel,
            Address.account == account,
            Address.external == external,
            Card.message_id == message_id,
            Card.subject == "ticket",
        )
        .limit(1)
    )
