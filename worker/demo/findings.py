"""The demo's findings: what the fleet measured, held against what people said of the same answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from assay.judges.metrics import worst_claim
from assay.judges.schema import Scored
from assay.worker.demo.result import Agreement, WeightedRate, WorstTrace
from assay.worker.demo.traffic import LabelledTrace
from assay.worker.flow.verdicts import unpack
from assay.worker.ports.ledger import LedgerReader
from assay.worker.ports.verdicts import VerdictCache
from assay.worker.records.ledger import LedgerEntry
from assay.worker.reporting.flagged.query import RISK
from assay.worker.reporting.funnel import Funnel
from assay.worker.reporting.period.records import UseCaseReport
from assay.worker.statistics.agreement import auroc_estimate, class_rates

FLAG_AT = 0.5
WORST_PER_USE_CASE = 3
_MODEL_WRITTEN = ", model-written"


async def scored_entries(ledger: LedgerReader, funnel: Funnel) -> list[LedgerEntry]:
    """Ledger entries that carry a risk."""
    entries = [entry async for entry in ledger.scan(funnel.first, funnel.last)]
    with_risk = [e for e in entries if e.judgement is not None and RISK in e.judgement.values]
    return sorted(with_risk, key=lambda entry: (entry.promise.use_case, entry.promise.start, entry.trace_id))


def agreements(entries: Sequence[LedgerEntry], labelled: Mapping[str, LabelledTrace]) -> list[Agreement]:
    """Agreement per use case, and once more without the answers people wrote."""
    groups: dict[str, list[LedgerEntry]] = {}
    for entry in entries:
        groups.setdefault(entry.promise.use_case, []).append(entry)
        if not labelled[entry.trace_id].by_human:
            groups.setdefault(f"{entry.promise.use_case}{_MODEL_WRITTEN}", []).append(entry)
    for name in [name for name in groups if not name.endswith(_MODEL_WRITTEN)]:
        if len(groups.get(name + _MODEL_WRITTEN, [])) == len(groups[name]):
            del groups[name + _MODEL_WRITTEN]
    return [_agreement(group, rows, labelled) for group, rows in groups.items()]


def _agreement(group: str, entries: Sequence[LedgerEntry], labelled: Mapping[str, LabelledTrace]) -> Agreement:
    known = [labelled[entry.trace_id] for entry in entries]
    labels = [row.label for row in known]
    risks = [risk_of(entry) for entry in entries]
    sources = [row.source_id for row in known]
    return Agreement(
        group=group,
        n=len(entries),
        n_marked=sum(labels),
        flag_at=FLAG_AT,
        auroc=auroc_estimate(labels, risks, clusters=sources),
        rates=class_rates(labels, [risk >= FLAG_AT for risk in risks], clusters=sources),
    )


def weighted_rates(report: Sequence[UseCaseReport], labelled: Mapping[str, LabelledTrace]) -> list[WeightedRate]:
    """The expected share of answers with a problem, beside the human share in all traffic, which only a demo knows."""
    rates = []
    for case in report:
        labels = [item.label for item in labelled.values() if item.trace.root.name == case.use_case]
        share = sum(labels) / len(labels)
        for row in case.revisions:
            problem, flagged = row.rates.problem_share, row.rates.flagged
            known = {"use_case": case.use_case, "seen": len(labels), "human_share_of_all": share}
            rates.append(WeightedRate(**known, problem=problem, flagged=flagged))
    return rates


async def worst_traces(
    verdicts: VerdictCache, entries: Sequence[LedgerEntry], labelled: Mapping[str, LabelledTrace]
) -> list[WorstTrace]:
    """The riskiest answers of each use case with their worst sentence."""
    worst: list[WorstTrace] = []
    for use_case in dict.fromkeys(entry.promise.use_case for entry in entries):
        ours = [entry for entry in entries if entry.promise.use_case == use_case]
        for entry in sorted(ours, key=risk_of, reverse=True)[:WORST_PER_USE_CASE]:
            key = entry.judgement.verdict_key if entry.judgement else ""
            kept = await verdicts.kept([key])
            verdict = unpack(kept[key]) if key in kept else None
            if verdict is not None:
                worst.append(_worst(entry, verdict.outcome, labelled[entry.trace_id]))
    return worst


def _worst(entry: LedgerEntry, outcome: Scored, row: LabelledTrace) -> WorstTrace:
    claim = worst_claim(outcome.verdict) if outcome.verdict else None
    question = row.trace.input["question"] if isinstance(row.trace.input, dict) else ""
    return WorstTrace(
        use_case=entry.promise.use_case,
        trace_id=entry.trace_id,
        risk=risk_of(entry),
        question=str(question),
        sentence=claim.text if claim else "",
        verdict=claim.verdict.value if claim else "",
        reason=claim.reason if claim else outcome.comment,
        human_label=row.label,
    )


def risk_of(entry: LedgerEntry) -> float:
    """The entry's hallucination risk."""
    value = entry.judgement.values[RISK] if entry.judgement else None
    if not isinstance(value, float):
        raise TypeError(f"trace {entry.trace_id} carries no risk")
    return value
