"""Small golden sets on disk and a judge whose opinion is written into the answers, for the tests of golden runs."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from assay.judges.errors import ConfigurationError, ModelUnavailable
from assay.judges.rubric import Rubric, parse_rubric
from assay.judges.schema import (
    Claim,
    ClaimVerdict,
    Failed,
    GroundingState,
    Outcome,
    ResponseKind,
    Sample,
    Scored,
    Skipped,
    Span,
    Tier,
    Usage,
    Verdict,
)
from assay.worker.golden.gate.comparison import compare
from assay.worker.golden.report.gate_record import gate_result
from assay.worker.golden.results.gate_result import GateResult
from assay.worker.golden.results.run_result import GoldenRun, JudgeExam
from assay.worker.golden.runs.concurrency import limit_of
from assay.worker.golden.runs.exam import examine_judge
from assay.worker.golden.runs.run import RunPlan, confirm_failures, run_golden
from assay.worker.golden.sets.golden_set import GoldenSet, read_golden_set
from assay.worker.golden.sets.lock import freeze, load_golden_set
from assay.worker.golden.targets import RecordedTarget

Json = dict[str, Any]

OK, BAD = "risk=0.1", "risk=0.9"
IDS = [f"q{n}" for n in range(40)]


def rubric_named(name: str) -> Rubric:
    """The rubric of every set here."""
    return parse_rubric(f"name: {name}", source=name)


_ERRORS = {
    "raise": ModelUnavailable("connection refused"),
    "misconfigured": ConfigurationError("rubrics/grounding.yaml: judge: no such model"),
    "crash": RuntimeError("a bug"),
}


class WrittenJudge:
    """An evaluator that finds its verdict in the response: `risk=0.9`, `refuse`, `fail`, `crash`, `skip:reason`, …."""

    def __init__(
        self,
        revision: str = "rev-1",
        *,
        calibrated: bool = True,
        cost_usd: float | None = 0.001,
        tier: Tier = Tier.LLM,
    ) -> None:
        self.tier = tier
        self.revision = revision
        self.calibrated = calibrated
        self.cost_usd = cost_usd
        self.in_flight = 0
        self.most_in_flight = 0
        self.samples: list[Sample] = []

    async def evaluate(self, sample: Sample) -> Outcome:
        self.samples.append(sample)
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        await asyncio.sleep(0)
        self.in_flight -= 1
        return self._outcome(sample)

    def _outcome(self, sample: Sample) -> Outcome:
        text = sample.response
        for word, error in _ERRORS.items():
            if text.startswith(word):
                raise error
        if text.startswith("fail"):
            return Failed(error="ModelUnavailable", message=f"judge is down{text.removeprefix('fail')}")
        if text.startswith("skip:"):
            return Skipped(reason=text.removeprefix("skip:"))
        return self._judged(sample)

    def _judged(self, sample: Sample) -> Outcome:
        text = sample.response
        if text.startswith("refuse"):
            return self._scored({}, GroundingState.REFUSAL, ResponseKind.REFUSAL)
        if text.startswith("small talk"):
            return self._scored({}, GroundingState.NO_CLAIMS, ResponseKind.NO_CLAIMS)
        if text.startswith("silent"):
            return self._scored({"groundedness": 0.0}, GroundingState.EVIDENCE_SILENT)
        if not sample.contexts:
            return self._scored({}, GroundingState.NO_EVIDENCE)
        risk = float(text.split("risk=")[1].split()[0]) if "risk=" in text else 0.1
        scores = {"hallucination_risk": risk, "groundedness": 1 - risk}
        return self._scored(scores, GroundingState.JUDGED, risk=risk)

    def _scored(
        self,
        scores: dict[str, float],
        state: GroundingState,
        kind: ResponseKind = ResponseKind.ANSWER,
        risk: float | None = None,
    ) -> Scored:
        bad = risk is not None and risk > 0.5
        claim = Claim(
            text="The moon is made of cheese.",
            span=Span(start=0, end=3),
            verdict=ClaimVerdict.NOT_FOUND if bad else ClaimVerdict.SUPPORTED,
            source="local",
        )
        verdict = Verdict(
            judge="written",
            tier=self.tier,
            kind=kind,
            claims=(claim,),
            risk=risk,
            calibrated=self.calibrated,
            usage=Usage(calls=1, prompt_tokens=100, completion_tokens=10),
            cost_usd=self.cost_usd,
            model_served="written-1",
        )
        absent = {"hallucination_risk", "groundedness", "faithfulness"} - scores.keys()
        return Scored(
            scores=scores,
            not_applicable=dict.fromkeys(sorted(absent), state.value),
            state=state,
            comment="",
            revision=self.revision,
            verdict=verdict,
        )


def item(item_id: str, **changes: Any) -> Json:
    """A golden item as it is written."""
    return {"id": item_id, "question": f"Question {item_id}?", "contexts": ["The moon is rock."], **changes}


def anchors(right: int = 20, wrong: int = 0) -> list[Json]:
    """Labelled anchors of both classes: the judge agrees with `right` of each class and not with `wrong` of each."""
    made = []
    for label in (0, 1):
        for number in range(right + wrong):
            flagged = bool(label) == (number < right)
            sample = {"id": "s", "contexts": ["c"], "response": f"risk={0.9 if flagged else 0.1}"}
            made.append({"id": f"anchor-{label}-{number}", "label": label, "sample": sample})
    return made


def write_set(
    directory: Path,
    items: Sequence[Json],
    *,
    releases: Mapping[str, Mapping[str, str]] | None = None,
    labelled: Sequence[Json] | None = None,
    **manifest: Any,
) -> Path:
    """Write a golden set's files; `manifest` overrides keys of the manifest."""
    (directory / "releases").mkdir(parents=True, exist_ok=True)
    content = {
        "name": directory.name,
        "target": {"kind": "recorded"},
        "pass_when": {"hallucination_risk": {"at_most": 0.5}},
        "labels": {"by": "tests", "licence": "MIT"},
        **manifest,
    }
    (directory / "manifest.yaml").write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")
    write_lines(directory / "items.jsonl", items)
    write_lines(directory / "anchors.jsonl", anchors() if labelled is None else labelled)
    for release, answers in (releases or {}).items():
        lines = [{"id": item_id, "response": response} for item_id, response in answers.items()]
        write_lines(directory / "releases" / f"{release}.jsonl", lines)
    return directory


