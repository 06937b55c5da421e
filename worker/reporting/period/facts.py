"""Facts of the traces behind a rate, kept as numbers in columns while the record is read once for everything."""

from __future__ import annotations

import asyncio
import heapq
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from assay.worker.ports.health import Check
from assay.worker.ports.history import Block, HistoryReader
from assay.worker.records.columns import Codes, rows_alike, stable_order
from assay.worker.records.history import HistoryQuery, HistoryRow
from assay.worker.signals.frequent import Frequent
from assay.worker.signals.gathering import Numbers
from assay.worker.signals.stacked import Columns, Stacked
from assay.worker.signals.survey_design import counts_in_rates
from assay.worker.signals.traffic import Bools, Floats

WORST = 5
"""Answers that a report points to. `assay flagged` lists the others."""

NUMBERS = (
    *("pi", "input_tokens", "output_tokens", "cost_usd", "duration_s", "first_token_s"),
    *("judge_cost_usd", "risk"),
)
"""Columns that are kept of each scored trace. NaN: not known."""

_ALIKE = ("state", "reason", "use_case", "rubric", "revision", "sample", "stratum", "judge")
"""Columns of few values. What is asked of them is asked once for all rows of a block that agree in them."""

_PROMPT = ("prompt_name", "prompt_version")
"""Columns that may have a value of their own in every row."""

_NAMED = ("trace_id", "observation_id", "started_at", "flagged_kind")
"""Columns that are kept of the worst answers alone."""

_DRAWN, _PROMPT_NUMBER, _HOME = "is_drawn", "prompt", "home"
"""What is kept of each scored trace beside `NUMBERS`: whether it counts in weighted means, its prompt, and the number
of its revision."""

_KEPT_TYPES = {
    **dict.fromkeys(NUMBERS, np.float64),
    _DRAWN: np.bool_,
    _PROMPT_NUMBER: np.int32,
    _HOME: np.int32,
}

_NOWHERE = -1
"""Stands for the revision of what was not scored."""


class Revision(NamedTuple):
    """What rates are told of: one use case, rubric and evaluator revision."""

    use_case: str
    rubric: str
    revision: str


Prompt = tuple[str | None, str | None]
"""Name and version of a prompt of the application, e.g. `("answer", "12")`. None: the trace does not tell."""


class Worst(NamedTuple):
    """One of the riskiest answers. Tuples of these are in the order of risk; of equal ones the newest is the worst.

    `started` counts microseconds since 1970, as blocks of the record do.
    """

    risk: float
    started: int
    trace_id: str
    observation_id: str
    kind: str | None


class _Alike(NamedTuple):
    """The names of `_ALIKE`."""

    state: str
    reason: str
    use_case: str
    rubric: str
    revision: str | None
    sample: str
    stratum: str
    judge: str | None

    @property
    def home(self) -> Revision | None:
        """The revision that scored these rows. None: they were not scored."""
        if self.state != "scored" or self.revision is None:
            return None
        return Revision(self.use_case, self.rubric, self.revision)


class RevisionFacts:
    """The scored traces of one revision.

    Attributes:
        judges: how many each judge decided.
        worst: the riskiest, in no order.
    """

    def __init__(self, number: int = 0, kept: _Kept | None = None) -> None:
        self.judges: Counter[str] = Counter()
        self.worst: list[Worst] = []
        self._number = number
        self._columns = kept

    def add_worst(self, answers: Iterable[Worst]) -> None:
        """Keep the worst of what was kept and these."""
        for answer in answers:
            if len(self.worst) < WORST:
                heapq.heappush(self.worst, answer)
            else:
                heapq.heappushpop(self.worst, answer)

    @property
    def least(self) -> float:
        """The risk that a further answer must reach to be among the worst."""
        return self.worst[0].risk if len(self.worst) == WORST else 0.0

    def prompts(self) -> Codes:
        """The number of the prompt of each trace that counts in weighted means."""
        numbers: Codes = self.of_all(_PROMPT_NUMBER)[self._is_drawn()]
        return numbers.astype(np.int64)

    def weighted(self) -> Mapping[str, Floats]:
        """Columns of what counts in weighted means."""
        is_drawn = self._is_drawn()
        return {name: self.of_all(name)[is_drawn] for name in NUMBERS}

    def of_all(self, name: str) -> NDArray[Any]:
        """A column of these and of what was added because of users' feedback."""
        return np.empty(0) if self._columns is None else self._columns.of(name, self._number)

    def _is_drawn(self) -> Bools:
        return self.of_all(_DRAWN).astype(np.bool_)


class _Kept:
    """What is kept of the scored traces of all revisions."""

    def __init__(self) -> None:
        self._rows = Stacked(_KEPT_TYPES)
        self._columns: Columns = {}
        self._ends: list[int] = [0]

    def add(self, columns: Mapping[str, NDArray[Any]]) -> None:
        """Keep traces, before the first column is asked for."""
        self._rows.add(columns)

    def of(self, name: str, number: int) -> NDArray[Any]:
        """A column of the traces of one revision, in the order in which they came."""
        if not self._columns:
            self._sort()
        begin, end = self._ends[number : number + 2] if number + 1 < len(self._ends) else (0, 0)
        return self._columns[name][begin:end]

    def _sort(self) -> None:
        """Put those of one revision beside each other, one column after the other."""
        self._columns = self._rows.taken()
        counts = np.bincount(self._columns[_HOME])
        order = stable_order(self._columns.pop(_HOME), counts.size)
        self._ends = [0, *np.cumsum(counts).tolist()]
        for name in self._columns:
            self._columns[name] = self._columns[name][order]


