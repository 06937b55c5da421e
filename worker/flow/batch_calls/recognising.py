"""Which batch at the provider is ours, where its creation was not answered.

Some providers keep our tag. Elsewhere several batches may look alike, and full ones always do: then the first line of
the results tells, for its key is one of ours or it is not. Until a batch has ended nobody knows, and one that may be
somebody else's is neither ended nor deleted.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from contextlib import aclosing
from typing import NamedTuple

import structlog

from assay.judges.errors import EvaluationError, ModelAccessDenied, TransientModelError
from assay.judges.models.batches.port import BatchApi, Candidate

log = structlog.get_logger(__name__)


class Recognition(NamedTuple):
    """What is known of the candidates.

    Attributes:
        batch_id: ours. None: it is not known yet, or none is.
        not_ours: hold other requests.
        undecided: nobody knows yet.
    """

    batch_id: str | None
    not_ours: Sequence[str] = ()
    undecided: Sequence[str] = ()


async def recognise(api: BatchApi, candidates: Sequence[Candidate], keys: Collection[str]) -> Recognition:
    """Which of the candidates holds requests with these keys.

    Args:
        api: the batches of the endpoint.
        candidates: of `BatchApi.find`, without those that are known to be others'.
        keys: of our requests.
    """
    not_ours: list[str] = []
    undecided: list[str] = []
    for candidate in candidates:
        is_ours = candidate.is_certain or await _holds(api, candidate.batch_id, keys)
        if is_ours:
            return Recognition(candidate.batch_id, not_ours, undecided)
        (undecided if is_ours is None else not_ours).append(candidate.batch_id)
    return Recognition(None, not_ours, undecided)


async def _holds(api: BatchApi, batch_id: str, keys: Collection[str]) -> bool | None:
    """Whether the first line of its results has one of these keys. None: it cannot be told now."""
    try:
        state = await api.state(batch_id)
        if not state.is_ended:
            return None
        async with aclosing(api.results(batch_id, state)) as lines:
            async for line in lines:
                return line.key in keys
    except EvaluationError as exc:
        log.warning("batch.not_recognised", batch_id=batch_id, error=str(exc)[:300])
        return None
    return False


def may_pass(error: EvaluationError) -> bool:
    """Whether an error says nothing of the batch: the endpoint cannot be asked, or lets nobody in with this key."""
    if isinstance(error, ModelAccessDenied):
        return error.reach != "model"  # that is a 404: there is no such thing
    return isinstance(error, TransientModelError)
