"""Two transactions that read and then write: as Prefect begins them they collide, as ours begin they queue."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from prefect.server.database.configurations import AioSqliteConfiguration

from deployments import server


async def read_then_write(database: Path, begin: Callable[..., Any], writers: int) -> int:
    """Let several transactions read, wait and write at once; return the sum they leave."""
    configuration = AioSqliteConfiguration(f"sqlite+aiosqlite:///{database}")
    engine = await configuration.engine()
    async with engine.begin() as connection:
        await connection.execute(sa.text("create table counter (value integer)"))
        await connection.execute(sa.text("insert into counter values (0)"))

    async def add() -> None:
        async with await configuration.session(engine) as session, begin(configuration, session):
            value = (await session.execute(sa.text("select value from counter"))).scalar_one()
            await asyncio.sleep(0.05)
            await session.execute(sa.text("update counter set value = :value"), {"value": value + 1})

    try:
        # All of them end before the first failure is told: a transaction in flight would keep its connection open.
        for ended in await asyncio.gather(*(add() for _ in range(writers)), return_exceptions=True):
            if isinstance(ended, BaseException):
                raise ended
        async with await configuration.session(engine) as session:
            return int((await session.execute(sa.text("select value from counter"))).scalar_one())
    finally:
        await engine.dispose()


def test_writes_queue_and_none_is_lost(tmp_path: Path) -> None:
    assert asyncio.run(read_then_write(tmp_path / "queue.db", server._begin_immediate, writers=4)) == 4


def test_without_it_they_collide(tmp_path: Path) -> None:
    with pytest.raises(sa.exc.OperationalError, match="database is locked"):
        asyncio.run(read_then_write(tmp_path / "collide.db", AioSqliteConfiguration.begin_transaction, writers=4))
