"""Pure scoring: a sample goes in, a verdict or an outcome comes out. No queue, no store, no environment.

from judges import Evaluator, LocalJudge, Sample, load_rubric

evaluator = Evaluator(load_rubric(Path("rubrics/grounding.yaml")), LocalJudge())
outcome = await evaluator.evaluate(Sample(id="1", contexts=("…",), response="…"))
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from judges.evaluate import Evaluator
    from judges.local import LocalJudge
    from judges.rubric import Rubric, load_rubric
    from judges.schema import Failed, Outcome, Sample, Scored, Skipped, Verdict

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

_HOMES = {"Evaluator": "judges.evaluate", "LocalJudge": "judges.local", "Rubric": "judges.rubric"} | {
    "load_rubric": "judges.rubric"
}


def __getattr__(name: str) -> object:
    """Import a public name when it is first used, so that the command line starts without numpy."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES.get(name, "judges.schema")), name)
