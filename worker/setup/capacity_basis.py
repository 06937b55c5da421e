"""What a capacity table is worked out from: this deployment's policy, what its judgements take, and its limits."""

from __future__ import annotations

from assay.judges.schema import Record


class Asked(Record):
    """A model, and the endpoint where it is asked."""

    endpoint: str
    model: str


class JudgementCost(Record):
    """What one judgement by a rubric takes on average. None: not known.

    Attributes:
        rubric: its name.
        asked: the models it asks, each at its endpoint. Without any, no model is asked.
        calls: calls to models.
        tokens_in: of the prompts.
        tokens_out: of the replies.
        usd: US dollars.
        seconds: from its first call to its verdict.
        scores: how many are written of it.
        is_measured: whether `seconds` was measured in this deployment.
        asks_local: whether the local judge is asked.
        basis: what calls, tokens and USD rest on.
    """

    rubric: str
    asked: tuple[Asked, ...] = ()
    calls: float | None = 0.0
    tokens_in: float | None = 0.0
    tokens_out: float | None = 0.0
    usd: float | None = 0.0
    seconds: float = 0.0
    scores: int = 3
    is_measured: bool = False
    asks_local: bool = False
    basis: str = ""


class CaseShare(Record):
    """A use case's part of the traffic.

    Attributes:
        use_case: its name.
        share: of all traces.
        raised: how many times more traces strata select than its base rate alone.
        rubrics: by what each selected trace is judged.
        usd_per_day: its budget.
    """

    use_case: str
    share: float
    raised: float = 1.0
    rubrics: tuple[str, ...]
    usd_per_day: float | None = None


class EndpointBound(Record):
    """What the calls to one endpoint may take. None: no limit is set.

    Attributes:
        endpoint: its name.
        model: where the limit is one of a model alone.
        requests_per_minute: of `limits.endpoints` in assay.yaml.
        tokens_per_minute: the same.
        concurrency: calls in flight over all processes.
    """

    endpoint: str
    model: str | None = None
    requests_per_minute: int | None = None
    tokens_per_minute: int | None = None
    concurrency: int | None = None


class StoreBound(Record):
    """What the trace store may be asked, and how much one request brings.

    Attributes:
        reads_per_minute: of its request budget.
        writes_per_minute: the same.
        roots_per_request: that a listing brings.
        traces_per_request: that a fetch brings.
        scores_per_request: that are written or read back at once.
        windows: that a day has. Each is listed, also where it is empty.
    """

    reads_per_minute: int
    writes_per_minute: int
    roots_per_request: int
    traces_per_request: int
    scores_per_request: int
    windows: int


class CapacityBasis(Record):
    """Everything that a table needs beside the volume.

    Attributes:
        cases: the use cases and their parts of the traffic.
        costs: by rubric.
        bounds: limits of judge endpoints.
        store: limits of the trace store. None: it has none.
        usd_per_day: the budget of all use cases together.
        judge_concurrency: calls in flight to one endpoint, of one process.
        row_bytes: of the record.
        trace_bytes: of the embedded stores, for a trace of all. None: traces are elsewhere.
        spans_per_trace: where a collector is configured and traces are known. None: not known.
        has_collector: whether spans are taken.
        history_days: how long rows are kept.
        collector_days: how long what the collector took is kept.
        verdict_days: how long a verdict is kept.
        scans: how often each trace is listed by sweeps.
    """

    cases: tuple[CaseShare, ...]
    costs: tuple[JudgementCost, ...]
    bounds: tuple[EndpointBound, ...] = ()
    store: StoreBound | None = None
    usd_per_day: float | None = None
    judge_concurrency: int = 128
    row_bytes: float
    trace_bytes: float | None = None
    spans_per_trace: float | None = None
    has_collector: bool = False
    history_days: int = 400
    collector_days: int | None = None
    verdict_days: float = 1.0
    scans: int = 6
