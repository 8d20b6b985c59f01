"""`ownerline settings`: the figures a community works by, as they are and as they were changed at run time."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import select

from bot.settings import Settings
from scripts import running
from scripts.trouble import CommandError
from services.db import Session
from services.models import Community
from services.settings import EVERYWHERE, BadSettingError, Policies, Policy, change

NONE = "-"


def show(config: Path | None, *, key: str, community: str) -> None:
    """Print one figure, or with an empty key all of them."""
    settings = running.settings(config)
    policy = running.run(_policy(settings, community))
    found = {name: value for name, value in _flat(policy).items() if key in {"", name}}
    if not found:
        raise CommandError(f"unknown setting {key!r}; allowed: {', '.join(_flat(policy))}")
    defaults = _flat(settings.policy())
    if key:
        print(found[key])
        return
    changed = {name: f"(file: {defaults[name]})" if value != defaults[name] else "" for name, value in found.items()}
    print(running.table(*((name, value, changed[name]) for name, value in found.items())))


def put(config: Path | None, *, key: str, value: str, community: str) -> None:
    """Change a figure for a community, or for all; it holds from the next message on."""
    running.run(_put(running.settings(config), key, value, community))
    print("done")


async def _policy(settings: Settings, community: str) -> Policy:
    async with running.opened(settings) as db, db.reading() as session:
        return await Policies(settings.policy()).of(session, await _id_of(session, community))


async def _put(settings: Settings, key: str, value: str, community: str) -> None:
    async with running.opened(settings) as db:
        now = await running.desk_now(db)
        async with db.transaction() as session:
            where = await _id_of(session, community)
            try:
                await change(
                    session,
                    Policies(settings.policy()),
                    community_id=where,
                    key=key,
                    value=value,
                    by=None,
                    now=now,
                )
            except BadSettingError as error:
                raise CommandError(str(error)) from error


async def _id_of(session: Session, slug: str) -> int:
    if not slug:
        return EVERYWHERE
    found = await session.scalar(select(Community.id).where(Community.slug == slug))
    if found is None:
        known = (await session.scalars(select(Community.slug).order_by(Community.id))).all()
        raise CommandError(f"unknown community {slug!r}; allowed: {', '.join(known) or 'none yet'}")
    return found


def _flat(policy: Policy) -> dict[str, str]:
    return {
        f"{section}.{key}": (", ".join(map(str, value)) if isinstance(value, list) else str(value)) or NONE
        for section, keys in policy.model_dump(mode="json").items()
        for key, value in keys.items()
    }
