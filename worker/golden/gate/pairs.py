"""Two runs of one set, item by item."""

from __future__ import annotations

from collections.abc import Sequence

from assay.worker.golden.results.gate_result import Pair, Slice
from assay.worker.golden.results.item_status import ItemStatus
from assay.worker.golden.results.run_result import GoldenRun, ItemResult
from assay.worker.golden.sets.files import GoldenSetError
from assay.worker.golden.sets.golden_set import GoldenSet
from assay.worker.statistics.repeats import VarianceComponents, variance_components


def paired(baseline: GoldenRun, candidate: GoldenRun, golden: GoldenSet) -> tuple[Pair, ...]:
    """The two runs item by item, in the set's order.

    Raises:
        GoldenSetError: a run is not of this set as it stands, or the sides were asked differently often.
    """
    _check_run("baseline", baseline, golden)
    _check_run("candidate", candidate, golden)
    if baseline.repeats != candidate.repeats:
        remedy = f"{baseline.repeats} against the candidate's {candidate.repeats}; both sides need the same"
        raise GoldenSetError("baseline run", "repeats", remedy)
    before, after, clusters = _by_item(baseline), _by_item(candidate), golden.clusters
    return tuple(
        Pair(
            id=item.id,
            cluster=clusters[item.id],
            question=item.question,
            contexts=item.contexts,
            tags=item.tags,
            baseline=before[item.id],
            candidate=after[item.id],
        )
        for item in golden.items
    )


def noise_of_repeating(pairs: Sequence[Pair]) -> VarianceComponents | None:
    """Spread among the baseline's repeats; None where an answer is missing, or each item was asked once."""
    statuses = [[result.status for result in pair.baseline] for pair in pairs]
    if any(len(repeats) < 2 or ItemStatus.MISSING in repeats for repeats in statuses):
        return None
    return variance_components([[status is ItemStatus.PASSED for status in repeats] for repeats in statuses])


def slices_of(pairs: Sequence[Pair]) -> tuple[Slice, ...]:
    """Counts by tag, in the order of the tags' names."""
    tags = sorted({tag for pair in pairs for tag in pair.tags})
    return tuple(_slice(tag, [pair for pair in pairs if tag in pair.tags]) for tag in tags)


def _slice(tag: str, pairs: Sequence[Pair]) -> Slice:
    return Slice(
        tag=tag,
        n=len(pairs),
        baseline_passed=sum(result.status is ItemStatus.PASSED for pair in pairs for result in pair.baseline),
        candidate_passed=sum(result.status is ItemStatus.PASSED for pair in pairs for result in pair.candidate),
        worse=sum(pair.worse for pair in pairs),
        better=sum(pair.better for pair in pairs),
    )


def _check_run(side: str, run: GoldenRun, golden: GoldenSet) -> None:
    """Refuse a run that is not of the set as it stands.

    Raises:
        GoldenSetError
    """
    if run.set_digest != golden.digest or run.golden_set != golden.name:
        remedy = f"was made with another state of golden set {golden.name!r}; run it again"
        raise GoldenSetError(f"{side} run", "set_digest", remedy)
    asked = sorted((item.id, repeat) for item in golden.items for repeat in range(run.repeats))
    if sorted((item.id, item.repeat) for item in run.items) != asked:
        raise GoldenSetError(f"{side} run", "items", "are not the items of the set; run it again")


def _by_item(run: GoldenRun) -> dict[str, tuple[ItemResult, ...]]:
    results: dict[str, tuple[ItemResult, ...]] = {}
    for result in run.items:
        results[result.id] = (*results.get(result.id, ()), result)
    return results
