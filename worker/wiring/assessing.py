"""What judging a batch needs beside its ports: its limits, and the embedding model, opened once for a process.

Without an embedding model, or where it cannot be used, vectors are hashed words.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

import structlog

from assay.judges.errors import ConfigurationError
from assay.judges.models.endpoint_settings import EndpointSettings
from assay.worker.config.drifting import Embeddings
from assay.worker.config.settings import Settings
from assay.worker.wiring.embedding import embedding_place, endpoint_name, may_be_embedded

if TYPE_CHECKING:
    from assay.judges.models.embeddings import EmbeddingModel
    from assay.worker.flow.embedding import Embedding
    from assay.worker.flow.transitions import AssessLimits
    from assay.worker.wiring.runtime import Runtime

log = structlog.get_logger(__name__)


class OpenEmbedder(NamedTuple):
    """One that is open, and from what settings."""

    settings: Embeddings
    place: EndpointSettings
    model: EmbeddingModel


def assess_limits(settings: Settings) -> AssessLimits:
    """How long a batch, and a trace, may take."""
    from assay.worker.flow.transitions import AssessLimits

    return AssessLimits(
        batch_deadline=timedelta(seconds=settings.batch_deadline_s),
        trace_wait=timedelta(seconds=settings.trace_wait_s),
        max_age=timedelta(seconds=settings.max_age_s),
    )


def embedding_of(runtime: Runtime, opened: list[OpenEmbedder]) -> Embedding | None:
    """What embeds texts by the files as they are. One that cannot be used is told, and costs no trace.

    Args:
        runtime: whose files count.
        opened: those of this process, which it closes at its end.
    """
    settings = runtime.deployment.drift.embeddings
    if settings is None:
        return None
    from assay.worker.flow.embedding import Embedding

    try:
        model = _opened(runtime, settings, opened)
    except ConfigurationError as exc:
        log.warning("embedding.not_usable", error=str(exc)[:300], remedy="vectors are hashed words meanwhile")
        return None
    return Embedding(model, lambda use_case: may_be_embedded(runtime.deployment, use_case))


def _opened(runtime: Runtime, settings: Embeddings, opened: list[OpenEmbedder]) -> EmbeddingModel:
    from assay.judges.models.embeddings import EmbeddingModel

    place = embedding_place(settings, runtime.judge_files, runtime.settings)
    for known in opened:
        if (known.settings, known.place) == (settings, place):
            return known.model
    admission = runtime.admissions.of(endpoint_name(settings), settings.model)
    model = EmbeddingModel(settings.model, place, admission=admission, timeout_s=settings.timeout_seconds)
    opened.append(OpenEmbedder(settings, place, model))
    return model
