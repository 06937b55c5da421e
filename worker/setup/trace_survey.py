"""Whether recent traces can be judged: shares by use case, shapes that lack a part, and lines that would find it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence

from pydantic import Field

from assay.judges.cpu_executor import in_thread
from assay.judges.rubric import Rubric
from assay.judges.schema import Record
from assay.worker.extraction.survey import PARTS, PartName
from assay.worker.ports.capabilities import WithTraceImport
from assay.worker.ports.health import Check
from assay.worker.ports.store_errors import StoreBusy, StoreError
from assay.worker.setup.part_checks import RubricGroup, line_check, part_checks
from assay.worker.setup.proposals import Proposal, propose
from assay.worker.setup.trace_sample import TraceSample, joined, sample_traces
from assay.worker.wiring.runtime import Runtime
from assay.worker.wiring.stores import Part

SAMPLE_S = 180.0
"""How long one store is waited for. Reading what was listed has a bound of its own."""


class TraceSurvey(Record):
    """The proposed lines by rubric, for `--fix`."""

    proposals: dict[str, tuple[Proposal, ...]] = Field(default_factory=dict)


class TraceSurveyor:
    """Looks at a sample of the deployment's traces; `survey` and `sample` are there once the checks were read."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self.survey = TraceSurvey()
        self.sample: TraceSample | None = None

    async def checks(self, stores: Sequence[Part]) -> AsyncIterator[Check]:
        """A check for the use cases, then one for each part of each, then the proposed lines.

        Args:
            stores: those that can be asked. Of the others nothing is said.
        """
        read, unread = await self._samples(stores)
        for check in unread:
            yield check
        if not read:
            return
        self.sample = sample = joined(read, self._runtime.deployment)
        yield _use_cases(sample, can_import=any(isinstance(part.store, WithTraceImport) for part in stores))
        proposals: dict[str, list[Proposal]] = {}
        for group in self._groups(sample):
            traces = [trace for case in group.cases for trace in case.traces]
            search = await in_thread(propose, traces, group.paths, group.parts)
            for check in await in_thread(part_checks, group, search):
                yield check
            if search.proposals:
                yield line_check(group, search)
            for line in search.proposals:
                for rubric in group.needing[line.part]:
                    proposals.setdefault(rubric, []).append(line)
        self.survey = TraceSurvey(proposals={name: tuple(lines) for name, lines in proposals.items()})

    async def _samples(self, stores: Sequence[Part]) -> tuple[list[TraceSample], list[Check]]:
        """A sample of each store, and why there is none of others."""
        runtime, now = self._runtime, self._runtime.clock.now()
        read: list[TraceSample] = []
        unread: list[Check] = []
        for part in stores:
            name = f"{part.place.name}: traces" if len(runtime.stores.parts) > 1 else "traces"
            deployment = runtime.deployment.of_store(part.place.name) if len(stores) > 1 else runtime.deployment
            try:
                async with asyncio.timeout(SAMPLE_S):
                    read.append(await sample_traces(part.store, deployment, now))
            except TimeoutError:
                message = f"not examined: no answer in {SAMPLE_S:.0f} s"
                unread.append(Check(name=name, status="warn", message=message, remedy="run doctor again later"))
            except StoreBusy as exc:
                remedy = "run doctor again later"
                unread.append(Check(name=name, status="warn", message=f"not examined: {exc}", remedy=remedy))
            except StoreError as exc:
                remedy = "see that the store answers; run it again"
                unread.append(Check(name=name, status="fail", message=str(exc), remedy=remedy))
        return read, unread

    def _groups(self, sample: TraceSample) -> list[RubricGroup]:
        groups: dict[tuple[str, ...], RubricGroup] = {}
        for name, rubric in self._runtime.rubrics.items():
            cases = [case for case in sample.cases if case.traces and name in self._rubrics_of(case.use_case)]
            if not cases:
                continue
            same = (rubric.sample.model_dump_json(), *(case.use_case for case in cases))
            group = groups.setdefault(same, RubricGroup(rubric.sample, cases, {}))
            for part in parts_needed(rubric):
                group.needing.setdefault(part, []).append(name)
        return list(groups.values())

    def _rubrics_of(self, use_case: str) -> Sequence[str]:
        case = self._runtime.deployment.use_case(use_case)
        return self._runtime.deployment.rubrics_of(case) if case else ()


def parts_needed(rubric: Rubric) -> tuple[PartName, ...]:
    """The parts of a sample that a rubric looks at; the answer always."""
    if rubric.method == "grounding":
        return PARTS
    seen = {part for criterion in rubric.criteria for part in criterion.required}
    seen |= {part for check in rubric.checks for part in check.where}
    return tuple(part for part in PARTS if part == "response" or part in seen)


def _use_cases(sample: TraceSample, *, can_import: bool) -> Check:
    if not sample.recent:
        remedy = (
            "`assay import FILE` takes traces in" if can_import else "check which project your application writes to"
        )
        return Check(name="traces", status="warn", message=f"none in {_duration(sample.hours)}", remedy=remedy)
    taken = [f"{case.use_case} {case.recent:,}" for case in sample.cases if case.recent]
    looked_at = sum(len(case.traces) for case in sample.cases)
    message = f"{', '.join(taken) or 'no use case has any'}; {looked_at} of them are looked at"
    without = [case.use_case for case in sample.cases if not case.recent]
    problems = []
    if sample.unmatched:
        problems.append(f"{sample.unmatched:,} of {sample.recent:,} traces match no use case")
    if sample.unread:
        problems.append(f"{sample.unread} could not be read: {sample.why_unread}")
    if sample.is_cut:
        problems.append("not all of the sample was read in time")
    if without:
        message += f"; {', '.join(without[:8])} without any in {_duration(sample.hours)}"
    remedy = "add a use case without `match` at the end, if these should be judged" if sample.unmatched else ""
    return Check(
        name="traces",
        status="warn" if problems else "ok",
        message="; ".join([message, *problems]),
        remedy=remedy or ("run it again; what is too large is never judged" if sample.unread else ""),
        details={
            "hours": sample.hours,
            "unmatched": sample.unmatched,
            "unread": sample.unread,
            "use_cases": [
                {"use_case": case.use_case, "recent": case.recent, "looked_at": len(case.traces)}
                for case in sample.cases
            ],
        },
    )


def _duration(hours: float) -> str:
    if hours > 24 * 366:
        return "the store"
    return "the last hour" if hours <= 1 else f"the last {hours / 24:.0f} days" if hours >= 48 else "the last day"
