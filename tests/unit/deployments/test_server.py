"""Two transactions that read and then write: as Prefect begins them they collide, as ours begin they queue."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from prefect.server.database.configurations import AioSqliteConfiguration

from deployments import server
from tasks.settings import PROJECT_ROOT


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


def test_a_session_inside_a_transaction_does_not_wait_for_it(tmp_path: Path) -> None:
    async def nested() -> int:
        configuration = AioSqliteConfiguration(f"sqlite+aiosqlite:///{tmp_path / 'nested.db'}")
        engine = await configuration.engine()
        try:
            async with engine.begin() as connection:
                await connection.execute(sa.text("create table counter (value integer)"))
            outer, inner, reader = [await configuration.session(engine) for _ in range(3)]
            async with outer, server._begin_immediate(configuration, outer):
                async with reader:
                    await reader.execute(sa.text("select value from counter"))
                async with inner, server._begin_immediate(configuration, inner):
                    await inner.execute(sa.text("select value from counter"))
                await outer.execute(sa.text("insert into counter values (1)"))
            async with await configuration.session(engine) as session:
                return int((await session.execute(sa.text("select count(*) from counter"))).scalar_one())
        finally:
            await engine.dispose()

    assert asyncio.run(asyncio.wait_for(nested(), timeout=20)) == 1


def test_prefect_starts_ours_where_a_run_has_no_server(home: Path) -> None:
    code = """
from prefect import flow
from prefect.server.api.server import SubprocessASGIServer
from prefect.server.database.configurations import AioSqliteConfiguration
from deployments import server

ours = server.TemporaryServer()

@flow
def small():
    return 1

assert small() == 1
assert SubprocessASGIServer() is ours and ours.running
command = open(f"/proc/{ours.server_process.pid}/cmdline").read()
assert "deployments.server:create_app" in command, command
# Only the server's process is changed, never the one that runs flows.
assert AioSqliteConfiguration.begin_transaction is server._begin_deferred
"""
    state = home / "prefect"
    state.mkdir(parents=True)
    environment = {name: value for name, value in os.environ.items() if name != "PREFECT_API_URL"}
    environment |= {"PREFECT_HOME": str(state), "PREFECT_SERVER_ALLOW_EPHEMERAL_MODE": "true"}
    environment["PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS"] = "100"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=PROJECT_ROOT, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
