"""The state of the one project the server has."""

from __future__ import annotations

import hashlib
import itertools
import threading
from collections.abc import Iterator
from typing import Any

from tests.servers.langfuse.annotation_queues import Queues
from tests.servers.langfuse.clock import Clock, Ids, SystemClock, millis
from tests.servers.langfuse.comments import Comments
from tests.servers.langfuse.dataset_runs import DatasetRuns
from tests.servers.langfuse.datasets import Datasets
from tests.servers.langfuse.faults import Faults
from tests.servers.langfuse.older_rows import LateRows, OlderRows
from tests.servers.langfuse.rows import Row, make_row
from tests.servers.langfuse.score_configs import ScoreConfigs
from tests.servers.langfuse.score_table import ScoreTable
from tests.servers.langfuse.settings import LangfuseSettings
from tests.servers.langfuse.synthetic import SyntheticTraces, templates
from tests.servers.langfuse.tables import Bounds, RowSource, StoredRows


class Project:
    """Everything the server knows; whoever changes it from another thread takes `lock`."""

    def __init__(self, settings: LangfuseSettings, clock: Clock | None = None, faults: Faults | None = None) -> None:
        self.settings = settings
        self.clock: Clock = clock or SystemClock()
        self.faults = faults or Faults()
        self.ids = Ids()
        self.lock = threading.RLock()
        self.observations = StoredRows()
        self.sources: list[RowSource] = [self.observations]
        self.configs = ScoreConfigs()
        self.scores = ScoreTable(self.configs.by_id.get)
        self.datasets = Datasets()
        self.queues = Queues()
        self.comments: Comments = {}
        self.prompts: list[dict[str, Any]] = []
        self.older = OlderRows()
        if settings.generation == "dual":
            self.sources.append(LateRows(self.older, round(settings.legacy_lag_s * 1000)))
        self.runs = DatasetRuns()
        self.duplicate_share = 0.0
        self._numbers = itertools.count(1)

    def next_number(self) -> int:
        """A number nobody had before."""
        return next(self._numbers)

    def add_observation(self, *, visible: int | None = None, older: bool = False, **columns: Any) -> Row:
        """Store an observation; see `rows.make_row` for the columns.

        Args:
            visible: From when on it can be read, in milliseconds; at once by default.
            older: It came by an older way, and so reaches v2/observations of a dual server late.
            columns: Times are ISO texts.
        """
        now = millis(self.clock.now())
        row = make_row(columns, project_id=self.settings.project_id, now=now, visible=visible)
        self.store(row, older=older)
        return row

    def store(self, row: Row, *, older: bool = False) -> None:
        """Store a finished row for whichever reads the generation has."""
        with self.lock:
            if self.settings.generation != "v4":
                self.older.put(row, late=older)
            if self.settings.generation == "v4" or not older:
                self.observations.put(row)

    def add_synthetic(
        self, count: int, *, start_ms: int, span_ms: int, seed: int = 0, plain: bool = False
    ) -> SyntheticTraces:
        """Add so many traces over a span of time; where only events are served, they take no memory."""
        made = SyntheticTraces(
            count, start_ms, span_ms, seed, self.settings.project_id, templates(plain=plain),
            lag_ms=round(self.settings.span_lag_s * 1000),
        )  # fmt: skip
        if self.settings.generation == "v4":
            self.sources.append(made)
            return made
        for row in made.every_row():
            self.store(row)
        return made

    @property
    def filled_sources(self) -> list[RowSource]:
        """The sources that may have a row."""
        return [one for one in self.sources if one is not self.observations or len(self.observations)]

    def too_wide(self, bounds: Bounds) -> bool:
        """Whether a time range holds more rows than the database can scan in time."""
        most = self.settings.most_rows_scanned
        return most is not None and sum(source.count_rows(bounds) for source in self.sources) > most

    def copies(self, row: Row) -> Iterator[Row]:
        """The row, twice for a share of them: until the database merges, a row may come back double."""
        yield row
        if row.doubled:
            yield row
        elif self.duplicate_share:
            digest = hashlib.sha256(row.fields["id"].encode()).digest()
            if digest[0] < 256 * self.duplicate_share:
                yield row
