"""`ownerline survey`: begin the survey of all owners, and print what it brought."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from scripts import running
from scripts.trouble import CommandError
from services import actors, campaign_results, campaigns, questions
from services.campaign_results import Results, Row
from services.refusals import NotFound, Refused
from services.settings import Policies
from services.texts import Texts

OPERATOR = "operator"
NONE = "-"


def start(config: Path | None, *, community: str, dry_run: bool) -> None:
    """Begin it, or only count whom it would reach."""
    print(running.run(_start(config, community, dry_run=dry_run)))


def results(config: Path | None, *, community: str) -> None:
    """Print the latest one's results."""
    found = running.run(_results(config, community))
    if found is None:
        print("no survey of all owners has been sent yet")
        return
    state = "closed" if found.over else "still open"
    print(f"{found.started_at:%Y-%m-%d} to {found.expires_at:%Y-%m-%d}, {state}")
    print(f"sent {found.invited}, answered {found.answered} ({found.reply_percent} %), not reached {found.unreached}")
    print(running.table(*_table(found)))
    for words in found.words:
        print(f"- {words}")


async def _start(config: Path | None, community: str, *, dry_run: bool) -> str:
    settings = running.settings(config)
    asked = questions.load(settings.questions_file())
    async with running.opened(settings) as db:
        now = await running.desk_now(db)
        async with db.reading() if dry_run else db.transaction() as session:
            house = await running.house(session, community)
            actor = actors.system(OPERATOR, house=house)
            try:
                found = await campaigns.ready(session, actor, community_id=house.id)
                if not dry_run:
                    policy = await Policies(settings.policy()).of(session, house.id)
                    await campaigns.start(session, actor, house=house, asked=asked, now=now, policy=policy)
            except Refused as refused:
                raise CommandError(Texts.load().label(refused.text, "en")) from refused
    would = "would go" if dry_run else "goes"
    return f"{len(asked)} questions: it {would} to {found.reached} owners; {found.unreached} can't be reached"


async def _results(config: Path | None, community: str) -> Results | None:
    settings = running.settings(config)
    async with running.opened(settings) as db, db.reading() as session:
        house = await running.house(session, community)
        policy = await Policies(settings.policy()).of(session, house.id)
        actor = actors.system(OPERATOR, house=house)
        try:
            return await campaign_results.of_latest(session, actor, community_id=house.id, policy=policy)
        except NotFound:
            return None


def _table(found: Results) -> Iterator[tuple[str, ...]]:
    """Yield a row per question and a column per block; what too few answered is left out."""
    yield "content", "all", *(one.name for one in found.buildings)
    for index, row in enumerate(found.rows):
        yield row.question.line, _cell(row), *(_cell(one.rows[index]) for one in found.buildings)
    whole = (f"{one.answered}/{one.invited}" if one.answered is not None else NONE for one in found.buildings)
    yield "answered", f"{found.answered}/{found.invited}", *whole


def _cell(row: Row) -> str:
    return f"{row.tally.percent} % of {row.tally.answers}" if row.tally is not None else NONE
