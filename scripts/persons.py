"""`ownerline person`: one person's data in a file, or gone."""

from __future__ import annotations

from pathlib import Path

import orjson

from bot.settings import Settings
from scripts import running
from scripts.trouble import CommandError
from services import looks
from services.db import Session
from services.models import Person
from services.phones import e164
from services.refusals import Refused
from services.register import erasing
from services.register.erasing import Erased


def export(config: Path | None, *, who: str, place: Path) -> None:
    """Write the file; it is for the person's eyes and the manager's."""
    if place.exists():
        msg = f"{place} is there already"
        raise CommandError(msg)
    found = running.settings(config)
    text = running.run(_export(found, who))
    place.touch(mode=0o600)
    place.write_bytes(text)
    print(f"written to {place}")


async def _export(found: Settings, who: str) -> bytes:
    async with running.opened(found) as db:
        now = await running.desk_now(db)
        async with db.transaction() as session:
            person = await _one(session, found, who)
            rows = await erasing.export(session, person_id=person.id)
            await looks.person_taken(session, person_id=person.id, rows=sum(map(len, rows.values())), now=now)
    return orjson.dumps(rows, default=str, option=orjson.OPT_INDENT_2)


def erase(config: Path | None, *, who: str, yes: bool) -> None:
    """Erase, or only say who would be."""
    found = running.settings(config)
    person, done = running.run(_erase(found, who, yes=yes))
    if done is None:
        print(f"{person}: nothing done; say --yes to erase for good")
        return
    print(f"{person} erased: {done.addresses} addresses, {done.tickets} tickets, words of {done.words} rows emptied")
    print(f"{done.files} files go with the next sweep")


async def _erase(found: Settings, who: str, *, yes: bool) -> tuple[str, Erased | None]:
    async with running.opened(found) as db:
        now = await running.desk_now(db)
        async with db.transaction() as session:
            person = await _one(session, found, who)
            name = f"{person.id} {person.name}".strip()
            if not yes:
                return name, None
            try:
                return name, await erasing.erase(session, person_id=person.id, now=now)
            except Refused as refused:
                msg = f"{name} can't be erased: {refused.text.key}"
                raise CommandError(msg) from refused


async def _one(session: Session, found: Settings, who: str) -> Person:
    """Return the person meant; several with one number are listed, so that one can be named by id."""
    region = found.sms.region
    people = await erasing.found(session, typed=who, e164=None if len(who) < len("138000") else e164(who, region))
    if len(people) == 1:
        return people[0]
    if not people:
        msg = f"nobody of the register is {who}"
        raise CommandError(msg)
    names = ", ".join(f"{one.id} {one.name}".strip() for one in people)
    msg = f"{who} is several people: {names}; name one by id"
    raise CommandError(msg)
