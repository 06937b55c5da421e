"""Examining a whole deployment: broker, store, judges, each by who knows it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from urllib.parse import urlsplit

from assay.judges.errors import ConfigurationError, EvaluationError
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
        return Check(name="redis", status="fail", said=str(exc), remedy="start it, or mend ASSAY_REDIS_URL")
    if runtime.settings.redis_url is None:
        said = "none is set: an embedded server was started for this command"
        return Check(name="redis", status="ok", said=said)
    return Check(name="redis", status="ok", said="answers")


async def _store(runtime: Runtime, *, write: bool) -> AsyncIterator[Check]:
    from assay.worker.stores.langfuse import LangfuseStore
    from assay.worker.stores.langfuse.examine import examine as examine_langfuse

    if isinstance(runtime.store, LangfuseStore):
        paths = {name: rubric.sample for name, rubric in runtime.rubrics.items()}
        excluded = runtime.deployment.exclude_environments
        queues = tuple(runtime.deployment.review_queues.values())
        async for check in examine_langfuse(runtime.store, paths, excluded=excluded, queues=queues, write=write):
            yield check
        return
    try:
        project = await runtime.store.project_id()
    except EvaluationError as exc:
        yield Check(name="store", status="fail", said=str(exc), remedy="mend store.path in assay.yaml")
    else:
        yield Check(name="store", status="ok", said=f"embedded, project {project}")


def _judges(runtime: Runtime) -> list[Check]:
    found = []
    for rubric in runtime.rubrics.values():
        name = f"judge ({rubric.name})"
        try:
            build_evaluator(rubric, runtime.root, runtime.settings)
        except ConfigurationError as exc:
            remedy = "mend the rubric or the setting it names"
            found.append(Check(name=name, status="fail", said=str(exc), remedy=remedy, is_configuration=True))
        else:
            found.append(Check(name=name, status="ok", said=f"{rubric.tier}, version {rubric.content_hash()[:12]}"))
    return found


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
        said = f"{base}: {type(exc).__name__}: cannot be reached"
        return Check(name="judge endpoint", status="fail", said=said, remedy="check OPENAI_BASE_URL and the way to it")
    return Check(name="judge endpoint", status="ok", said=f"{base} can be reached")
