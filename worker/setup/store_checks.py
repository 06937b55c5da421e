"""Every store and every place that takes copies of scores, each examined by itself: one that is down hides no other."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import NamedTuple

from assay.judges.errors import ConfigurationError, EvaluationError
from assay.worker.config.deployment import Deployment
from assay.worker.config.stores import Place
from assay.worker.config.use_cases import UseCase
from assay.worker.ports.capabilities import Examination, WithExamination
from assay.worker.ports.health import Check
from assay.worker.ports.state import StateUnavailable
from assay.worker.ports.store import Sink
from assay.worker.wiring.runtime import Runtime
from assay.worker.wiring.state_of_store import store_order
from assay.worker.wiring.stores import Part

FIRST_S, NEXT_S = 45.0, 180.0
"""How long is waited for the first check of a store, and for each further one. A test score may be shown late."""


class StoreChecks:
    """Examines stores and places; `answering` are the stores that can be asked for traces, once all was read."""

    def __init__(self, runtime: Runtime, *, write: bool) -> None:
        """Examine nothing yet.

        Args:
            runtime: whose stores they are.
            write: whether test scores may be written.
        """
        self._runtime = runtime
        self._write = write
        self.answering: list[Part] = []

    async def checks(self) -> AsyncIterator[Check]:
        """Every check in turn. Where there is more than one store or place, each check names its own."""
        runtime = self._runtime
        for part in runtime.stores.parts:
            first: Check | None = None
            async for check in self._examined(_Examined(part.place, part.store)):
                first = first or check
                yield check
            if first is None or first.status != "fail":  # one that cannot be reached has no traces to look at
                self.answering.append(part)
        judged = {part.place.name for part in runtime.stores.parts}
        places = {place.name: place for place in runtime.deployment.places}
        for name, sink in runtime.stores.sinks.items():
            if name not in judged:
                async for check in self._examined(_Examined(places[name], sink, takes_copies=True)):
                    yield check
        copied = [(places[name], sink) for name, sink in runtime.stores.sinks.items() if name not in judged]
        for check in await _order_checks([*((each.place, each.store) for each in self.answering), *copied], runtime):
            yield check

    async def _examined(self, examined: _Examined) -> AsyncIterator[Check]:
        deployment = self._runtime.deployment
        async for check in _own_checks(examined, _examination(deployment, examined, write=self._write)):
            is_alone = len(deployment.places) == 1
            yield check if is_alone else check.model_copy(update={"name": _with_name(examined.place.name, check.name)})


async def _order_checks(answering: Sequence[tuple[Place, Sink]], runtime: Runtime) -> list[Check]:
    """Stores that have one project under two names, with whatever keys, and a first store that was another."""
    known: dict[tuple[str, str], str] = {}
    checks: list[Check] = []
    for place, sink in (each for each in answering if each[0].factory.gives_traces):
        try:
            async with asyncio.timeout(FIRST_S):
                project = await sink.project_id()
        except (EvaluationError, TimeoutError):
            continue  # told above
        same = known.setdefault((place.config.kind, project), place.name)
        if same != place.name:
            message = f"{place.key}: has the same project as {same} ({project}): scores are written twice"
            remedy = "give it the keys of another project, or remove it from `stores`"
            checks.append(Check(name="stores", status="fail", message=message, remedy=remedy, is_configuration=True))
    try:
        trouble = await store_order(runtime).trouble()
    except StateUnavailable:  # told by the check of Redis
        return checks
    if trouble:
        message, _, remedy = trouble.partition(". List ")
        checks.append(
            Check(name="stores", status="fail", message=message, remedy=f"list {remedy}", is_configuration=True)
        )
    return checks


class _Examined(NamedTuple):
    """A store, or a place that takes copies."""

    place: Place
    sink: Sink
    takes_copies: bool = False


def _with_name(place: str, check: str) -> str:
    """The name of a check of one of several stores, e.g. `rag: test score`. What is called as the store stays so."""
    return place if check.casefold() == place.casefold() else f"{place}: {check}"


def _examination(deployment: Deployment, examined: _Examined, *, write: bool) -> Examination:
    name = examined.place.name
    cases: Sequence[UseCase] = [case for case in deployment.use_cases if deployment.store_of(case) == name]
    return Examination(
        excluded=deployment.exclude_environments,
        queues=tuple(case.review_queue for case in cases if case.review_queue is not None),
        write=write,
    )


async def _own_checks(examined: _Examined, examination: Examination) -> AsyncIterator[Check]:
    """What a store says of itself, or at least its project. No error of one ends the examination of all."""
    sink, title = examined.sink, "copies" if examined.takes_copies else "store"
    try:
        if isinstance(sink, WithExamination):
            async for check in _in_time(sink.examine(examination)):
                yield check
        else:
            async with asyncio.timeout(FIRST_S):
                project = await sink.project_id()
            yield Check(name=title, status="ok", message=f"project {project}")
    except ConfigurationError as exc:
        remedy = f"mend `{examined.place.key}` in assay.yaml, or the variable it names"
        yield Check(name=title, status="fail", message=str(exc), remedy=remedy, is_configuration=True)
    except TimeoutError:
        message = f"no answer in {FIRST_S:.0f} s, or none in {NEXT_S:.0f} s after an answer"
        remedy = f"see that the {examined.place.factory.title} server answers; then run doctor again"
        yield Check(name=title, status="fail", message=message, remedy=remedy)
    except EvaluationError as exc:
        remedy = f"see that the {examined.place.factory.title} server can be reached; then run doctor again"
        yield Check(name=title, status="fail", message=str(exc), remedy=remedy)
    if examined.takes_copies and not examined.place.factory.reads_back:
        message = f"{examined.place.factory.title} shows no scores that were written: nobody can tell if they arrive"
        yield Check(name="reading back", status="ok", message=message)


async def _in_time(checks: AsyncIterator[Check]) -> AsyncIterator[Check]:
    """The checks of a store. One that hangs is left, so that the others have their turn.

    Raises:
        TimeoutError
    """
    wait_s = FIRST_S
    while True:
        async with asyncio.timeout(wait_s):
            check = await anext(checks, None)
        if check is None:
            return
        yield check
        wait_s = NEXT_S
