"""The rates of a digest, and which of them changed: tested together, for a team of many use cases reads them all."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from assay.worker.alerts.digest.records import DigestRate
from assay.worker.reporting.period.change import ALPHA
from assay.worker.reporting.period.records import Before, RevisionReport, UseCaseReport
from assay.worker.reporting.period.words import before_words, behind, headline, no_rate_words
from assay.worker.statistics.paired import holm


def rates_by_case(cases: Sequence[UseCaseReport]) -> Mapping[str, tuple[DigestRate, ...]]:
    """The rates of each use case of one digest.

    Of hundreds of rates that stayed as they were one in twenty seems to have changed. So a change is one only where
    it stands beside all others of the digest (Holm): by chance one digest in twenty tells of any.
    """
    shown = [(case, row) for case in cases for row in _shown(case)]
    tested = [row.before.p_value for _, row in shown if row.before is not None and row.before.p_value is not None]
    adjusted = iter(holm(tested))
    rates: dict[str, tuple[DigestRate, ...]] = {}
    for case, row in shown:
        is_tested = row.before is not None and row.before.p_value is not None
        p_value = next(adjusted) if is_tested else None
        rates[case.use_case] = (*rates.get(case.use_case, ()), _rate(case, row, p_value, len(tested)))
    return rates


def _shown(case: UseCaseReport) -> Iterator[RevisionReport]:
    for row in case.revisions:
        if row.revision or len(case.revisions) == 1:
            yield row


def _rate(case: UseCaseReport, row: RevisionReport, p_value: float | None, n_tested: int) -> DigestRate:
    name, rate = headline(row.rates)
    rates, before = row.rates, row.before
    note = "" if rate is not None else no_rate_words(rates.n, rates.with_risk, is_cascade=rates.cascade)
    is_chance = before is not None and before.word in {"worse", "better"} and p_value is not None and p_value >= ALPHA
    return DigestRate(
        rubric=case.rubric,
        revision=row.revision[:12],
        name=name,
        rate=rate,
        behind=behind(rates),
        before=before.before if before else None,
        change="not compared" if before is None else "no change shown" if is_chance else before.word,
        change_words=_change_words(before, n_tested if is_chance else None) if before else "",
        note=note,
        judged=rates.n,
        ended=rates.n + row.boost + sum(row.unanswered.values()),
    )


def _change_words(before: Before, beside: int | None) -> str:
    """What the test says; of a change that may be chance among so many others, that."""
    words = before_words(before)
    return words if beside is None else f"no change shown beside {beside:,} tests; alone {words}"
