"""Prefect's command line, for a server whose writes queue: `python -m deployments.server server start ...`.

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
from typing import Any

from prefect.server.api import server as prefect_server
from prefect.server.database.configurations import AioSqliteConfiguration
from prefect.settings import get_current_settings
from sqlalchemy.ext.asyncio import AsyncSession, AsyncSessionTransaction

from tasks.settings import PROJECT_ROOT

# As Prefect marks the server that it starts for one run.
_TEMPORARY = {"PREFECT_UI_ENABLED": "0", "PREFECT__SERVER_EPHEMERAL": "1", "PREFECT__SERVER_FINAL": "1"}
_begin_transaction = AioSqliteConfiguration.begin_transaction


@asynccontextmanager
async def _begin_immediate(
    self: AioSqliteConfiguration, session: AsyncSession, with_for_update: bool = False
) -> AsyncGenerator[AsyncSessionTransaction, None]:
    """Begin a transaction that holds the write lock from its start."""
    del with_for_update  # Prefect's word for just this, used in a few places only
    async with _begin_transaction(self, session, with_for_update=True) as transaction:
        yield transaction


def queue_writes() -> None:
    """Let all write transactions of this process queue."""
    AioSqliteConfiguration.begin_transaction = _begin_immediate  # type: ignore[method-assign]


def create_app() -> Any:
    """Return Prefect's server as an ASGI application whose writes queue."""
    queue_writes()
    return prefect_server.create_app()


def queue_in_temporary_server() -> None:
    """Let the server that Prefect starts for a run without one queue its writes too."""
    prefect_server.SubprocessASGIServer._run_uvicorn_command = _start  # type: ignore[method-assign]


def _start(self: prefect_server.SubprocessASGIServer) -> "subprocess.Popen[Any]":
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
