"""Prefect's server with writes that queue: `python -m deployments.server server start ...`, or one for a single run.

Prefect opens its write transactions as deferred ones. Two that read first and then write collide, SQLite ends one at
once ("database is locked", whatever the busy timeout), the API answers 503, and the client waits two seconds and more
before it asks again: a run of many short tasks then takes longer to be recorded than to be done. A transaction that
takes the write lock when it begins waits for the other one, some milliseconds.
"""

import os
import subprocess
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from contextvars import ContextVar
from typing import Any

from prefect.server.api.server import SubprocessASGIServer
from prefect.server.api.server import create_app as create_prefect_app
from prefect.server.database.configurations import SQLITE_BEGIN_MODE, AioSqliteConfiguration
from prefect.settings import get_current_settings
from sqlalchemy.ext.asyncio import AsyncSession, AsyncSessionTransaction

from tasks.settings import PROJECT_ROOT

# As Prefect marks the server that it starts for one run: no page, no scheduler.
_TEMPORARY = {"PREFECT_UI_ENABLED": "0", "PREFECT__SERVER_EPHEMERAL": "1", "PREFECT__SERVER_FINAL": "1"}
_begin_deferred = AioSqliteConfiguration.begin_transaction
_holds_the_lock: ContextVar[bool] = ContextVar("holds_the_lock", default=False)


@asynccontextmanager
async def _begin_immediate(
    self: AioSqliteConfiguration, session: AsyncSession, with_for_update: bool = False
) -> AsyncGenerator[AsyncSessionTransaction, None]:
    """Begin a transaction that holds the write lock from its start.

    Sessions that are opened inside it begin as they would without this: one that asked for the lock as well would wait
    for its own caller.
    """
    if _holds_the_lock.get():
        async with _begin_deferred(self, session, with_for_update) as transaction:
            yield transaction
        return
    # `with_for_update` is Prefect's word for just this, used in a few places only.
    async with _begin_deferred(self, session, with_for_update=True) as transaction:
        await session.connection()  # BEGIN is sent here, not at the first statement
        held, mode = _holds_the_lock.set(True), SQLITE_BEGIN_MODE.set("DEFERRED")
        try:
            yield transaction
        finally:
            SQLITE_BEGIN_MODE.reset(mode)
            _holds_the_lock.reset(held)


def queue_writes() -> None:
    """Let all write transactions of this process queue."""
    AioSqliteConfiguration.begin_transaction = _begin_immediate  # type: ignore[method-assign]


def create_app() -> Any:
    """Return Prefect's server as an ASGI application; for a process of its own, since its writes queue from then on."""
    queue_writes()
    return create_prefect_app()


class TemporaryServer(SubprocessASGIServer):
    """The server of a run that has none, with writes that queue.

    Prefect keeps one such server for a process and starts it when it is first needed: making an instance of this class
    makes it that one, unless there is one already.
    """

    def _run_uvicorn_command(self) -> "subprocess.Popen[Any]":
        settings = get_current_settings().to_environment_variables(exclude_unset=True)
        command = ["--factory", "deployments.server:create_app", "--host", "127.0.0.1", "--port", str(self.port)]
        return subprocess.Popen(
            [sys.executable, "-m", "uvicorn", *command, "--log-level", "error", "--lifespan", "on"],
            cwd=PROJECT_ROOT,
            env={**os.environ, **_TEMPORARY, **settings},
        )


if __name__ == "__main__":
    from prefect.cli import app

    queue_writes()
    app()
