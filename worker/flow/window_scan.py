"""One window: its rates first, then page by page the choice, and last what was seen. Sweeps and backfills both do this.

Whoever scans a window a second time, or at the same time, gets the first one's rates. So a trace has one answer.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from assay.judges.cpu_executor import in_thread
from assay.worker.config.deployment import Deployment
from assay.worker.flow.candidates import NO_TAKERS, Choice, Chooser, Seen, is_encodable
from assay.worker.flow.promising import Promiser, Released
from assay.worker.flow.rates import RateResolver
from assay.worker.flow.root_buffer import RootBuffer
from assay.worker.flow.rootless import count_rootless
from assay.worker.flow.windows import is_look_back, is_over, next_age
from assay.worker.ports.locks import Locks
from assay.worker.ports.source import RootSource
from assay.worker.ports.windows import Windows
from assay.worker.records.windows import WindowRecord

Release = Callable[[Choice, datetime], Awaitable[Released]]
"""What is done with what was chosen on one page."""


@dataclass(frozen=True)
class WindowScanner:
    """Scans windows.

    Attributes:
        keeps_use_cases: whether a scan that is not the first leaves traces with the use cases of the first one, where
            `assay.yaml` was edited since. A backfill asks for the present ones.
    """

    source: RootSource
    windows: Windows
    locks: Locks
    deployment: Deployment
    chooser: Chooser
    promiser: Promiser
    keeps_use_cases: bool = True

    async def scan(
        self,
        window: WindowRecord,
        release: Release,
        rates: RateResolver,
        now: datetime,
        *,
        only: str | None = None,
    ) -> tuple[Seen, Released]:
        """Scan one window and record it.

        Args:
            window: the window, as it is recorded, or a new one.
            release: what is done with the chosen traces of a page.
            rates: resolves the window's rates.
            now: the current moment.
            only: the one use case to look for. The window's other use cases then still wait for their scan.

        Returns:
            What was seen, and what was released.
        """
        buffer = await self.read(window)
        first = window if self.keeps_use_cases and window.scans else None
        taken = await self._taken(buffer, window)
        seen = await self.count(buffer, now, first, taken)
        counted = {name: n for name, n in seen.by_use_case.items() if only in (None, name)}
        resolved = await rates.resolve(window, counted, seen.strata)
        window = await self.windows.open(
            window.model_copy(update={"rates": resolved, "policy": window.policy or self.chooser.policy})
        )
        passed_over: Counter[str] = Counter()
        unpaid: Counter[str] = Counter()
        released = Released()
        for roots in buffer.pages():
            choose = partial(self.chooser.choose, roots, window, now, only=only, first=first, taken=taken)
            choice = await in_thread(choose)
            page = await release(choice, now)
            passed_over.update(await self._passed_over(choice, window))
            unpaid.update(choice.unpaid)
            released = Released(*(a + b for a, b in zip(released, page, strict=True)))
        if only is None:
            await self.windows.put(await self._recorded(window, seen, passed_over, unpaid, now))
        else:
            stored = await self.windows.at(window.start) or window
            await self.windows.put(_with_use_case(stored, counted, passed_over, unpaid))
        return seen, released

    async def read(self, window: WindowRecord) -> RootBuffer:
        """The window's roots."""
        buffer = RootBuffer()
        async for page in self.source.list_roots(window.start, window.end):
            await in_thread(buffer.add, page)
        return buffer

    async def count(
        self,
        buffer: RootBuffer,
        now: datetime,
        first: WindowRecord | None = None,
        taken: Mapping[str, str] = NO_TAKERS,
    ) -> Seen:
        """How many traces there are of each use case, and how many that will not be judged."""
        seen = Seen()
        for roots in buffer.pages():
            seen.add(await in_thread(self.chooser.count_by_use_case, roots, now, first, taken))
        return seen

    async def _taken(self, buffer: RootBuffer, window: WindowRecord) -> Mapping[str, str]:
        """By trace id the use cases that traces were selected for, where `assay.yaml` was edited since.

        What the ledger has of a use case is counted there, whatever the file says today.
        """
        if not self.keeps_use_cases or not self.chooser.is_edited(window):
            return NO_TAKERS
        taken: dict[str, str] = {}
        rubrics = {key.partition("\x1f")[2] for key in window.not_selected} | self.promiser.rubrics.keys()
        for roots in buffer.pages():
            ids = [root.trace_id for root in roots if is_encodable(root)]
            entries = await self.promiser.entries(
                [(rubric, trace_id) for rubric in sorted(rubrics) for trace_id in ids]
            )
            taken |= {trace_id: entry.promise.use_case for (_, trace_id), entry in entries.items()}
        return taken

    async def _passed_over(self, choice: Choice, window: WindowRecord) -> Counter[str]:
        """How many traces were passed over, without those that a higher rate had taken before."""
        promised = await self.promiser.entries(list(choice.maybe_promised))
        keys = [(choice.maybe_promised[key], key[1]) for key in promised]
        choice.passed_over.subtract(Counter(key for key, id_ in keys if id_ not in window.feedback.get(key, ())))
        return choice.passed_over

    async def _recorded(
        self, window: WindowRecord, seen: Seen, passed_over: Counter[str], unpaid: Counter[str], now: datetime
    ) -> WindowRecord:
        """The window's record after this scan, and when to look again."""
        age = now - window.end
        late = timedelta(seconds=self.deployment.late_seconds)
        came_late = max(0, seen.total - window.total) if is_look_back(window, late) else 0
        return window.model_copy(
            update={
                "scans": window.scans + 1,
                "is_final": is_over(age, late),
                "next_scan": window.end + next_age(age, late, has_unfinished=bool(seen.unfinished)),
                "seen": dict(seen.by_use_case),
                "not_selected": {key: max(0, n) for key, n in passed_over.items()},
                "not_selected_budget": dict(unpaid),
                "unmatched": seen.unmatched,
                "excluded": seen.excluded,
                "unfinished": seen.unfinished,
                "late": window.late + came_late,
                "rootless": await count_rootless(self.source, self.locks, window, now=now),
            }
        )


def _with_use_case(
    stored: WindowRecord, seen: dict[str, int], passed_over: Counter[str], unpaid: Counter[str]
) -> WindowRecord:
    """The record with what was seen of some use cases. When the others are looked for stays as it is."""
    return stored.model_copy(
        update={
            "seen": {**stored.seen, **seen},
            "not_selected": {**stored.not_selected, **passed_over},
            "not_selected_budget": {**stored.not_selected_budget, **unpaid},
        }
    )
