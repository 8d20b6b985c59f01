"""A number proves itself by a code: once, in time, and not by guessing."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select

from services.actors import Actor, Proof
from services.db import Session
from services.messages import Channel
from services.models import Address, ProofCode
from services.money import proving
from services.money.proving import TooManyTries
from services.settings import Policy
from tests.support import estate
from tests.support.line import Line, Writer

POLICY = Policy()
FIGURES = POLICY.fees


async def texting(session: Session, line: Line) -> Actor:
    """Return somebody of the register with a plain phone."""
    asked = select(Address.external).where(Address.channel == Channel.SMS, Address.display_name == "张福全")
    external = (await session.scalars(asked)).one()
    return await estate.actor_of(session, line, Writer(Channel.SMS, external))


async def send(session: Session, line: Line, actor: Actor, after: timedelta = timedelta(0)) -> str:
    return await proving.send(session, actor, now=line.now + after, policy=POLICY)


async def prove(session: Session, line: Line, actor: Actor, code: str, after: timedelta = timedelta(0)) -> bool:
    return await proving.prove(session, actor, code=code, now=line.now + after, policy=POLICY)


def wrong(code: str) -> str:
    return f"{(int(code) + 1) % 10**6:06}"


async def test_a_code_that_comes_back_proves_the_number_once(line: Line) -> None:
    async with line.db.transaction() as session:
        actor = await texting(session, line)
        code = await send(session, line, actor)
        assert await prove(session, line, actor, code)
        proof = await session.scalar(select(Address.proof).where(Address.id == actor.address_id))
        assert proof == Proof.CODE
        assert not await prove(session, line, actor, code)


async def test_only_its_digest_is_kept(line: Line) -> None:
    async with line.db.transaction() as session:
        actor = await texting(session, line)
        code = await send(session, line, actor)
        row = (await session.scalars(select(ProofCode))).one()
        assert code not in row.digest


async def test_a_code_is_good_for_minutes(line: Line) -> None:
    async with line.db.transaction() as session:
        actor = await texting(session, line)
        code = await send(session, line, actor)
        late = timedelta(minutes=FIGURES.code_minutes, seconds=1)
        assert not await prove(session, line, actor, code, late)


async def test_guessing_ends_after_some_tries_even_with_the_right_code(line: Line) -> None:
    async with line.db.transaction() as session:
        actor = await texting(session, line)
        code = await send(session, line, actor)
        for _ in range(FIGURES.code_tries):
            assert not await prove(session, line, actor, wrong(code))
        assert await proving.rests(session, actor, now=line.now)
        assert not await prove(session, line, actor, code)
        with pytest.raises(TooManyTries):
            await send(session, line, actor)
        await send(session, line, actor, timedelta(minutes=FIGURES.code_rest_minutes, seconds=1))


async def test_a_new_code_does_not_forgive_wrong_tries(line: Line) -> None:
    async with line.db.transaction() as session:
        actor = await texting(session, line)
        for _ in range(FIGURES.code_tries):
            code = await send(session, line, actor)
            await prove(session, line, actor, wrong(code))
        assert await proving.rests(session, actor, now=line.now)


async def test_a_number_gets_so_many_codes_a_day(line: Line) -> None:
    async with line.db.transaction() as session:
        actor = await texting(session, line)
        for _ in range(FIGURES.codes_per_day):
            await send(session, line, actor)
        with pytest.raises(TooManyTries):
            await send(session, line, actor)
        await send(session, line, actor, timedelta(days=1))


async def test_only_a_number_of_the_register_that_is_not_proven_gets_one(line: Line) -> None:
    async with line.db.transaction() as session:
        actor = await texting(session, line)
        assert proving.can_prove(actor)
        assert not proving.can_prove(replace(actor, proof=Proof.CODE, proof_is_recent=True))
        assert not proving.can_prove(replace(actor, channel=Channel.TELEGRAM))
        assert not proving.can_prove(replace(actor, person_id=None))


async def test_another_address_does_not_prove_with_it(line: Line) -> None:
    async with line.db.transaction() as session:
        actor = await texting(session, line)
        code = await send(session, line, actor)
        other = await estate.actor_of(session, line, await estate.web_of(session, "王芳"))
        assert not await prove(session, line, other, code)
