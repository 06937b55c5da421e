"""Whether a fleet lives, as Redis knows it. Some processes open a database for a look only, and no lock shows them."""

from __future__ import annotations

import asyncio

from assay.judges.errors import ConfigurationError
from assay.worker.config.redis_url import required_redis_url
from assay.worker.config.settings import Settings
from assay.worker.ports.pulse import SEEN_WITHIN_S
from assay.worker.ports.state import StateUnavailable
from assay.worker.state.redis.state import check_connection, redis_state


def check_nobody_lives(settings: Settings) -> bool:
    """Refuse where beat or workers told Redis lately that they live. Called outside of any loop.

    Args:
        settings: with the address of Redis.

    Returns:
        Whether Redis could be asked.

    Raises:
        ConfigurationError: somebody lives, or the address is wrong.
    """
    try:
        check_connection(required_redis_url(settings))
        names = asyncio.run(_living(settings))
    except StateUnavailable:
        return False
    if names:
        raise ConfigurationError(
            f"{', '.join(names[:5])}: told Redis within the last {SEEN_WITHIN_S:.0f} s that they run; stop every "
            "process of this deployment before you replace its files, and try again "
            f"{SEEN_WITHIN_S:.0f} s after that. Nothing was changed"
        )
    return True


async def _living(settings: Settings) -> list[str]:
    state = redis_state(required_redis_url(settings), prefix=settings.key_prefix)
    try:
        return [process.name for process in await state.pulse.processes()]
    finally:
        await state.close()
