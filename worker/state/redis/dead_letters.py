"""Dead letters in Redis, page by page. The keys are described in `ledger.py`."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

from assay.worker.records.dead_letters import DeadChoice, DeadLetter
from assay.worker.state.redis.connection import RedisConnection
from assay.worker.state.redis.encoding import CHUNK, SEPARATOR, moment

_FIELDS = 6
"""Values of one letter in the script's answer."""


class RedisDeadLetters:
    """`assay.worker.ports.dead_letters.DeadLetters`."""

    def __init__(self, redis: RedisConnection) -> None:
        self._redis = redis

    async def scan(self, choice: DeadChoice) -> AsyncIterator[DeadLetter]:
        """Those that are meant, oldest first."""
        since = choice.since.timestamp() if choice.since else "-inf"
        until = choice.until.timestamp() if choice.until else "+inf"
        offset = 0
        while True:
            page = await self._redis.run("dead_letters", [], [self._redis.prefix, since, until, offset, CHUNK])
            for at in range(0, len(page), _FIELDS):
                letter = _letter(page[at : at + _FIELDS], choice)
                if letter is not None and choice.takes(letter):
                    yield letter
            if len(page) < CHUNK * _FIELDS:
                return
            offset += CHUNK


def _letter(fields: Sequence[bytes], choice: DeadChoice) -> DeadLetter | None:
    member, use_case, reason, detail, attempts, changed_at = (field.decode() for field in fields)
    rubric, _, trace_id = member.partition(SEPARATOR)
    if not changed_at or not choice.takes_name(rubric, trace_id):
        return None
    return DeadLetter(
        trace_id=trace_id,
        rubric=rubric,
        use_case=use_case,
        reason=reason,
        detail=detail,
        attempts=int(attempts),
        gave_up_at=moment(changed_at),
    )
