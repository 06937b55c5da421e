"""Whether the collector takes spans: its address, its token, its disk, and what has come."""

from __future__ import annotations

import asyncio
import json
import shutil
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from datetime import datetime, timedelta
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException
from typing import NamedTuple, cast

from assay.judges.errors import ConfigurationError, EvaluationError
from assay.worker.config.collecting import Collecting
from assay.worker.config.settings import Settings, load_settings
from assay.worker.ports.health import Check
from assay.worker.ports.source import RootSource
from assay.worker.wiring.collecting import check_address, check_parts, open_span_store
from assay.worker.wiring.runtime import Runtime

ANSWER_S = 5.0
LOW_BYTES, FULL_BYTES = 2_000_000_000, 200_000_000
"""Of free disk: below the first there is a warning, and below the second it is as good as full."""
MANY_ROOTLESS = 0.05
"""The share of traces without a root from which on it is no longer chance."""
LOOK_BACK_HOURS = (1, 24, 24 * 7)
EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104  # what is listened at, by where it is asked
LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


class _Answer(NamedTuple):
    """What an HTTP server said."""

    status: int
    body: bytes


async def collector_checks(runtime: Runtime) -> AsyncIterator[Check]:
    """Every check in turn; nothing where assay.yaml has no `collector`."""
    collecting = runtime.deployment.collector
    if collecting is None:
        return
    settings = load_settings()
    try:
        check_parts()
    except ConfigurationError as exc:
        remedy = "install it, or remove `collector` from assay.yaml"
        yield Check(name="collector", status="fail", message=str(exc), remedy=remedy, is_configuration=True)
        return
    address = await asyncio.to_thread(_address_check, settings)
    yield address
    for check in await asyncio.to_thread(lambda: list(_token_checks(settings, asks=address.status == "ok"))):
        yield check
    yield _disk_check(runtime, collecting)
    async for check in _received(runtime, collecting):
        yield check


def _address_check(settings: Settings) -> Check:
    """Whether our collector listens there, nobody does, or somebody else."""
    name, where = "collector", f"{settings.collector_host}:{settings.collector_port}"
    answer = _ask(settings, "GET", "/readyz")
    if answer is None:
        try:
            check_address(settings)
        except ConfigurationError as exc:
            remedy = "set another ASSAY_COLLECTOR_PORT, or end what listens there"
            return Check(name=name, status="fail", message=str(exc), remedy=remedy, is_configuration=True)
        message = f"nothing listens at {where} now"
        return Check(name=name, status="warn", message=message, remedy="`assay up` or `assay collector` starts it")
    told = _told(answer)
    if told.get("role") != "collector":
        remedy = "set another ASSAY_COLLECTOR_PORT, or end the other program"
        message = f"another program listens at {where}"
        return Check(name=name, status="fail", message=message, remedy=remedy, is_configuration=True)
    if not told.get("ready"):
        remedy = "see that the disk has room and the store's file may be written"
        return Check(
            name=name, status="fail", message=f"{where}: spans cannot be written: {told.get('why')}", remedy=remedy
        )
    return Check(name=name, status="ok", message=f"listens at {where} and can write")


def _token_checks(settings: Settings, *, asks: bool) -> Iterator[Check]:
    """Whether it asks for the token, and for this one. An empty request changes nothing."""
    name, token = "collector token", settings.collector_token
    is_open = settings.collector_host not in LOOPBACK
    without = _ask(settings, "POST", "/v1/traces") if asks else None
    if token is None and without is not None and without.status == HTTPStatus.UNAUTHORIZED:
        message = "the collector that runs asks for one, and none is set here"
        remedy = "set ASSAY_COLLECTOR_TOKEN here, too, or it will be missing when this shell starts the collector"
        yield Check(name=name, status="warn", message=message, remedy=remedy)
        return
    if token is None:
        message = "none is set: everybody who reaches this port may send"
        remedy = "set ASSAY_COLLECTOR_TOKEN, or let a proxy before it ask for one" if is_open else ""
        yield Check(name=name, status="warn" if is_open else "ok", message=message, remedy=remedy)
        return
    if not asks:
        yield Check(name=name, status="ok", message="is set")
        return
    with_it = _ask(settings, "POST", "/v1/traces", token.get_secret_value())
    if with_it is None or with_it.status != HTTPStatus.OK:
        message = f"the collector that runs does not take it: {with_it.status if with_it else 'no answer'}"
        remedy = "it was started with another ASSAY_COLLECTOR_TOKEN: start it again"
        yield Check(name=name, status="fail", message=message, remedy=remedy, is_configuration=True)
    elif without is not None and without.status == HTTPStatus.OK:
        message = "is set, but the collector that runs asks for none"
        remedy = "it was started without ASSAY_COLLECTOR_TOKEN: start it again"
        yield Check(name=name, status="warn", message=message, remedy=remedy)
    else:
        yield Check(name=name, status="ok", message="is asked for, and is the right one")


