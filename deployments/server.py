"""Prefect's command line, for a server whose writes queue: `python -m deployments.server server start ...`.

Prefect opens its write transactions as deferred ones. Two that read first and then write collide, SQLite ends one at
once ("database is locked", whatever the busy timeout), the API answers 503, and the client waits two seconds and more
before it asks again: a run of many short tasks then takes longer to be recorded than to be done. A transaction that
takes the write lock when it begins waits for the other one, some milliseconds.
"""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from prefect.cli import app
from prefect.server.database.configurations import AioSqliteConfiguration
from sqlalchemy.ext.asyncio import AsyncSession, AsyncSessionTransaction

_begin_transaction = AioSqliteConfiguration.begin_transaction


@asynccontextmanager
async def _begin_immediate(
    self: AioSqliteConfiguration, session: AsyncSession, with_for_update: bool = False
) -> AsyncGenerator[AsyncSessionTransaction, None]:
    """Begin a transaction that holds the write lock from its start."""
    del with_for_update  # Prefect's word for just this, used in a few places only
    async with _begin_transaction(self, session, with_for_update=True) as transaction:
        yield transaction


if __name__ == "__main__":
    AioSqliteConfiguration.begin_transaction = _begin_immediate  # type: ignore[method-assign]
    app()
