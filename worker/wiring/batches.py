"""Provider batches, put together: the desk of a process, what looks after batches, and how budgets pay for them.

All of it is imported where it is made: most processes never see a batch.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from assay.judges.errors import ConfigurationError, PermanentModelError
from assay.judges.rubric import ModelAt
from assay.worker.config.deployment import Deployment
from assay.worker.config.judge_files import JudgeFiles
from assay.worker.config.limits import DEFAULT_ENDPOINT
from assay.worker.config.settings import Settings
from assay.worker.wiring.admissions import models_of

if TYPE_CHECKING:
    from assay.judges.models.batches.port import BatchApi
    from assay.judges.models.endpoint_settings import EndpointSettings, ProtocolName
    from assay.worker.flow.batch_calls.answers import BatchReport, Waker
    from assay.worker.flow.batch_calls.collecting import BatchCollector
    from assay.worker.flow.batch_calls.desk import BatchDesk
    from assay.worker.flow.batch_calls.looking import BackgroundLook
    from assay.worker.wiring.batch_money import AccountMoney
    from assay.worker.wiring.runtime import Runtime


class BatchEndpoints:
    """The batches of endpoints by name, each opened once for a process."""

    def __init__(self, files: JudgeFiles, settings: Settings, deployment: Deployment) -> None:
        """Keep where endpoints are described.

        Args:
            files: what the team's files say of endpoints. An edit replaces them once it is in force.
            settings: the environment.
            deployment: what assay.yaml says. The same holds for it.
        """
        self.files = files
        self.deployment = deployment
        self._settings = settings
        self._open: dict[tuple[str, str], tuple[EndpointSettings, BatchApi]] = {}
        self._replaced: list[BatchApi] = []  # by an edit; a look may still be under way at one
        self._look: BackgroundLook | None = None

    def place(self, endpoint: str) -> EndpointSettings | None:
        """An endpoint's settings; None: nothing says where it is."""
        from assay.worker.config.endpoint_in_force import endpoint_in_force

        return endpoint_in_force(endpoint, self.files, self._settings)

    def of(self, endpoint: str, model: str) -> BatchApi:
        """The batches of a model at an endpoint.

        Raises:
            ConfigurationError: nothing says where it is, or it has none.
        """
        from assay.judges.models.batches.apis import batch_api_of

        place, known = self.place(endpoint), self._open.get((endpoint, model))
        if place is None:
            raise ConfigurationError(f"endpoint {endpoint}: not configured any more, and it has batches of ours")
        if known is None or known[0] != place:
            self._replaced += [] if known is None else [known[1]]
            known = self._open[endpoint, model] = place, batch_api_of(place, model)
        return known[1]

    async def look(self, collector: BatchCollector) -> BatchReport:
        """Look at every open batch, beside all other work. Returns what came of it by now.

        Raises:
            StateUnavailable
        """
        from assay.worker.flow.batch_calls.looking import BackgroundLook

        self._look = self._look or BackgroundLook()
        return await self._look.tick(collector)

    async def close(self) -> None:
        """End the look, and close the connections."""
        if self._look is not None:
            await self._look.close()
        for api in (*self._replaced, *(api for _, api in self._open.values())):
            await api.close()


def batch_desk(runtime: Runtime, endpoints: BatchEndpoints) -> BatchDesk:
    """The desk of this process."""
    from assay.worker.flow.batch_calls.desk import BatchDesk
    from assay.worker.flow.batch_calls.submitting import Submitter
    from assay.worker.wiring.batch_terms import ConfiguredTerms

    jobs, money = runtime.state.batch_jobs, batch_money(runtime, endpoints)
    in_force = ConfiguredTerms(endpoints)
    return BatchDesk(jobs, money, Submitter(jobs, money, endpoints.of, batch_waker(runtime), runtime.clock, in_force))


def batch_collector(runtime: Runtime, endpoints: BatchEndpoints) -> BatchCollector:
    """Looks after the batches of all processes."""
    from assay.worker.flow.batch_calls.collecting import BatchCollector

    return BatchCollector(
        jobs=runtime.state.batch_jobs,
        money=batch_money(runtime, endpoints),
        open_api=endpoints.of,
        waker=batch_waker(runtime),
        clock=runtime.clock,
    )


def batch_waker(runtime: Runtime) -> Waker:
    """Lets work go on that waited for a batch."""
    from assay.worker.flow.batch_calls.answers import Waker

    state = runtime.state
    return Waker(state.ledger, state.waking, state.backlog, runtime.clock)


def batch_money(runtime: Runtime, endpoints: BatchEndpoints) -> AccountMoney:
    """How budgets pay for batches, by the rules that are in force when they do."""
    from assay.worker.wiring.batch_money import AccountMoney

    admissions = runtime.shared_admissions

    def protocol(endpoint: str) -> ProtocolName | None:
        place = endpoints.place(endpoint)
        return None if place is None else place.protocol

    return AccountMoney(runtime.state.calls, lambda: admissions.rules, protocol)


async def check_batches(runtime: Runtime, use_case: str | None) -> None:
    """Return if all endpoints that judge these use cases have batches and let us in.

    Args:
        runtime: the deployment.
        use_case: the one that is meant. None: all.

    Raises:
        ConfigurationError: one has none, or no model is asked at all.
        ModelError: one cannot be asked now.
    """
    deployment = runtime.deployment
    cases = [case for case in deployment.use_cases if use_case in (None, case.name)]
    rubrics = {name: runtime.rubrics[name] for case in cases for name in deployment.rubrics_of(case)}
    models = [model for rubric in rubrics.values() for model in models_of(rubric)]
    if not models:
        raise ConfigurationError("--batch: no rubric of these use cases asks a model; leave it out")
    await check_models(runtime.batch_endpoints, models, "--batch")


async def check_models(endpoints: BatchEndpoints, models: Iterable[ModelAt], wish: str) -> None:
    """Return if the endpoints of these models have batches and let us in.

    Args:
        endpoints: of the deployment.
        models: that are asked.
        wish: what asks for batches, and is to be left out where there are none.

    Raises:
        ConfigurationError: one has none, or no model is asked at all.
        ModelError: one cannot be asked now.
    """
    asked = {(model.endpoint or DEFAULT_ENDPOINT, model.model) for model in models}
    if not asked:
        raise ConfigurationError(f"{wish}: the rubric asks no model; leave it out")
    for endpoint, model in sorted(asked):
        try:
            await endpoints.of(endpoint, model).check()
        except PermanentModelError as exc:
            raise ConfigurationError(f"{wish}: {exc}; {endpoint} may have no batches: leave {wish} out") from exc
