"""What the scores of a trace say of how it was judged: read back where the ledger that knew it is lost."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from pydantic import ValidationError

from assay.judges.rubric import Rubric
from assay.judges.schema import Screening
from assay.worker.flow.scores import CHECK_OF_STATE
from assay.worker.records.ledger import Judgement
from assay.worker.records.particulars import Particulars, VerdictNote
from assay.worker.records.scores import Score

FACTS_BESIDE = ("release", "version", "session_id", "prompt_name", "prompt_version")
"""Facts of the trace that stand beside a score. Others of the same name are the judge's: `cost_usd`, `model_served`."""

_RISK = "hallucination_risk"
_SCREEN = "screen_"
"""Stands before the names of a first tier's scores in metadata, e.g. `screen_hallucination_risk`."""


class Written(NamedTuple):
    """What the scores of a trace say. `judgement`: None where they do not say enough to count in a rate."""

    judgement: Judgement | None
    particulars: Particulars = Particulars()


def written(scores: Iterable[Score], rubric: Rubric) -> Written:
    """What a trace's scores of one rubric tell of how it was judged, and by whom."""
    known = list(scores)
    judgement = written_judgement(known, rubric)
    return Written(judgement, _particulars(_of_one_version(known, rubric.content_hash()), judgement))


def written_judgement(scores: Iterable[Score], rubric: Rubric) -> Judgement | None:
    """The judgement that a trace's scores of one rubric tell of.

    Args:
        scores: of one trace and one rubric. Those of the present version are taken, else those of one earlier version.
        rubric: the present version.

    Returns:
        None: the scores do not say by which revision and with which end it was judged, or its risk was not written. It
        would be a wrong number in a rate.
    """
    alike = _of_one_version(list(scores), rubric.content_hash())
    if not alike:
        return None
    own_names = {rubric.write.named(name): name for name in rubric.writable}
    by_name = {own_names.get(score.name, score.name): score for score in alike}
    metadata = alike[0].metadata
    values = {name: score.value for name, score in by_name.items()}
    if _lacks_risk(values, metadata, rubric):
        return None
    try:
        return _judgement(values, {name: score.name for name, score in by_name.items()}, metadata)
    except (ValidationError, TypeError):
        return None  # metadata that a person edited, or that another program wrote


def _of_one_version(scores: Sequence[Score], present: str) -> list[Score]:
    versions = sorted({str(score.metadata.get("rubric_hash")) for score in scores}, key=lambda v: (v != present, v))
    return [score for score in scores if str(score.metadata.get("rubric_hash")) == versions[0]]


def _lacks_risk(values: Mapping[str, object], metadata: Mapping[str, Any], rubric: Rubric) -> bool:
    """Whether there was a risk that was not written: the rubric gives one, and nothing says why there was none."""
    return _RISK in rubric.scores and _RISK not in values and metadata.get("state") not in CHECK_OF_STATE


def _judgement(values: dict[str, float | str], names: dict[str, str], metadata: Mapping[str, Any]) -> Judgement:
    """Raises ValidationError where the metadata lack what a judgement needs."""
    return Judgement.model_validate(
        {
            "verdict_key": "",
            "revision": metadata.get("revision"),
            "judge": metadata.get("judge") or "none",
            "state": metadata.get("state"),
            "values": values,
            "names": names,
            "facts": {name: metadata.get(name) for name in FACTS_BESIDE},
            "cost_usd": metadata.get("cost_usd"),
            "screening": _screening(metadata),
            "degraded": bool(metadata.get("degraded")),
            "needs_review": bool(metadata.get("needs_review")),
        }
    )


def _particulars(scores: Sequence[Score], judgement: Judgement | None) -> Particulars:
    """Who judged. The cost is the judgement's, and what the trace itself took is in no score."""
    metadata = scores[0].metadata if scores and judgement is not None else {}
    try:
        note = VerdictNote(
            tier=metadata.get("tier"), model=metadata.get("model_served"), calibrated=metadata.get("calibrated")
        )
    except ValidationError:  # metadata that a person edited, or that another program wrote
        return Particulars()
    return Particulars(note=note) if note != VerdictNote() else Particulars()


def _screening(metadata: Mapping[str, Any]) -> Screening | None:
    if metadata.get("pi2") is None:
        return None
    scores = {name.removeprefix(_SCREEN): v for name, v in metadata.items() if name.startswith(_SCREEN)}
    return Screening.model_validate(
        {"scores": scores, "pi2": metadata["pi2"], "why": metadata.get("escalation"), "phase2": metadata.get("phase2")}
    )
