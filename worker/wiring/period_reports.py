"""The report of a period of this deployment: what `assay report` prints, and what the page of the fleet shows."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from assay.judges.errors import ConfigurationError
from assay.worker.config.root import ConfigRoot
from assay.worker.wiring.runtime import Runtime

if TYPE_CHECKING:
    from assay.judges.rubric import Rubric
    from assay.worker.ports.ended_entries import Unrecorded
    from assay.worker.records.history import HistoryQuery
    from assay.worker.reporting.period.answers import MarkedAnswer
    from assay.worker.reporting.period.records import Fact, PeriodReport


async def read_period_report(
    runtime: Runtime, query: HistoryQuery, by: Fact | None = None, *, has_redis: bool, compare: bool = True
) -> PeriodReport:
    """The report of a period, with what the ledger knows of it and with links.

    Args:
        runtime: of the deployment.
        query: which traces.
        by: the fact that rates are split by.
        has_redis: whether the fleet's state answers. Without it the report holds what the record has.
        compare: whether the period before is read, too.

    Raises:
        HistoryUnavailable, StateUnavailable, ConfigurationError
    """
    from assay.worker.reporting.drift.lines import read_drift
    from assay.worker.reporting.period.coverage import Ledger
    from assay.worker.reporting.period.exams import Exams
    from assay.worker.reporting.period.links import with_links
    from assay.worker.reporting.period.reading import PeriodReader

    state = runtime.state
    cuts = {rubric.name: rubric.risk_labels.high for rubric in runtime.rubrics.values()}
    ledger = Ledger(state.ledger_reader, state.windows) if has_redis else None
    exams = Exams.kept(runtime.root.data_dir(runtime.settings), _golden_sets(runtime.root))
    history = runtime.history
    reader = PeriodReader(history.reader, cuts=cuts, labels_of=exams.labels, reviews=history.reviews)
    period = await reader.read(query, by=by, ledger=ledger, compare=compare)
    names = query.use_cases or [case.name for case in runtime.deployment.use_cases]
    drift = await read_drift(runtime.history.documents, names, query)
    period = period.model_copy(update={"drift": drift})
    if has_redis:
        first, last = query.since.date(), (query.until - timedelta(microseconds=1)).date()
        spent, ends = await state.spend.total(first, last), await state.call_reader.unknown_ends(first, last)
        notes = (*period.notes, *_waiting(await state.ended.unrecorded()))
        period = period.model_copy(update={"spent_without_score": spent, "unknown_ends": ends, "notes": notes})
    return await with_links(period, runtime.store)


def _waiting(unrecorded: Unrecorded) -> Iterator[str]:
    """That the record is behind, where it is."""
    if unrecorded.entries:
        yield f"{unrecorded.entries:,} traces have ended and are not in the record yet; see assay status"


def _golden_sets(root: ConfigRoot) -> Iterator[Path]:
    """The folders of golden sets in reach."""
    for name in root.golden_set_names():
        with suppress(ConfigurationError):  # another set of that name lies in the current folder
            yield root.golden_set(name)


async def read_period_answers(runtime: Runtime, period: PeriodReport, *, has_redis: bool) -> list[MarkedAnswer]:
    """The worst answers of a report with their texts, private values replaced.

    Raises:
        HistoryUnavailable
    """
    from assay.judges.redaction.policy import Redaction
    from assay.worker.config.redaction import redaction_of, strictest
    from assay.worker.reporting.period.answers import read_answers
    from assay.worker.reporting.rubric_versions import RubricVersions

    own = {rubric.content_hash(): rubric for rubric in runtime.rubrics.values()}
    versions = RubricVersions(own.values(), runtime.state.documents)

    async def rubric_of(digest: str) -> Rubric | None:
        return await versions.get(digest) if has_redis else own.get(digest)

    def redaction(use_case: str) -> Redaction:
        """That of a use case which assay.yaml no longer has is the strictest of all: it may have had any."""
        known = {case.name for case in runtime.deployment.use_cases}
        deployment = runtime.deployment
        return redaction_of(deployment, use_case) if use_case in known else strictest(deployment)

    return await read_answers(period, runtime.history.reader, runtime.store, rubric_of, redaction)
