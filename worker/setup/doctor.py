"""Examining a whole deployment: broker, store, judges, each by who knows it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from urllib.parse import urlsplit

from assay.judges.errors import ConfigurationError, EvaluationError
from assay.worker.ports.capabilities import Examination, WithExamination
from assay.worker.ports.health import Check
from assay.worker.setup.denominators import check_denominators
from assay.worker.wiring.judges import build_evaluator
from assay.worker.wiring.runtime import Runtime

CONNECT_S = 5.0


async def examine(runtime: Runtime, *, write: bool) -> AsyncIterator[Check]:
    """Every check in turn, as it is done."""
    yield await _state(runtime)
    async for check in _store(runtime, write=write):
        yield check
    denominators = await check_denominators(runtime)
    if denominators is not None:
        yield denominators
    for check in [*_judges(runtime), *([await _endpoint(runtime)] if _asks_model(runtime) else [])]:
        yield check


async def _state(runtime: Runtime) -> Check:
    try:
        await runtime.state.ping()
    except EvaluationError as exc:
        return Check(name="redis", status="fail", message=str(exc), remedy="start it, or mend ASSAY_REDIS_URL")
    if runtime.settings.redis_url is None:
        message = "none is set: an embedded server was started for this command"
        return Check(name="redis", status="ok", message=message)
    return Check(name="redis", status="ok", message="answers")


async def _store(runtime: Runtime, *, write: bool) -> AsyncIterator[Check]:
    store = runtime.store
    if isinstance(store, WithExamination):
        examination = Examination(
            paths={name: rubric.sample for name, rubric in runtime.rubrics.items()},
            excluded=runtime.deployment.exclude_environments,
            queues=tuple(runtime.deployment.review_queues.values()),
            write=write,
        )
        async for check in store.examine(examination):
            yield check
        return
    try:
        project = await store.project_id()
    except EvaluationError as exc:
        yield Check(name="store", status="fail", message=str(exc), remedy="see that it can be reached")
    else:
        yield Check(name="store", status="ok", message=f"project {project}")


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


def _asks_model(runtime: Runtime) -> bool:
    return runtime.settings.has_llm and any(rubric.tier != "local" for rubric in runtime.rubrics.values())


async def _endpoint(runtime: Runtime) -> Check:
    """Whether something listens where the judge model is; no call is paid for."""
    base = runtime.settings.openai_base_url or "https://api.openai.com/v1"
    parts = urlsplit(base)
    try:
        port = parts.port or (443 if parts.scheme == "https" else 80)
        async with asyncio.timeout(CONNECT_S):
            _, writer = await asyncio.open_connection(parts.hostname or "", port)
        writer.close()
        await writer.wait_closed()
    except (OSError, ValueError) as exc:
        message = f"{base}: {type(exc).__name__}: cannot be reached"
        return Check(
            name="judge endpoint", status="fail", message=message, remedy="check OPENAI_BASE_URL and the way to it"
        )
    return Check(name="judge endpoint", status="ok", message=f"{base} can be reached")
