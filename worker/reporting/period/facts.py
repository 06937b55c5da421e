"""Facts of the traces behind a rate, kept as numbers in columns while the record is read once for everything."""

from __future__ import annotations

import asyncio
import heapq
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from assay.worker.ports.health import Check
from assay.worker.ports.history import Block, HistoryReader
from assay.worker.records.columns import Codes, rows_alike, rows_by_code
from assay.worker.records.history import HistoryQuery, HistoryRow
from assay.worker.signals.frequent import Frequent
from assay.worker.signals.gathering import Numbers
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

_AT = {name: at for at, name in enumerate(NUMBERS)}


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

    def __init__(self) -> None:
        self.judges: Counter[str] = Counter()
        self.worst: list[Worst] = []
        self._weighted: list[Floats] = []
        self._prompts: list[Codes] = []
        self._added: list[Floats] = []

    def add(self, numbers: Floats, prompts: Codes, is_drawn: Bools) -> None:
        """Keep traces.

        Args:
            numbers: a row for each of `NUMBERS`.
            prompts: the number of each trace's prompt.
            is_drawn: which traces count in weighted means.
        """
        if is_drawn.all():
            self._weighted.append(numbers)
            self._prompts.append(prompts)
            return
        self._weighted.append(numbers[:, is_drawn])
        self._prompts.append(prompts[is_drawn])
        self._added.append(numbers[:, ~is_drawn])

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

    def prompts(self) -> Codes:
        """The number of the prompt of each trace that counts in weighted means."""
        return np.concatenate(self._prompts) if self._prompts else np.empty(0, dtype=np.int64)

    def weighted(self) -> Mapping[str, Floats]:
        """Columns of what counts in weighted means."""
        whole = np.concatenate(self._weighted, axis=1) if self._weighted else np.empty((len(NUMBERS), 0))
        return {name: whole[at] for name, at in _AT.items()}

    def of_all(self, name: str) -> Floats:
        """A column of these and of what was added because of users' feedback."""
        chunks = [chunk[_AT[name]] for chunk in (*self._weighted, *self._added)]
        return np.concatenate(chunks) if chunks else np.empty(0)


class TrafficFacts:
    """Facts of all revisions, filled block by block.

    Attributes:
        revisions: facts of the scored traces.
        counts: number of rows by use case, rubric, state and reason.
        prompts: every prompt that occurred, numbered. There may be as many as traces.
    """

    columns = (*NUMBERS, *_ALIKE, *_PROMPT, *_NAMED)

    def __init__(self) -> None:
        self.revisions: dict[Revision, RevisionFacts] = {}
        self.counts: Counter[tuple[str, str, str, str]] = Counter()
        self.prompts = Frequent()

    def add(self, block: Block) -> None:
        """Keep what is needed of a block."""
        if not len(block["trace_id"]):
            return
        codes, names = rows_alike([block[name] for name in _ALIKE])
        alike = [_Alike(*values) for values in names]
        prompts = self.prompts.of([block[name] for name in _PROMPT])
        numbers = np.asarray([block[name].floats() for name in NUMBERS])
        homes = Numbers()
        home = np.array([homes[values.home] for values in alike], dtype=np.int64)[codes]
        is_drawn = np.array([counts_in_rates(values.sample, values.stratum) for values in alike], dtype=np.bool_)[codes]
        self._count(codes, alike)
        for revision, rows in zip(homes, rows_by_code(home, len(homes)), strict=True):
            if revision is not None:
                facts = self.revisions[revision]
                facts.add(numbers[:, rows], prompts[rows], is_drawn[rows])
                facts.add_worst(_worst_of(rows, numbers[_AT["risk"], rows], block, facts.least))

    def _count(self, codes: Codes, alike: Sequence[_Alike]) -> None:
        for values, count in zip(alike, np.bincount(codes, minlength=len(alike)).tolist(), strict=True):
            self.counts[values.use_case, values.rubric, values.state, values.reason] += count
            if values.home is not None:
                facts = self.revisions.setdefault(values.home, RevisionFacts())
                facts.judges[values.judge or "none"] += count


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
