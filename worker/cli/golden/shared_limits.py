"""Leave for the model calls of a run in this process: over the account of the fleet, where one can be reached."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from urllib.parse import quote

from assay.judges.rubric import Rubric
from assay.worker.cli.streams import print_error
from assay.worker.config.redis_url import parse_redis_url
from assay.worker.config.root import ConfigRoot
from assay.worker.config.settings import Settings
from assay.worker.launch.embedded_broker import EmbeddedServer
from assay.worker.limits.admissions import Admissions
from assay.worker.limits.call_rules import CallRules
from assay.worker.ports.state import StateUnavailable
from assay.worker.state.redis.state import check_connection, redis_state
from assay.worker.wiring.admissions import command_admissions, models_of


async def run_admissions(rubric: Rubric, root: ConfigRoot, settings: Settings, stack: AsyncExitStack) -> Admissions:
    """Leave for the calls of a run. Says so where limits hold in this process alone.

    Args:
        rubric: what is judged.
        root: whose limits hold.
        settings: of this process.
        stack: closes the connection to Redis, if there is one.
    """
    rules = CallRules.of(root.deployment())
    has_limits = bool(rules.limits.endpoints or rules.budgets_of("")) and bool(models_of(rubric))
    url = await asyncio.to_thread(_fleet_url, root, settings) if has_limits else None
    if url is None:
        if has_limits:
            print_error(
                "assay: no Redis: limits and budgets hold for this run alone; set ASSAY_REDIS_URL to share the fleet's"
            )
        return command_admissions(root, settings)
    state = redis_state(url, prefix=settings.key_prefix)
    stack.push_async_callback(state.close)
    admissions = command_admissions(root, settings, state.calls)
    stack.push_async_callback(admissions.close)
    return admissions


def _fleet_url(root: ConfigRoot, settings: Settings) -> str | None:
    """The Redis that is configured, or the embedded one of this data directory if it runs."""
    if settings.redis_url is not None:
        return parse_redis_url(settings.redis_url.get_secret_value()).client_url
    socket = EmbeddedServer(root.data_dir(settings)).socket_path
    if not socket.exists():
        return None
    url = f"unix://{quote(str(socket))}?db=0"
    try:
        check_connection(url)
    except StateUnavailable:
        return None
    return url
