"""Pure scoring: a sample goes in, a verdict or an outcome comes out. No queue, no store, no environment.

Example:
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

_HOMES = {
    "Evaluator": "evaluate",
    "Failed": "schema",
    "LocalJudge": "local",
    "Outcome": "schema",
    "Rubric": "rubric",
    "Sample": "schema",
    "Scored": "schema",
    "Skipped": "schema",
    "Verdict": "schema",
    "load_rubric": "rubric",
}
"""The module below this package that each public name comes from."""


def __getattr__(name: str) -> object:
    """Import a public name when it is first used, so that the command line starts without numpy.

    Raises:
        AttributeError: no such name.
    """
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    """The public names, for completion in a notebook."""
    return __all__