def write_lines(path: Path, records: Sequence[Json]) -> None:
    """One JSON object a line."""
    path.write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")


def frozen_set(directory: Path, items: Sequence[Json], **rest: Any) -> GoldenSet:
    """Write, freeze and load a set."""
    write_set(directory, items, **rest)
    freeze(read_golden_set(directory, rubric_named))
    return load_golden_set(directory, rubric_named)


def run_release(
    golden: GoldenSet,
    release: str,
    judge: WrittenJudge | None = None,
    on_item: Callable[..., None] | None = None,
    **plan: Any,
) -> GoldenRun:
    """Run a recorded release; `plan` are fields of the plan."""
    target = RecordedTarget(golden.release_path(release))

    async def run() -> GoldenRun:
        made = RunPlan(limit_of(4), on_done=on_item or (lambda _: None), **plan)
        return await run_golden(golden, target, judge or WrittenJudge(), plan=made)

    return asyncio.run(run())


def run_confirmed(golden: GoldenSet, release: str, judge: WrittenJudge | None = None) -> GoldenRun:
    """Run a recorded release as a gate's candidate is run: must-pass failures are judged again."""
    judge = judge or WrittenJudge()
    run, names = run_release(golden, release, judge), golden.manifest.gate.must_pass
    return asyncio.run(confirm_failures(run, golden, judge, names, RunPlan(limit_of(4))))


def answers(bad: int = 0, **changed: str) -> dict[str, str]:
    """Answers to all items, the first `bad` of them hallucinated."""
    return {name: BAD if n < bad else OK for n, name in enumerate(IDS)} | changed


def a_set(tmp_path: Path, releases: dict[str, dict[str, str]], **rest: Any) -> GoldenSet:
    """A frozen set of the 40 items, tagged even and odd."""
    items = [item(name, tags=["even" if n % 2 == 0 else "odd"]) for n, name in enumerate(IDS)]
    return frozen_set(tmp_path / "gate-v1", items, releases=releases, **rest)


def exam_of(golden: GoldenSet, judge: WrittenJudge | None = None) -> JudgeExam:
    """The judge's exam on the set's anchors."""
    return asyncio.run(examine_judge(golden, judge or WrittenJudge(), concurrency=8))


def compared(baseline: GoldenRun, candidate: GoldenRun, golden: GoldenSet, exam: JudgeExam | None) -> GateResult:
    """The record of a comparison, as it is kept and shown."""
    return gate_result(compare(baseline, candidate, golden, exam))
