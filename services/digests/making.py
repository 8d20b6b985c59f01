"""Puts a digest together for its reader: what each kind is made of, looked up in a session that only reads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from zoneinfo import ZoneInfo

from services import houses, identity, people
from services.actors import Actor, House
from services.catalog import Catalog
from services.db import Session
from services.digests import collected, court, evening, layout, morning, papers, sheets, tables
from services.digests.pages import Page
from services.models import Digest
from services.settings import Policies, Policy
from services.stretches import Stretch


@dataclass(frozen=True, slots=True)
class Made:
    """Pages, and the eyes they are for."""

    pages: Sequence[Page]
    locale: str
    zone: ZoneInfo


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be made: read from its row, so that no session is held meanwhile."""

    id: int
    key: str
    kind: str
    community_id: int
    address_id: int
    team: str
    at: datetime
    span: Stretch

    @classmethod
    def of(cls, digest: Digest) -> Wanted:
        """Read a row."""
        span = Stretch(digest.starts_at, digest.ends_at)
        whose = digest.community_id, digest.address_id, digest.team
        return cls(digest.id, digest.key, digest.kind, *whose, digest.at, span)


async def make(session: Session, wanted: Wanted, *, catalog: Catalog, policies: Policies) -> Made:
    """Put it together; without pages when there is nothing to say, or nobody entitled to hear it any more."""
    house = await houses.by_id(session, community_id=wanted.community_id)
    policy = await policies.of(session, wanted.community_id)
    if wanted.team:
        group = await people.group_of(session, community_id=house.id, team=wanted.team)
        page = await evening.for_group(session, team=wanted.team, house=house, now=wanted.at)
        locale = group.locale if group is not None else identity.UNTOLD
        return Made([page] if page is not None else [], locale, house.zone)
    actor = await _reader(session, wanted, house, policy)
    found = await _pages(session, actor, wanted, house, policy, catalog)
    return Made(found, actor.locale, house.zone)


async def _reader(session: Session, wanted: Wanted, house: House, policy: Policy) -> Actor:
    actor = await people.actor_at(session, address_id=wanted.address_id, now=wanted.at)
    return replace(actor, house=house, proof_is_recent=_is_recent(actor, wanted.at, policy))


async def number(session: Session, wanted: Wanted, *, after: int, policies: Policies) -> int | None:
    """Number the next letters of those to be printed; return where to go on, None when all were looked at."""
    house = await houses.by_id(session, community_id=wanted.community_id)
    policy = await policies.of(session, wanted.community_id)
    actor = await _reader(session, wanted, house, policy)
    return await court.number(session, actor, house=house, batch=wanted.key, after=after, policy=policy, now=wanted.at)


async def _pages(
    session: Session, actor: Actor, wanted: Wanted, house: House, policy: Policy, catalog: Catalog
) -> Sequence[Page]:
    if wanted.kind == "mine":
        page = await evening.for_holder(session, actor, house=house, now=wanted.at)
        return [page] if page is not None else []
    if wanted.kind.startswith(papers.KINDS):
        return await papers.pages(session, actor, kind=wanted.kind, house=house, now=wanted.at)
    if wanted.kind.startswith(collected.TEXT):
        return await collected.pages(session, actor, kind=wanted.kind, house=house, span=wanted.span)
    if wanted.kind.startswith(court.KINDS):
        kind, key, span = wanted.kind, wanted.key, wanted.span
        return await court.pages(session, actor, kind=kind, key=key, house=house, span=span, now=wanted.at)
    if not actor.is_lead:  # he was one when it was asked for
        return []
    return await _for_leads(session, actor, wanted, house, policy, catalog)


async def _for_leads(
    session: Session, actor: Actor, wanted: Wanted, house: House, policy: Policy, catalog: Catalog
) -> Sequence[Page]:
    label = partial(_label, catalog, actor.locale)
    if wanted.kind in {"week", "month"}:
        sheet = await sheets.gather(session, house=house, span=wanted.span, policy=policy)
        found = layout.pages(sheet, kind=wanted.kind, estate=house.name, label=label)
        people_ = await tables.of_people(session, actor, house=house, span=wanted.span)
        return [replace(page, workbook=[*page.workbook, people_]) if page.workbook else page for page in found]
    if wanted.kind == "uncleared":
        return [await evening.for_lead(session, actor, house=house, now=wanted.at)]
    if wanted.kind == "buildings":
        return [await tables.by_building(session, house=house, now=wanted.at)]
    if wanted.kind == "table":
        return [await tables.of_the_day(session, actor, house=house, now=wanted.at, label=label)]
    digest = await morning.gather(session, actor, house=house, now=wanted.at, policy=policy, label=label)
    return [morning.plain_page(digest) if wanted.kind == "plain" else morning.page(digest)]


def _is_recent(actor: Actor, now: datetime, policy: Policy) -> bool:
    """Whether the reader was proven lately, as the door asks of who writes."""
    return actor.proven_at is not None and now - actor.proven_at <= timedelta(days=policy.dialogues.recent_proof_days)


def _label(catalog: Catalog, locale: str, category: str) -> str:
    """Name a category; one that the operator has removed since is called by its key."""
    return catalog.label(category, locale) if category in catalog.categories else category
