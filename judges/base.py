"""The one protocol every judge meets."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from assay.judges.rubric import Rubric
from assay.judges.schema import Sample, Verdict


@runtime_checkable
class Judge(Protocol):
    """Turns one sample into a verdict under one rubric.

    Built once and shared by all concurrent assessments: it keeps no state about a sample.
    """

    @property
    def name(self) -> str:
        """Short stable name, e.g. `local` or `llm`. It appears in score metadata."""
        ...

    @property
    def fingerprint(self) -> str:
        """Changes whenever the same sample could get another verdict: prompt, weights, model asked for."""
        ...

    async def assess(self, sample: Sample, rubric: Rubric) -> Verdict:
        """Judge one sample.

        Raises:
            UnjudgeableSample: the sample lacks what this judge needs.
            ModelError: the provider did not answer usefully. Its class says whether waiting may help.
            InvalidVerdict: the model's reply broke the format, also after the repair turn.
        """
        ...

    async def close(self) -> None:
        """Release connections. The judge is not used afterwards."""
        ...
