"""Dead letters: work that gave up, kept with its reason until it is replayed or dismissed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from assay.worker.ports.clock import Clock
from assay.worker.ports.ledger import Ledger
from assay.worker.records.ledger import LedgerEntry, LedgerState, Transition


async def replay(ledger: Ledger, clock: Clock, trace_ids: Sequence[str] | None, rubric: str | None) -> int:
    """Open dead letters again, due at once. Returns how many. None stands for all traces, or all rubrics."""
    return await _change(ledger, clock, await _chosen(ledger, trace_ids, rubric), LedgerState.OPEN)


async def drop(ledger: Ledger, clock: Clock, trace_ids: Sequence[str] | None, rubric: str | None) -> int:
    """Dismiss dead letters. They end as skipped, with their reason. Returns how many. None stands for all."""
    return await _change(ledger, clock, await _chosen(ledger, trace_ids, rubric), LedgerState.SKIPPED)


async def _chosen(ledger: Ledger, trace_ids: Sequence[str] | None, rubric: str | None) -> list[LedgerEntry]:
    return [
        letter
        for letter in await ledger.dead_letters()
        if (trace_ids is None or letter.trace_id in trace_ids) and rubric in (None, letter.promise.rubric)
    ]


async def _change(ledger: Ledger, clock: Clock, letters: Sequence[LedgerEntry], to: LedgerState) -> int:
    now = clock.now()
    by_rubric: dict[str, list[Transition]] = defaultdict(list)
    for letter in letters:
        is_replay = to is LedgerState.OPEN
        by_rubric[letter.promise.rubric].append(
            Transition(
                trace_id=letter.trace_id,
                expected=(LedgerState.DEAD,),
                state=to,
                reason="replayed" if is_replay else f"dismissed:{letter.reason}",
                detail=letter.detail,
                due=now if is_replay else None,
                fresh_start=is_replay,
            )
        )
    return sum([len(await ledger.apply(rubric, group, now=now)) for rubric, group in by_rubric.items()])
