"""Pure scoring: a sample goes in, a verdict or an outcome comes out. No queue, no store, no environment.

from assay.judges import Evaluator, LocalJudge, Sample, load_rubric

evaluator = Evaluator(load_rubric(Path("rubrics/grounding.yaml")), LocalJudge())
outcome = await evaluator.evaluate(Sample(id="1", contexts=("…",), response="…"))
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from assay.judges.evaluate import Evaluator
    from assay.judges.local import LocalJudge
    from assay.judges.rubric import Rubric, load_rubric
    from assay.judges.schema import Failed, Outcome, Sample, Scored, Skipped, Verdict

__all__ = [
    "Evaluator",
    "Failed",
    "LocalJudge",
    "Outcome",
    "Rubric",
    "Sample",
    "Scored",
    "Skipped",
    "Verdict",
    "load_rubric",
]

_HOMES = {"Evaluator": "assay.judges.evaluate", "LocalJudge": "assay.judges.local", "Rubric": "assay.judges.rubric"} | {
    "load_rubric": "assay.judges.rubric"
}


def __getattr__(name: str) -> object:
    """Import a public name when it is first used, so that the command line starts without numpy."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES.get(name, "assay.judges.schema")), name)
