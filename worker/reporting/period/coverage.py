"""What became of the traces of a period: from the record what ended, from the ledger what is still on its way."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime, time, timedelta
from typing import NamedTuple

from assay.worker.ports.ledger import LedgerReader
from assay.worker.ports.state import StateUnavailable
from assay.worker.ports.windows import Windows
from assay.worker.records.history import HistoryQuery
from assay.worker.records.ledger import FINAL_STATES, count_key
from assay.worker.reporting.period.records import Coverage

_Pair = tuple[str, str]
"""Use case and rubric."""

NO_LEDGER = "Redis does not answer: what was seen and what is in flight is not known; the rest is from the record"


class Ledger(NamedTuple):
    """Where traces are counted that did not end yet."""

    reader: LedgerReader
    windows: Windows


async def read_coverage(
    counts: Mapping[tuple[str, str, str, str], int], query: HistoryQuery, ledger: Ledger | None
) -> tuple[Mapping[_Pair, Coverage], str]:
    """The counts by use case and rubric, and a note where the ledger does not answer.

    Args:
        counts: rows of the record by use case, rubric, state and reason.
        query: which traces.
        ledger: where to ask for those that did not end yet.
    """
    ended: dict[_Pair, dict[str, Counter[str]]] = {}
    for (use_case, rubric, state, reason), n in counts.items():
        ended.setdefault((use_case, rubric), {}).setdefault(state, Counter())[reason] += n
    try:
        alive = await _alive(ledger, query) if ledger is not None else None
    except StateUnavailable:
        alive = None
    pairs = {*ended, *(pair for pair in (alive.pairs() if alive else ()) if _is_asked(pair, query))}
    told = {pair: _coverage(pair, ended.get(pair, {}), alive) for pair in sorted(pairs)}
    return told, "" if alive else NO_LEDGER


class _Alive(NamedTuple):
    """What the ledger counts, by `count_key`."""

    seen: Counter[str]
    passed_over: Counter[str]
    in_flight: Counter[str]
    ended: Counter[str] | None

    def pairs(self) -> set[_Pair]:
        """Use cases and rubrics with something counted."""
        return {_pair(key) for key in (*self.passed_over, *self.in_flight)}


async def _alive(ledger: Ledger, query: HistoryQuery) -> _Alive:
    seen: Counter[str] = Counter()
    passed_over: Counter[str] = Counter()
    in_flight: Counter[str] = Counter()
    ended: Counter[str] = Counter()
    for window in await ledger.windows.between(query.since, query.until):
        seen.update(window.seen)
        passed_over.update(window.not_selected)
    last = query.until - timedelta(microseconds=1)
    for (use_case, rubric, state, _), n in (await ledger.reader.counts(query.since.date(), last.date())).items():
        (ended if state in FINAL_STATES else in_flight)[count_key(use_case, rubric)] += n
    in_flight, is_whole = +in_flight, await _are_whole_days(ledger, query)
    return _Alive(seen, passed_over, in_flight, ended if is_whole else None)


async def _are_whole_days(ledger: Ledger, query: HistoryQuery) -> bool:
    """Whether the ledger's counts, which are by UTC days, speak of this very period."""
    first, end = _midnight_of(query.since), _midnight_of(query.until)
    if first != query.since:
        return False
    return end == query.until or not await ledger.windows.between(query.until, end + timedelta(days=1))


def _midnight_of(moment: datetime) -> datetime:
    """The begin of a moment's UTC day."""
    return datetime.combine(moment.astimezone(UTC).date(), time(), UTC)


def _coverage(pair: _Pair, ended: Mapping[str, Counter[str]], alive: _Alive | None) -> Coverage:
    key = count_key(*pair)
    return Coverage(
        seen=None if alive is None or pair[0] not in alive.seen else alive.seen[pair[0]],
        not_selected=None if alive is None or key not in alive.passed_over else alive.passed_over[key],
        in_flight=None if alive is None else alive.in_flight[key],
        ledger_ended=None if alive is None or alive.ended is None else alive.ended[key],
        **{state: dict(ended.get(state, Counter()).most_common()) for state in ("scored", "skipped", "dead")},
    )


def _pair(key: str) -> _Pair:
    use_case, _, rubric = key.partition("\x1f")
    return use_case, rubric


def _is_asked(pair: _Pair, query: HistoryQuery) -> bool:
    use_case, rubric = pair
    return (not query.use_cases or use_case in query.use_cases) and (not query.rubrics or rubric in query.rubrics)
