"""Examining a whole deployment: broker, store, judges, each by who knows it."""

from __future__ import annotations

from collections.abc import AsyncIterator

from assay.judges.errors import ConfigurationError, EvaluationError
from assay.judges.models.protocols import protocol_of
from assay.judges.models.web_address import shown_address
from assay.worker.config.endpoint_in_force import endpoint_in_force
from assay.worker.config.endpoints import ENDPOINTS_FILE, url_variable
from assay.worker.config.settings import load_settings
from assay.worker.ports.health import Check
from assay.worker.setup.alert_checks import alert_checks
from assay.worker.setup.collector_checks import collector_checks
from assay.worker.setup.denominators import check_denominators
from assay.worker.setup.launch.lists import launch_checks
from assay.worker.setup.reaching import why_unreachable
from assay.worker.setup.record_checks import record_checks
from assay.worker.setup.state_checks import clock_check, permission_check, server_checks
from assay.worker.setup.store_checks import StoreChecks
from assay.worker.setup.telemetry_checks import telemetry_check
from assay.worker.setup.trace_survey import TraceSurvey, TraceSurveyor
from assay.worker.wiring.admissions import models_of
from assay.worker.wiring.judges import build_evaluator
from assay.worker.wiring.present_alerts import read_present_alerts
from assay.worker.wiring.runtime import Runtime


class Doctor:
    """Examines a deployment; `survey` is what its traces came to, once all checks were read."""

    def __init__(self, runtime: Runtime, *, write: bool) -> None:
        self._runtime = runtime
        self._write = write
        self._surveyor = TraceSurveyor(runtime)

    @property
    def survey(self) -> TraceSurvey:
        """The proposed lines by rubric."""
        return self._surveyor.survey

    async def checks(self) -> AsyncIterator[Check]:
        """Every check in turn, as it is done; behind the others the lists of before and after launch."""
        done: list[Check] = []
        async for check in self._parts():
            done.append(check)
            yield check
        async for check in launch_checks(self._runtime, self._surveyor.sample, done):
            yield check

    async def _parts(self) -> AsyncIterator[Check]:
        runtime = self._runtime
        async for check in _places(runtime):
            yield check
        stores = StoreChecks(runtime, write=self._write)
        async for check in stores.checks():
            yield check
        async for check in self._surveyor.checks(stores.answering):
            yield check
        async for check in collector_checks(runtime):
            yield check
        yield await telemetry_check()
        denominators = await check_denominators(runtime)
        if denominators is not None:
            yield denominators
        for check in _judges(runtime):
            yield check
        for name in sorted(
            {named.endpoint or "" for rubric in runtime.rubrics.values() for named in models_of(rubric)}
        ):
            reached = await _endpoint(runtime, name or None)
            if reached is not None:
                yield reached


async def _places(runtime: Runtime) -> AsyncIterator[Check]:
    """Where everything is kept but the traces."""
    async for check in _state(runtime):
        yield check
    async for check in record_checks(runtime):
        yield check
    private = permission_check(runtime.root.data_dir(runtime.settings))
    if private is not None:
        yield private


async def _state(runtime: Runtime) -> AsyncIterator[Check]:
    state = runtime.state
    try:
        await state.ping()
        facts = await state.server.facts()
        processes = await state.pulse.processes()
    except EvaluationError as exc:
        yield Check(name="redis", status="fail", message=str(exc), remedy="start it, or mend ASSAY_REDIS_URL")
        return
    # The runtime's own settings name the server that was started.
    is_embedded = load_settings().redis_url is None
    embedded = "ASSAY_REDIS_URL is not set: an embedded server was started for this command"
    version = f" ({facts.version})" if facts else ""
    yield Check(name="redis", status="ok", message=embedded if is_embedded else f"answers{version}")
    if facts is not None:
        for check in server_checks(facts):
            yield check
    yield clock_check(state.clock.offset_s, processes)
    for check in alert_checks(await read_present_alerts(runtime), runtime.deployment, load_settings()):
        yield check


def _judges(runtime: Runtime) -> list[Check]:
    checks = []
    for rubric in runtime.rubrics.values():
        name = f"judge ({rubric.name})"
        try:
            build_evaluator(rubric, runtime.root, runtime.settings)
        except ConfigurationError as exc:
            remedy = "mend the rubric or the setting it names"
            checks.append(Check(name=name, status="fail", message=str(exc), remedy=remedy, is_configuration=True))
        else:
            checks.append(Check(name=name, status="ok", message=f"{rubric.tier}, version {rubric.content_hash()[:12]}"))
    return checks


async def _endpoint(runtime: Runtime, name: str | None) -> Check | None:
    """Whether something listens where a judge endpoint is; no call is paid for. None: there is none, told elsewhere."""
    try:
        place = endpoint_in_force(name, runtime.judge_files, runtime.settings)
    except ConfigurationError:
        return None
    if place is None:
        return None
    title = "judge endpoint" if name is None else f"judge endpoint ({name})"
    base = shown_address(place.url or protocol_of(place.protocol).default_url)
    if place.proxy is not None and place.proxy.get_secret_value():
        message = f"{base}: behind a proxy, not tried; `assay doctor --judge` does"
        return Check(name=title, status="ok", message=message)
    if why := await why_unreachable(base):
        message = f"{base}: {why}: cannot be reached"
        remedy = f"check {url_variable(place.name)} or its url in {ENDPOINTS_FILE}, and the way to it"
        return Check(name=title, status="fail", message=message, remedy=remedy)
    return Check(name=title, status="ok", message=f"{base} can be reached")
