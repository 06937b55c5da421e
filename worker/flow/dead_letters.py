"""Dead letters: work that gave up, kept with its reason until it is replayed or dismissed."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import islice

from assay.judges.schema import Record
from assay.worker.ports.clock import Clock
from assay.worker.ports.dead_letters import DeadLetters
from assay.worker.ports.ledger import Ledger
from assay.worker.records.dead_letters import DeadChoice, DeadLetter
from assay.worker.records.ledger import LedgerState, Transition

MOST_AT_ONCE = 2_000
"""Letters that one call replays or dismisses unless it says otherwise: some minutes of work for a small fleet, after
which a person sees whether the cause is gone."""

_PORTION = 500
"""Letters in one step of the ledger."""


class DeadCount(Record):
    """How many gave up for one reason in one use case under one rubric."""

    reason: str
    use_case: str
    rubric: str
    letters: int


class DeadSummary(Record):
    """The letters that are meant.

    Attributes:
        total: how many there are.
        counts: by reason and use case, most first.
        oldest: the first of them, as many as were asked for.
    """

    total: int
    counts: tuple[DeadCount, ...]
    oldest: tuple[DeadLetter, ...]


async def look_through(letters: DeadLetters, choice: DeadChoice, *, limit: int) -> DeadSummary:
    """Count the letters that are meant, and keep the oldest.

    Args:
        letters: where they are.
        choice: which are meant.
        limit: how many are kept, which is what this needs of memory.

    Raises:
        StateUnavailable
    """
    counts: Counter[tuple[str, str, str]] = Counter()
    oldest: list[DeadLetter] = []
    async for letter in letters.scan(choice):
        counts[letter.reason, letter.use_case, letter.rubric] += 1
        if len(oldest) < limit:
            oldest.append(letter)
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return DeadSummary(
        total=counts.total(),
        counts=tuple(
            DeadCount(reason=reason, use_case=use_case, rubric=rubric, letters=n)
            for (reason, use_case, rubric), n in ordered
        ),
        oldest=tuple(oldest),
    )


async def replay(ledger: Ledger, clock: Clock, letters: Sequence[DeadLetter]) -> int:
    """Open letters again, due now; the fleet takes them at its own pace. Returns how many were still dead.

    Raises:
        StateUnavailable
    """
    return await _change(ledger, clock, letters, LedgerState.OPEN)


async def drop(ledger: Ledger, clock: Clock, letters: Sequence[DeadLetter]) -> int:
    """Dismiss letters. They end as skipped, with their reason. Returns how many were still dead.

    Raises:
        StateUnavailable
    """
    return await _change(ledger, clock, letters, LedgerState.SKIPPED)


async def _change(ledger: Ledger, clock: Clock, letters: Iterable[DeadLetter], to: LedgerState) -> int:
    waiting, changed = iter(letters), 0
    while portion := list(islice(waiting, _PORTION)):
        now = clock.now()
        by_rubric: dict[str, list[Transition]] = defaultdict(list)
        for letter in portion:
            by_rubric[letter.rubric].append(_transition(letter, to, now))
        for rubric, transitions in by_rubric.items():
            changed += len(await ledger.apply(rubric, transitions, now=now))
    return changed


def _transition(letter: DeadLetter, to: LedgerState, now: datetime) -> Transition:
    is_replay = to is LedgerState.OPEN
    return Transition(
        trace_id=letter.trace_id,
        expected=(LedgerState.DEAD,),
        state=to,
        reason="replayed" if is_replay else f"dismissed:{letter.reason}",
        detail=letter.detail,
        due=now if is_replay else None,
        fresh_start=is_replay,
    )
