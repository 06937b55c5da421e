"""Which limits of judge endpoints, of the trace store and of sweeps bind at a volume, and what they let through."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from assay.worker.setup.capacity_basis import CapacityBasis, EndpointBound, JudgementCost, StoreBound
from assay.worker.setup.capacity_constants import HEADROOM, SWEEP_CPU
from assay.worker.setup.capacity_rows import BoundKind, BoundState, BoundUse

DAY_S = 86_400
DAY_MINUTES = 1_440


def bound_uses(basis: CapacityBasis, of_rubric: Mapping[str, float], traces: int, peak: float) -> Iterator[BoundUse]:
    """Every limit that is set, beside what a volume needs of it.

    Args:
        basis: the deployment.
        of_rubric: judgements a day, by rubric.
        traces: traces a day, for which these are.
        peak: the busiest minutes of a day beside its mean.
    """
    for bound in basis.bounds:
        asking = [cost for cost in basis.costs if _share(cost, bound) and of_rubric.get(cost.rubric)]
        calls = total((cost.calls, of_rubric[cost.rubric] * _share(cost, bound)) for cost in asking)
        tokens = total((_tokens(cost), of_rubric[cost.rubric] * _share(cost, bound)) for cost in asking)
        waiting = sum(of_rubric[cost.rubric] * cost.seconds for cost in asking) / DAY_S
        needs: tuple[tuple[BoundKind, int | None, float, float | None], ...] = (
            ("requests a minute", bound.requests_per_minute, HEADROOM, None if calls is None else calls / DAY_MINUTES),
            ("tokens a minute", bound.tokens_per_minute, 1.0, None if tokens is None else tokens / DAY_MINUTES),
            ("calls in flight", bound.concurrency, 1.0, waiting),
        )
        for kind, limit, usable, mean in needs:
            if limit is not None:
                yield _use(bound, kind, limit, limit * usable, mean, traces, peak)
    if basis.store is not None:
        yield from _store_uses(basis.store, basis, of_rubric, traces, peak)


def sweeps_use(scans: int, traces: int, peak: float) -> BoundUse:
    """What sweeps list of a volume, beside what they can: they run in one worker at a time, however many there are.

    Args:
        scans: how often each trace is listed.
        traces: a day.
        peak: the busiest minutes of a day beside its mean.
    """
    most = 1000 / SWEEP_CPU.value
    bound = EndpointBound(endpoint="sweeps")
    return _use(bound, "traces listed a second", int(most), most, traces * scans / DAY_S, traces, peak)


def in_flight(basis: CapacityBasis, of_rubric: Mapping[str, float], peak: float) -> dict[str, float]:
    """Judgements that wait for each endpoint in the busiest minutes: arrivals times how long each takes."""
    waiting: dict[str, float] = {}
    for cost in basis.costs:
        for endpoint in {asked.endpoint for asked in cost.asked}:
            arrivals = of_rubric.get(cost.rubric, 0.0) / DAY_S * peak
            waiting[endpoint] = waiting.get(endpoint, 0.0) + arrivals * cost.seconds
    return waiting


def total(parts: Iterable[tuple[float | None, float]]) -> float | None:
    """The sum of figures, each times its number. None where one of them is not known and is needed at all."""
    summed = 0.0
    for value, times in parts:
        if not times:
            continue
        if value is None:
            return None
        summed += value * times
    return summed


def _store_uses(
    store: StoreBound, basis: CapacityBasis, of_rubric: Mapping[str, float], traces: int, peak: float
) -> Iterator[BoundUse]:
    """What sweeps, fetching, writing and reading back ask the trace store for."""
    judged = sum(of_rubric.values())
    scores = sum(of_rubric.get(cost.rubric, 0.0) * cost.scores for cost in basis.costs)
    listing = basis.scans * max(store.windows, traces / store.roots_per_request)
    written = scores / store.scores_per_request
    reads = listing + judged / store.traces_per_request + written + judged / store.scores_per_request
    bound = EndpointBound(endpoint="trace store")
    limits: tuple[tuple[BoundKind, int, float], ...] = (
        ("reads a minute", store.reads_per_minute, reads),
        ("writes a minute", store.writes_per_minute, written),
    )
    for kind, limit, a_day in limits:
        yield _use(bound, kind, limit, float(limit), a_day / DAY_MINUTES, traces, peak)


def _use(
    bound: EndpointBound, kind: BoundKind, limit: int, usable: float, mean: float | None, traces: int, peak: float
) -> BoundUse:
    return BoundUse(
        endpoint=bound.endpoint,
        model=bound.model,
        kind=kind,
        limit=limit,
        mean=mean,
        peak=None if mean is None else mean * peak,
        state=_state(mean, peak, usable),
        fits_a_day=_fits(traces * usable / mean) if mean and traces else None,
        fits_at_peak=_fits(traces * usable / (mean * peak)) if mean and traces else None,
    )


def _fits(traces: float) -> int:
    return int(round(traces, 6))


def _state(mean: float | None, peak: float, usable: float) -> BoundState:
    if mean is None:
        return "unknown"
    if mean > usable:
        return "binds"
    return "waits at the peak" if mean * peak > usable else "fits"


def _share(cost: JudgementCost, bound: EndpointBound) -> float:
    """The part of a rubric's calls that a limit holds. Models of a tier or a cascade are taken to be asked alike."""
    held = [each for each in cost.asked if each.endpoint == bound.endpoint and bound.model in (None, each.model)]
    return len(held) / len(cost.asked) if cost.asked else 0.0


def _tokens(cost: JudgementCost) -> float | None:
    known = cost.tokens_in is not None and cost.tokens_out is not None
    return (cost.tokens_in or 0.0) + (cost.tokens_out or 0.0) if known else None
