"""The judge of rubrics with `method: checks`: every answer comes from code, so it needs no key and costs nothing."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator

from assay.judges.checks.json_schema import PATTERN_TIMEOUT_S, JsonSchemaCheck
from assay.judges.cpu_executor import in_thread
from assay.judges.errors import EvaluationError
from assay.judges.grades import cited_text, has_part
from assay.judges.local.kind import KIND_VERSION, response_kind
from assay.judges.rubric import REFUSAL, Check, Rubric
from assay.judges.rules.expressions import check_telling, compiled
from assay.judges.schema import Citation, Grade, Part, ResponseKind, Sample, Tier, Verdict
from assay.judges.text.composed import composed_record

CHECKS_VERSION = "2"
"""Changed whenever a check could answer otherwise."""


class CheckTimeout(EvaluationError):
    """A pattern took too long on this sample: neither answer can be given."""


class ChecksJudge:
    """Answers the checks of one rubric."""

    def __init__(self, rubric: Rubric) -> None:
        """Compile schemas and patterns.

        Raises:
            RubricError: one cannot work.
        """
        self._schemas = check_checks(rubric, f"rubric {rubric.name}")
        self._fingerprint = hashlib.sha256(f"{CHECKS_VERSION}:{KIND_VERSION}".encode()).hexdigest()

    @property
    def name(self) -> str:
        """`checks`."""
        return "checks"

    @property
    def fingerprint(self) -> str:
        """Versions of the code behind the checks. The checks themselves are in the rubric's hash."""
        return self._fingerprint

    async def assess(self, sample: Sample, rubric: Rubric) -> Verdict:
        """Answer every check.

        Raises:
            UnjudgeableSample: the response cannot be read at all.
            CheckTimeout: a pattern took too long.
        """
        return await in_thread(self._assess, sample, rubric)

    async def close(self) -> None:
        """Nothing to release."""

    def _assess(self, sample: Sample, rubric: Rubric) -> Verdict:
        began = time.perf_counter()
        grades = tuple(self._answer(check, sample) for check in rubric.checks)
        refuses = any(c.response_kind and g.value for c, g in zip(rubric.checks, grades, strict=True))
        guessed = any(check.response_kind for check in rubric.checks)
        return Verdict(
            judge=self.name,
            tier=Tier.SCREEN if guessed else Tier.CODE,
            kind=ResponseKind.REFUSAL if refuses else ResponseKind.ANSWER,
            grades=grades,
            cost_usd=0.0,
            latency_s=time.perf_counter() - began,
        )

    def _answer(self, check: Check, sample: Sample) -> Grade:
        if check.score in self._schemas:
            why = self._schemas[check.score].fault(sample.response, in_fence=check.in_fence)
            level = "does_not_conform" if why else "conforms"
            return Grade(score=check.score, level=level, value=float(not why), reason=why[:300])
        if check.response_kind is not None:
            is_kind = response_kind(sample.response) is ResponseKind(check.response_kind)
            return Grade(score=check.score, level=REFUSAL if is_kind else "no_refusal", value=float(is_kind))
        return _matched(check, sample)


def check_checks(rubric: Rubric, source: str) -> dict[str, JsonSchemaCheck]:
    """Compile what a rubric's checks hold, and give the schemas by score.

    Raises:
        RubricError: a schema or a pattern cannot work. The error names it.
    """
    for check in rubric.checks:
        for key, expressions in (("any_match", check.any_match), ("no_match", check.no_match)):
            for expression in expressions:
                check_telling(expression, source, f"checks.{check.score}.{key}")
    return {
        check.score: JsonSchemaCheck(check.json_schema, source, f"checks.{check.score}.json_schema")
        for check in map(composed_record, rubric.checks)
        if check.json_schema is not None
    }


def _matched(check: Check, sample: Sample) -> Grade:
    """The answer of a check by patterns: on the parts it names, as far as the sample has them."""
    parts = [part for part in check.where if has_part(sample, part)]
    if not parts:
        return Grade(score=check.score, level=f"no_{check.where[0]}")
    citation = next(_matches(check, sample, parts), None)
    holds = (citation is not None) == bool(check.any_match)
    if citation is None:
        return Grade(score=check.score, level="no_match", value=float(holds))
    return Grade(score=check.score, level="match", value=float(holds), citations=(citation,))


def _matches(check: Check, sample: Sample, parts: list[Part]) -> Iterator[Citation]:
    for part in parts:
        sizes: dict[Part, int] = {"contexts": len(sample.contexts), "history": len(sample.history)}
        for index in range(sizes.get(part, 1)):
            text = cited_text(sample, part, index)
            for expression in (*check.any_match, *check.no_match):
                try:
                    match = compiled(expression).search(text, timeout=PATTERN_TIMEOUT_S)
                except TimeoutError as exc:
                    message = f"check {check.score}: a pattern took over {PATTERN_TIMEOUT_S} s; make it less ambiguous"
                    raise CheckTimeout(message) from exc
                if match is not None:
                    yield Citation(part=part, index=index, start=match.start(), end=match.end())
