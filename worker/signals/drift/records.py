"""What is kept of drift: baselines and checks, as values. Numbers, and names the record has anyway; no text."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from pydantic import AwareDatetime, Field, JsonValue, TypeAdapter, ValidationError

from assay.judges.errors import ConfigurationError
from assay.judges.schema import Record
from assay.worker.ports.history import RecordDocument
from assay.worker.signals.drift.features import Kind, Side

BASELINE_KIND = "drift_baseline"
CHECK_KIND = "drift_check"
"""Kinds of documents beside the rows; their key is the use case."""

Source = Literal["period", "release", "golden", "automatic"]


class Histogram(Record):
    """One feature's bins, fixed when the baseline was captured.

    Attributes:
        names: of the bins: a category's names, `no` and `yes`, `topic 1`, or the range `up to 120`. The last bin of
            categories and topics is what was not seen then.
        edges: upper ends of the bins of numbers but the last.
        shares: of the baseline's traffic, weighted.
        n: traces that tell it.
        n_effective: how many independent ones they are worth.
    """

    names: tuple[str, ...]
    edges: tuple[float, ...] = ()
    shares: tuple[float, ...]
    n: int
    n_effective: float


class Topics(Record):
    """Where a baseline's vectors lie.

    Attributes:
        centres: of the topics.
        radius: 99 of 100 vectors of the baseline lie no farther from the nearest centre.
        contrast: MMD² of a topic against the others, on average: what a change of topic comes to.
        gamma: width of the kernel of that.
    """

    centres: tuple[tuple[float, ...], ...]
    radius: float
    contrast: float
    gamma: float


class Sample(Record):
    """Traces of the baseline that tests compare with, whole sessions by hash.

    Attributes:
        weights: 1/π of each.
        sessions: which of them belong together.
        numbers, categories: a value of each trace by column, None where it tells none. Categories as index of `names`.
        names: by column.
        vectors: by column, 64 signed bytes of each of the first `vector_rows` traces, base64; zeros for none.
        vector_rows: how many.
        held_out: whether the topics were found without each of these.
    """

    weights: tuple[float, ...]
    sessions: tuple[int, ...]
    numbers: dict[str, tuple[float | None, ...]]
    categories: dict[str, tuple[int, ...]]
    names: dict[str, tuple[str, ...]]
    vectors: dict[str, str]
    vector_rows: int
    held_out: dict[str, tuple[bool, ...]]


class DriftBaseline(Record):
    """What traffic is held against.

    Attributes:
        name: what it is called, e.g. `2026-11-23`.
        source: what it was captured from.
        of: that in words, e.g. `release v41`.
        since, until: the period. None: it was captured from a golden set.
        n: traces in it.
        n_effective: how many independent ones they are worth.
        vectors_from: who made the vectors. Others cannot be compared with them.
    """

    schema_version: Literal[1] = 1
    use_case: str
    name: str
    source: Source
    of: str
    captured_at: AwareDatetime
    since: AwareDatetime | None = None
    until: AwareDatetime | None = None
    n: int
    n_effective: float
    vectors_from: str | None = None
    histograms: dict[str, Histogram]
    topics: dict[str, Topics] = Field(default_factory=dict)
    sample: Sample


class Change(Record):
    """A bin's share then and now."""

    name: str
    before: float
    now: float


