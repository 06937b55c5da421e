"""The fleet's state in Redis or Valkey: a file a port, all under one prefix and over one connection.

Each file says at its top which keys it has.
"""

from __future__ import annotations

import asyncio

from assay.worker.ports.state import FleetState
from assay.worker.state.redis.backlog import RedisBacklog
from assay.worker.state.redis.batch_jobs import RedisBatchJobs
from assay.worker.state.redis.call_account import RedisCallAccount
from assay.worker.state.redis.connection import RedisConnection
from assay.worker.state.redis.copies import RedisCopies
from assay.worker.state.redis.dead_letters import RedisDeadLetters
from assay.worker.state.redis.deliveries import RedisDeliveries
from assay.worker.state.redis.documents import RedisDocuments
from assay.worker.state.redis.ended_entries import RedisEndedEntries
from assay.worker.state.redis.key_values import RedisKeyValues
from assay.worker.state.redis.ledger import RedisLedger
from assay.worker.state.redis.ledger_reader import RedisLedgerReader
from assay.worker.state.redis.limits import RedisLimits
from assay.worker.state.redis.locks import RedisLocks
from assay.worker.state.redis.pulse import RedisPulse
from assay.worker.state.redis.request_forms import RedisRequestForms
from assay.worker.state.redis.review_list import RedisReviewList
from assay.worker.state.redis.server_facts import RedisServer
from assay.worker.state.redis.spend import RedisUnscoredSpending
from assay.worker.state.redis.windows import RedisWindows


def redis_state(url: str, *, prefix: str, timeout_s: float = 10.0) -> FleetState:
    """The state on one server. It connects on first use.

    Args:
        url: the server's address; a password in it is never shown.
        prefix: what the names of all keys begin with; fleets with different prefixes never meet.
        timeout_s: how long one answer may take, in seconds.
    """
    connection = RedisConnection(url, prefix=prefix, timeout_s=timeout_s)
    key_values, ledger = RedisKeyValues(connection), RedisLedger(connection)
    calls = RedisCallAccount(connection)
    return FleetState(
        ledger=ledger,
        reopening=ledger,
        ended=RedisEndedEntries(connection),
        ledger_reader=RedisLedgerReader(connection),
        dead_letters=RedisDeadLetters(connection),
        server=RedisServer(connection),
        backlog=RedisBacklog(connection),
        windows=RedisWindows(connection),
        verdicts=key_values,
        key_values=key_values,
        documents=RedisDocuments(connection),
        locks=RedisLocks(connection),
        deliveries=RedisDeliveries(connection),
        spend=RedisUnscoredSpending(connection),
        limits=RedisLimits(connection),
        calls=calls,
        call_reader=calls,
        reviews=RedisReviewList(connection),
        copies=RedisCopies(connection),
        pulse=RedisPulse(connection),
        suspects=ledger,
        waking=ledger,
        batch_jobs=RedisBatchJobs(connection),
        request_forms=RedisRequestForms(connection),
        clock=connection.clock,
        connection=connection,
    )


def check_connection(url: str) -> None:
    """One PING, for programs that want to know before they start.

    Raises:
        StateUnavailable
    """

    async def ping() -> None:
        connection = RedisConnection(url, prefix="assay:", timeout_s=3.0)
        try:
            await connection.ping()
        finally:
            await connection.close()

    asyncio.run(ping())
