"""Pure scoring: a sample goes in, a verdict or an outcome comes out. No queue, no store, no environment.

evaluator = Evaluator(load_rubric(Path("rubrics/grounding.yaml")), LocalJudge())
outcome = await evaluator.evaluate(Sample(id="1", contexts=("…",), response="…"))
"""

from judges.base import Judge
from judges.evaluate import Evaluator
from judges.local import LocalJudge
from judges.rubric import Rubric, load_rubric
from judges.schema import Claim, Failed, Outcome, Sample, Scored, Skipped, Span, Turn, Verdict

__all__ = [
    "Claim",
    "Evaluator",
    "Failed",
    "Judge",
    "LocalJudge",
    "Outcome",
    "Rubric",
    "Sample",
    "Scored",
    "Skipped",
    "Span",
    "Turn",
    "Verdict",
    "load_rubric",
]