class FeatureDrift(Record):
    """One feature of a check.

    Attributes:
        feature, side, kind: as in `assay.worker.signals.drift.features`.
        note: why it is not compared; empty where it is.
        n_baseline, n: traces that tell it.
        test: `ks`, `shares` or `mmd`, each by permutation of sessions.
        p_value: of no change.
        p_adjusted: the same, held against all tests of the check (Holm).
        size: how large the change is, as a share of traffic: the largest difference of the distribution functions;
            the share that changed its category; the share that would have to move to another topic.
        drifted: whether p_adjusted is at most alpha and the size at least what was asked for.
        psi: population stability index; psi_corrected: less what chance adds; psi_bound: its 99 % point without drift.
        centroid: 1 - cosine of the centroids; centroid_bound: its 99 % point without drift.
        energy: energy distance; energy_p: its own p-value, in no family.
        distance: of numbers, how far they moved on average (Wasserstein), in their own unit.
        changes: the bins that changed most.
    """

    feature: str
    side: Side
    kind: Kind
    note: str = ""
    n_baseline: int = 0
    n: int = 0
    test: str = ""
    p_value: float | None = None
    p_adjusted: float | None = None
    size: float | None = None
    drifted: bool = False
    psi: float | None = None
    psi_corrected: float | None = None
    psi_bound: float | None = None
    centroid: float | None = None
    centroid_bound: float | None = None
    energy: float | None = None
    energy_p: float | None = None
    distance: float | None = None
    changes: tuple[Change, ...] = ()

    @property
    def exceeds_psi(self) -> bool:
        """Whether PSI says drift by the usual line, and more than chance does at this n."""
        return self.psi is not None and self.psi_bound is not None and self.psi >= max(USUAL_PSI, self.psi_bound)


USUAL_PSI = 0.25
"""From which index on the usual rule speaks of a significant shift."""


class DriftCheck(Record):
    """Traffic held against a baseline.

    Attributes:
        state: `checked`, or `waiting` where there is too little to compare.
        note: what it waits for.
        at: when.
        since, until: the period that was checked.
        baseline: name of the baseline, its source in words, and when it was captured.
        n: traces of the period; `n_effective` as independent ones.
        alpha: risk of a false alarm of this check.
        features: what was compared, and what was not.
    """

    schema_version: Literal[1] = 1
    use_case: str
    state: Literal["checked", "waiting"]
    note: str = ""
    at: AwareDatetime
    since: AwareDatetime | None = None
    until: AwareDatetime | None = None
    baseline: str = ""
    baseline_of: str = ""
    baseline_at: AwareDatetime | None = None
    n_baseline: int = 0
    n: int = 0
    n_effective: float = 0
    alpha: float = 0.05
    features: tuple[FeatureDrift, ...] = ()

    @property
    def drifted(self) -> tuple[FeatureDrift, ...]:
        """Features that drifted, the largest change first."""
        return tuple(sorted((each for each in self.features if each.drifted), key=lambda each: -(each.size or 0)))


def baseline_document(baseline: DriftBaseline) -> RecordDocument:
    """As it is kept."""
    return _document(BASELINE_KIND, baseline.use_case, baseline.captured_at, baseline.model_dump(mode="json"))


def check_document(check: DriftCheck) -> RecordDocument:
    """As it is kept."""
    return _document(CHECK_KIND, check.use_case, check.at, check.model_dump(mode="json"))


def drift_schema() -> dict[str, Any]:
    """The JSON schema of `assay drift check --json` and `assay drift show --json`."""
    return TypeAdapter(list[DriftCheck]).json_schema(mode="serialization")


class UnreadableBaseline(ConfigurationError):
    """There is a baseline, and it cannot be read: an Assay of another version wrote it, or it was cut short."""


def baseline_of(document: RecordDocument | None) -> DriftBaseline | None:
    """The baseline of a document. None where there is none.

    Raises:
        UnreadableBaseline
    """
    if document is None:
        return None
    try:
        return DriftBaseline.model_validate(document.content)
    except ValidationError:
        raise UnreadableBaseline(
            f"{document.key}: the baseline of {document.at:%Y-%m-%d %H:%M} UTC cannot be read: an Assay of another "
            "version wrote it, or it is damaged; upgrade assay-fleet everywhere, or take a new one with "
            f"`assay drift baseline --use-case {document.key}`"
        ) from None


def check_of(document: RecordDocument | None) -> DriftCheck | None:
    """The check of a document. None where there is none, or an Assay of another version wrote it in another form."""
    try:
        return DriftCheck.model_validate(document.content) if document else None
    except ValidationError:
        return None


def _document(kind: str, use_case: str, at: datetime, content: JsonValue) -> RecordDocument:
    return RecordDocument(kind=kind, key=use_case, at=at, content=content)
