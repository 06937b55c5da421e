"""Facts of the traces behind a rate, kept as numbers in columns while the record is read once for everything."""

from __future__ import annotations

import asyncio
import heapq
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from assay.worker.ports.health import Check
from assay.worker.ports.history import Block, HistoryReader
from assay.worker.records.columns import rows_alike, rows_by_code
from assay.worker.records.history import HistoryQuery, HistoryRow
from assay.worker.signals.survey_design import counts_in_rates

Floats = NDArray[np.float64]

WORST = 5
"""Answers that a report points to. `assay flagged` lists the others."""

NUMBERS = (
    *("pi", "input_tokens", "output_tokens", "cost_usd", "duration_s", "first_token_s"),
    *("judge_cost_usd", "risk"),
)
"""Columns that are kept of each scored trace. NaN: not known."""

_ALIKE = (
    *("state", "reason", "use_case", "rubric", "revision", "sample", "stratum"),
    *("judge", "prompt_name", "prompt_version"),
)
"""Columns of few values: rows that agree in all of them are kept together."""

_NAMED = ("trace_id", "observation_id", "started_at", "flagged_kind")
"""Columns that are kept of the worst answers alone."""

_AT = {name: at for at, name in enumerate(NUMBERS)}


class Revision(NamedTuple):
    """What rates are told of: one use case, rubric and evaluator revision."""

    use_case: str
    rubric: str
    revision: str


class Prompt(NamedTuple):
    """A prompt of the application. None: the trace does not tell."""

    name: str | None
    version: str | None


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
    prompt_name: str | None
    prompt_version: str | None


class RevisionFacts:
    """The scored traces of one revision.

    Attributes:
        judges: how many each judge decided.
        worst: the riskiest, in no order.
    """

    def __init__(self) -> None:
        self.judges: Counter[str] = Counter()
        self.worst: list[Worst] = []
        self._weighted: dict[Prompt, list[Floats]] = {}
        self._added: list[Floats] = []

    def add(self, alike: _Alike, numbers: Floats) -> None:
        """Keep traces that agree in their names: `numbers` has a row for each of `NUMBERS`."""
        self.judges[alike.judge or "none"] += numbers.shape[1]
        if counts_in_rates(alike.sample, alike.stratum):
            self._weighted.setdefault(Prompt(alike.prompt_name, alike.prompt_version), []).append(numbers)
        else:
            self._added.append(numbers)

    def add_worst(self, answers: Iterator[Worst]) -> None:
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

    def prompts(self) -> Mapping[Prompt, Mapping[str, Floats]]:
        """Columns of what counts in weighted means, by prompt."""
        return {prompt: _columns(chunks) for prompt, chunks in self._weighted.items()}

    def weighted(self) -> Mapping[str, Floats]:
        """Columns of what counts in weighted means."""
        return _columns([chunk for chunks in self._weighted.values() for chunk in chunks])

    def all(self) -> Mapping[str, Floats]:
        """Columns of these and of what was added because of users' feedback."""
        return _columns([*(chunk for chunks in self._weighted.values() for chunk in chunks), *self._added])


class TrafficFacts:
    """Facts of all revisions, filled block by block.

    Attributes:
        revisions: facts of the scored traces.
        counts: number of rows by use case, rubric, state and reason.
    """

    columns = (*NUMBERS, *_ALIKE, *_NAMED)

    def __init__(self) -> None:
        self.revisions: dict[Revision, RevisionFacts] = {}
        self.counts: Counter[tuple[str, str, str, str]] = Counter()

    def add(self, block: Block) -> None:
        """Keep what is needed of a block."""
        if not len(block["trace_id"]):
            return
        codes, alike = rows_alike([block[name] for name in _ALIKE])
        numbers = np.asarray([block[name].floats() for name in NUMBERS])
        for names, rows in zip(alike, rows_by_code(codes, len(alike)), strict=True):
            if rows.size:
                self._add(_Alike(*names), rows, numbers[:, rows], block)

    def _add(self, alike: _Alike, rows: NDArray[np.intp], numbers: Floats, block: Block) -> None:
        self.counts[alike.use_case, alike.rubric, alike.state, alike.reason] += rows.size
        if alike.state != "scored" or alike.revision is None:
            return
        key = Revision(alike.use_case, alike.rubric, alike.revision)
        facts = self.revisions.setdefault(key, RevisionFacts())
        facts.add(alike, numbers)
        facts.add_worst(_worst_of(rows, numbers[_AT["risk"]], block, facts.least))


class ReadAlong:
    """A `HistoryReader` whose blocks are kept as facts on their way, so that the record is read once."""

    def __init__(self, reader: HistoryReader, facts: TrafficFacts) -> None:
        self._reader = reader
        self._facts = facts

    async def blocks(self, query: HistoryQuery, names: Sequence[str]) -> AsyncIterator[Block]:
        """The blocks of the reader, with the columns of the facts beside those that were asked for.

        The next block is fetched while the last one is looked at.
        """
        blocks = self._reader.blocks(query, tuple(dict.fromkeys((*names, *TrafficFacts.columns))))
        coming = asyncio.create_task(_next(blocks))
        try:
            while (block := await coming) is not None:
                coming = asyncio.create_task(_next(blocks))
                await asyncio.sleep(0)  # which lets it begin
                self._facts.add(block)
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

    async def examine(self) -> Check:
        """As the reader."""
        return await self._reader.examine()


async def _next(blocks: AsyncIterator[Block]) -> Block | None:
    return await anext(blocks, None)


def _worst_of(rows: NDArray[np.intp], risk: Floats, block: Block, least: float) -> Iterator[Worst]:
    """The answers of a chunk that may be among the worst."""
    able = np.flatnonzero(risk >= least)  # NaN is not
    if able.size > WORST:
        # Of equal risks the newest count, and a block is in the order of time: so a stable sort, from its end.
        able = able[np.argsort(risk[able], kind="stable")[-WORST:]]
    for at in able.tolist():
        row = int(rows[at])
        named = (block[name][row] for name in _NAMED)
        trace_id, observation_id, started, kind = named
        yield Worst(float(risk[at]), started, trace_id, observation_id, kind)


def _columns(chunks: Sequence[Floats]) -> Mapping[str, Floats]:
    if not chunks:
        return {name: np.empty(0) for name in NUMBERS}
    whole = chunks[0] if len(chunks) == 1 else np.concatenate(chunks, axis=1)
    return {name: whole[at] for name, at in _AT.items()}