def _disk_check(runtime: Runtime, collecting: Collecting) -> Check:
    data = runtime.root.data_dir(runtime.settings)
    there = next(path for path in (data, *data.parents) if path.exists())
    free = shutil.disk_usage(there).free
    message = f"{free / 1e9:,.1f} GB free at {data}; what comes is kept for {collecting.keep_days} days"
    if free >= LOW_BYTES:
        return Check(name="collector disk", status="ok", message=message)
    remedy = "make room, or keep less: `collector: {keep_days: ...}` in assay.yaml"
    status = "fail" if free < FULL_BYTES else "warn"
    return Check(name="collector disk", status=status, message=message, remedy=remedy)


async def _received(runtime: Runtime, collecting: Collecting) -> AsyncIterator[Check]:
    """How old the newest trace is, and how many of the last day have no root."""
    store = open_span_store(runtime.root, runtime.deployment, runtime.settings)
    now = runtime.clock.now()
    try:
        newest = await _newest(cast("RootSource", store), collecting, now)
        yield _age_check(newest, collecting, now)
        if newest is not None:
            yield await _rootless_check(cast("RootSource", store), now)
    except EvaluationError as exc:
        remedy = "see what is said of the store above"
        yield Check(name="collected traces", status="fail", message=str(exc), remedy=remedy)
    finally:
        await store.close()


async def _newest(source: RootSource, collecting: Collecting, now: datetime) -> datetime | None:
    """When the newest trace ended."""
    for hours in (*LOOK_BACK_HOURS, 24 * collecting.keep_days):
        newest: datetime | None = None
        async for page in source.list_roots(now - timedelta(hours=hours), now):
            ends = [root.end or root.start for root in page]
            newest = max((*ends, *([newest] if newest else [])), default=None)
        if newest is not None:
            return newest
    return None


def _age_check(newest: datetime | None, collecting: Collecting, now: datetime) -> Check:
    name, remedy = "collected traces", "see docs/how-to/collect-by-otlp.md for how an application sends its spans"
    if newest is None:
        return Check(name=name, status="warn", message=f"none in {collecting.keep_days} days", remedy=remedy)
    minutes = max((now - newest).total_seconds(), 0) / 60
    age = f"{minutes:,.0f} minutes" if minutes < 120 else f"{minutes / 60:,.0f} hours"
    message = f"the last one is {age} old"
    if minutes > 24 * 60:
        return Check(name=name, status="warn", message=message, remedy="see whether your application still sends")
    return Check(name=name, status="ok", message=message)


async def _rootless_check(source: RootSource, now: datetime) -> Check:
    since = now - timedelta(hours=24)
    rootless = await source.count_rootless(since, now)
    roots = 0
    async for page in source.list_roots(since, now):
        roots += len(page)
    message = f"{rootless:,} without a root, {roots:,} with one, in 24 hours"
    if rootless <= MANY_ROOTLESS * (roots + rootless):
        return Check(name="spans without root", status="ok", message=message)
    remedy = "send whole traces: a sampler or a service that does not send leaves spans whose root never comes"
    return Check(name="spans without root", status="warn", message=f"{message}: they are not judged", remedy=remedy)


def _ask(settings: Settings, method: str, path: str, token: str | None = None) -> _Answer | None:
    """What the server at the collector's address says. None: nobody answers by HTTP."""
    host = EVERYWHERE.get(settings.collector_host, settings.collector_host)
    headers = {"content-type": "application/x-protobuf"} | ({"authorization": f"Bearer {token}"} if token else {})
    try:
        with closing(HTTPConnection(host, settings.collector_port, timeout=ANSWER_S)) as connection:
            connection.request(method, path, body=b"" if method == "POST" else None, headers=headers)
            response = connection.getresponse()
            return _Answer(response.status, response.read(10_000))
    except (OSError, HTTPException):
        return None


def _told(answer: _Answer) -> dict[str, object]:
    try:
        told = json.loads(answer.body)
    except ValueError:
        return {}
    return told if isinstance(told, dict) else {}
