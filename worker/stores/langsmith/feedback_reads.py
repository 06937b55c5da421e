"""Reading feedback back: by the runs it hangs on, because there is no list by ids."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import structlog

from assay.worker.ports.store_errors import StoreUnavailable
from assay.worker.records.scores import Score
from assay.worker.store_clients.paging import Pages
from assay.worker.stores.langsmith.connection import LangSmithConnection, json_of
from assay.worker.stores.langsmith.feedback import newest
from assay.worker.stores.langsmith.quotas import FEEDBACK_PER_PAGE, RUNS_PER_FEEDBACK_PAGE

FEEDBACK = "/api/v1/feedback"
MOST_PAGES = 50
"""For up to 50 runs: a run may have 100 scores of models."""

log = structlog.get_logger(__name__)


class FeedbackReader:
    """The scores of ours that a server shows on runs."""

    def __init__(self, connection: LangSmithConnection) -> None:
        self._connection = connection

    async def read(
        self, project: str, runs: Sequence[str], *, names: Sequence[str] | None = None, wanted: set[str] | None = None
    ) -> dict[str, Score]:
        """Scores by id.

        Args:
            project: of the runs; newer servers do not find them without.
            runs: ids of runs.
            names: of scores; None: any.
            wanted: ids of scores. No further page is read once all of them are there.

        Raises:
            StoreUnavailable, StoreRejected
        """
        distinct, shown = list(dict.fromkeys(runs)), dict[str, Score]()
        for at in range(0, len(distinct), RUNS_PER_FEEDBACK_PAGE):
            some = distinct[at : at + RUNS_PER_FEEDBACK_PAGE]
            query = [("session", project), ("source", "model"), *(("run", run) for run in some)]
            shown |= await self._read([*query, *(("key", name) for name in names or ())])
            if wanted is not None and wanted <= shown.keys():
                break
        return shown

    async def _read(self, query: list[tuple[str, str]]) -> dict[str, Score]:
        rows: list[dict[str, Any]] = []
        watch = Pages(f"{self._connection.address}{FEEDBACK}", most_idle=1)
        for page in range(MOST_PAGES):
            bounds = [("limit", str(FEEDBACK_PER_PAGE)), ("offset", str(page * FEEDBACK_PER_PAGE))]
            given = json_of(await self._connection.get(FEEDBACK, [*query, *bounds]))
            if not isinstance(given, list):
                raise StoreUnavailable(f"{self._connection.address}{FEEDBACK}: a list of feedback that is none")
            rows += [row for row in given if isinstance(row, dict)]
            if len(given) < FEEDBACK_PER_PAGE:
                break
            watch.turn(None, {str(row.get("id")) for row in given if isinstance(row, dict)})
        else:
            log.warning("langsmith.feedback_read_in_part", rows=len(rows))
        return newest(rows)
