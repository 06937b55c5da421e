"""The ledger in Redis: eight Lua scripts, each atomic.

Keys:
    entry:RUBRIC␟TRACE     hash: promise (JSON), state, reason, attempts, deliveries, writes, judgement, unanswered,
                           particulars (compressed JSON);
                           since, '' until it is first taken; waiting: not_before, held;
                           in hand: owner, until, begun, blamed
    owners                 sorted set of who holds entries, by the moment until which it is known to live
    renewed, grace         when anybody last said that it lives; there after a silence: nothing in hand is taken over
    history:RUBRIC␟TRACE   list: what happened, at most 100 lines
    promised:DATE          hash: use case␟rubric → promises ever made
    due:STATE              sorted set of members by deadline (open, judged, posted)
    dead                   sorted set of members by the time they gave up
    ended                  sorted set of members whose row is to be written: `ended_entries.py`
    day:DATE, count:DATE   members and counts by UTC day of the trace's start
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from assay.worker.ports.ledger import OWNER_LEASE_S
from assay.worker.records.ledger import LedgerEntry, LedgerState, Promise, Transition
from assay.worker.state.redis.connection import Argument, RedisConnection
from assay.worker.state.redis.encoding import COUNTS_TTL_S, chunks, day_of
from assay.worker.state.redis.ended_entries import UNRECORDED_TTL_S
from assay.worker.state.redis.entries import (
    entries_of,
    history_line,
    judgement_document,
    load_entries,
    member,
    particulars_document,
    promise_document,
)

MEMBERS_TTL_S = 30 * 24 * 3600
"""How long the list of a day's entries lives: longer than any of them can be open."""


class RedisLedger:
    """`assay.worker.ports.ledger.Ledger`, `Reopening`, `….waking.Waking` and `….suspects.Suspects`."""

    def __init__(self, redis: RedisConnection) -> None:
        self._redis = redis

    async def promise(self, promises: Sequence[Promise], *, now: datetime, due: datetime) -> Sequence[Promise]:
        """Open entries for promises that have none yet. Returns the promises that were new."""
        fresh: list[Promise] = []
        event = history_line(now, LedgerState.OPEN, "selected")
        for chunk in chunks(promises):
            args: list[str | float] = [
                *(self._redis.prefix, now.timestamp(), due.timestamp()),
                *(MEMBERS_TTL_S, COUNTS_TTL_S, event),
            ]
            for p in chunk:
                args += [p.rubric, p.trace_id, day_of(p.start), p.use_case, promise_document(p)]
            fresh += await self._redis.pick("promise", args, chunk)
        return fresh

    async def reopen(self, promises: Sequence[Promise], *, now: datetime, due: datetime) -> Sequence[Promise]:
        """Open final entries again whose promise names another version of rubric or calibration than these."""
        opened: list[Promise] = []
        event = history_line(now, LedgerState.OPEN, "judged again")
        for chunk in chunks(promises):
            args: list[str | float] = [self._redis.prefix, now.timestamp(), due.timestamp(), event, UNRECORDED_TTL_S]
            for p in chunk:
                args += [p.rubric, p.trace_id, p.rubric_hash, p.calibration_hash or "", promise_document(p)]
            opened += await self._redis.pick("reopen", args, chunk)
        return opened

    async def entries(self, rubric: str, trace_ids: Sequence[str]) -> Mapping[str, LedgerEntry]:
        """Entries by trace id. Missing ones are absent."""
        entries = await load_entries(self._redis, [member(rubric, trace_id) for trace_id in trace_ids])
        return {entry.trace_id: entry for entry in entries}

    async def begin(
        self, rubric: str, trace_ids: Sequence[str], *, owner: str, now: datetime, until: datetime
    ) -> Sequence[LedgerEntry]:
        """Take the open entries among these for judging, until a moment."""
        args: list[str | float] = [self._redis.prefix, rubric, owner, now.timestamp(), until.timestamp()]
        args += [OWNER_LEASE_S, *trace_ids]
        return entries_of(await self._redis.run("begin", [], args)) if trace_ids else []

    async def give_back(self, rubric: str, trace_ids: Sequence[str], *, owner: str, now: datetime) -> Sequence[str]:
        """Let go of entries that this owner took and did not finish."""
        args: list[str | float] = [self._redis.prefix, rubric, owner, now.timestamp(), *trace_ids]
        return await self._redis.pick("give_back", args, trace_ids)

    async def wake(self, rubric: str, trace_ids: Sequence[str], *, now: datetime) -> Sequence[str]:
        """Entries that wait for leave may be taken from now on."""
        woken: list[str] = []
        for chunk in chunks(trace_ids):
            args: list[str | float] = [self._redis.prefix, rubric, now.timestamp(), *chunk]
            woken += await self._redis.pick("wake", args, chunk)
        return woken

    async def tell(self, rubric: str, trace_ids: Sequence[str], *, reason: str, detail: str) -> Sequence[str]:
        """Entries that wait for this reason say what keeps them waiting."""
        told: list[str] = []
        for chunk in chunks(trace_ids):
            told += await self._redis.pick("wake_tell", [self._redis.prefix, rubric, reason, detail, *chunk], chunk)
        return told

    async def blame(self, rubric: str, trace_id: str, *, owner: str) -> None:
        """If the worker vanishes from now on, it was this trace."""
        await self._redis.run("mark", [], [self._redis.prefix, rubric, trace_id, owner, 1])

    async def absolve(self, rubric: str, trace_id: str, *, owner: str) -> None:
        """The worker lives on."""
        await self._redis.run("mark", [], [self._redis.prefix, rubric, trace_id, owner, -1])

    async def apply(self, rubric: str, transitions: Sequence[Transition], *, now: datetime) -> Sequence[str]:
        """Apply transitions whose entry is still in an expected state."""
        applied: list[str] = []
        for chunk in chunks(transitions):
            args: list[Argument] = [self._redis.prefix, rubric, now.timestamp(), UNRECORDED_TTL_S]
            for transition in chunk:
                args += _arguments(transition, now)
            applied += [transition.trace_id for transition in await self._redis.pick("transition", args, chunk)]
        return applied

    async def overdue(
        self, states: Sequence[LedgerState], *, now: datetime, limit: int, push_to: datetime
    ) -> Sequence[LedgerEntry]:
        """Entries in these states whose deadline passed. It is pushed."""
        args: list[str | float] = [self._redis.prefix, now.timestamp(), push_to.timestamp(), limit, *states]
        members = await self._redis.run("overdue", [], args)
        return await load_entries(self._redis, [name.decode() for name in members])


def _arguments(transition: Transition, now: datetime) -> list[Argument]:
    """One transition as `transition.lua` reads it: fourteen arguments."""
    return [
        transition.trace_id,
        ",".join(transition.expected),
        transition.state,
        transition.reason,
        transition.detail,
        transition.due.timestamp() if transition.due else "",
        judgement_document(transition.judgement) if transition.judgement else "",
        int(transition.failed_attempt),
        int(transition.wrote),
        int(transition.fresh_start),
        history_line(now, transition.state, transition.reason),
        transition.unanswered.model_dump_json() if transition.unanswered else "",
        int(transition.held),
        particulars_document(transition.particulars) if transition.particulars else "",
    ]