class TrafficFacts:
    """Facts of all revisions, filled block by block.

    Attributes:
        revisions: facts of the scored traces.
        counts: number of rows by use case, rubric, state and reason.
        prompts: every prompt that occurred, numbered. There may be as many as traces.
    """

    columns = (*NUMBERS, *_ALIKE, *_PROMPT, *_NAMED)

    def __init__(self) -> None:
        self.counts: Counter[tuple[str, str, str, str]] = Counter()
        self.prompts = Frequent()
        self._homes = Numbers()
        self._kept: list[RevisionFacts] = []
        self.revisions: Mapping[Revision, RevisionFacts] = {}
        self._columns = _Kept()

    def add(self, block: Block) -> None:
        """Keep what is needed of a block."""
        if not len(block["trace_id"]):
            return
        codes, names = rows_alike([block[name] for name in _ALIKE])
        alike = [_Alike(*values) for values in names]
        prompts = self.prompts.of([block[name] for name in _PROMPT])
        home_of = [_NOWHERE if values.home is None else self._homes[values.home] for values in alike]
        if len(self._kept) < len(self._homes):
            self._kept.extend(RevisionFacts(at, self._columns) for at in range(len(self._kept), len(self._homes)))
            self.revisions = dict(zip(self._homes, self._kept, strict=True))
        self._count(codes, alike, home_of)
        home = np.array(home_of, dtype=np.int64)[codes]
        is_drawn = np.array([counts_in_rates(values.sample, values.stratum) for values in alike], dtype=np.bool_)[codes]
        rows = np.flatnonzero(home != _NOWHERE)
        columns: dict[str, NDArray[Any]] = {_DRAWN: is_drawn, _PROMPT_NUMBER: prompts}
        columns |= {name: block[name].floats() for name in NUMBERS}
        columns = {name: column[rows] for name, column in columns.items()}
        self._columns.add({**columns, _HOME: home[rows]})
        self._add_worst(block, rows, home[rows], columns["risk"])

    def _count(self, codes: Codes, alike: Sequence[_Alike], home_of: Sequence[int]) -> None:
        counts = np.bincount(codes, minlength=len(alike)).tolist()
        for values, home, count in zip(alike, home_of, counts, strict=True):
            self.counts[values.use_case, values.rubric, values.state, values.reason] += count
            if home != _NOWHERE:
                self._kept[home].judges[values.judge or "none"] += count

    def _add_worst(self, block: Block, rows: Codes, home: Codes, risk: Floats) -> None:
        """Keep the worst answers of each revision."""
        least = np.array([facts.least for facts in self._kept])
        if not rows.size:
            return
        able = np.flatnonzero(risk >= least[home])  # NaN is not
        # Of equal risks the newest count, and a block is in the order of time.
        able = able[np.lexsort((able, risk[able], home[able]))]
        last = np.searchsorted(home[able], home[able], side="right")
        able = able[last - np.arange(able.size) <= WORST]
        trace_ids, observations, started, kinds = (block[name] for name in _NAMED)
        moments = started.integers()
        for at, row in zip(able.tolist(), rows[able].tolist(), strict=True):
            answer = Worst(float(risk[at]), int(moments[row]), trace_ids[row], observations[row], kinds[row])
            self._kept[home[at]].add_worst([answer])


class ReadWith(Protocol):
    """What is kept of each block beside what a reader of it asks for."""

    @property
    def columns(self) -> Sequence[str]:
        """The columns that it needs."""
        ...

    def add(self, block: Block) -> None:
        """Keep what is needed of a block."""
        ...


class ReadAlong:
    """A `HistoryReader` that others look at the blocks of, too, so that the record is read once."""

    def __init__(self, reader: HistoryReader, *others: ReadWith) -> None:
        self._reader = reader
        self._others = others

    async def blocks(self, query: HistoryQuery, names: Sequence[str]) -> AsyncIterator[Block]:
        """The blocks of the reader, with the columns of the others beside those that were asked for.

        The next block is fetched while the last one is looked at.
        """
        more = (name for other in self._others for name in other.columns)
        blocks = self._reader.blocks(query, tuple(dict.fromkeys((*names, *more))))
        coming = asyncio.create_task(_next(blocks))
        try:
            while (block := await coming) is not None:
                coming = asyncio.create_task(_next(blocks))
                await asyncio.sleep(0)  # which lets it begin
                for other in self._others:
                    other.add(block)
                yield block
        finally:
            coming.cancel()
            with suppress(asyncio.CancelledError):
                await coming

    async def rows_of(self, trace_id: str) -> Sequence[HistoryRow]:
        """As the reader."""
        return await self._reader.rows_of(trace_id)

    async def counts(self, query: HistoryQuery) -> Mapping[tuple[str, str, str, str], int]:
        """As the reader."""
        return await self._reader.counts(query)

    async def use_cases(self, query: HistoryQuery) -> Sequence[str]:
        """As the reader."""
        return await self._reader.use_cases(query)

    async def examine(self) -> Check:
        """As the reader."""
        return await self._reader.examine()


async def _next(blocks: AsyncIterator[Block]) -> Block | None:
    return await anext(blocks, None)
