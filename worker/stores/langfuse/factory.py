"""Opening Langfuse as the deployment's store: keys from the settings, the plan from assay.yaml, scores from rubrics."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from assay.judges.errors import ConfigurationError
from assay.judges.rubric import Rubric
from assay.worker.config.deployment import Deployment, Match
from assay.worker.config.settings import Settings
from assay.worker.extraction.needs import metadata_keys
from assay.worker.flow.scores import score_specs
from assay.worker.ports.limits import RateLimits
from assay.worker.ports.locks import Locks
from assay.worker.stores.langfuse import PLANS, LangfuseStore
from assay.worker.stores.langfuse.client import LangfuseClient

CLOUD = "https://cloud.langfuse.com"


def open_langfuse(
    deployment: Deployment,
    settings: Settings,
    *,
    limits: RateLimits,
    rubrics: Sequence[Rubric] = (),
    locks: Locks | None = None,
) -> LangfuseStore:
    """The Langfuse project that the keys belong to.

    Args:
        deployment: which plan's limits, which metadata selection looks at.
        settings: the keys.
        limits: where the request budget is kept; shared by all workers, or this process's own.
        rubrics: which scores will be written, and which metadata their selectors look at.
        locks: keeps workers from making the same score config twice.

    Raises:
        ConfigurationError: a key is missing; the message names it.
    """
    client = langfuse_client(deployment, settings, limits=limits)
    return LangfuseStore(
        client,
        specs=score_specs(rubrics),
        root_metadata=_matched_keys(deployment),
        content_metadata=metadata_keys(rubric.sample for rubric in rubrics),
        locks=locks,
    )


def langfuse_client(deployment: Deployment, settings: Settings, *, limits: RateLimits) -> LangfuseClient:
    """The connection alone.

    Raises:
        ConfigurationError
    """
    given = {"LANGFUSE_PUBLIC_KEY": settings.langfuse_public_key, "LANGFUSE_SECRET_KEY": settings.langfuse_secret_key}
    missing = [name for name, value in given.items() if value is None]
    if missing or settings.langfuse_public_key is None or settings.langfuse_secret_key is None:
        raise ConfigurationError(
            f"environment: {' and '.join(missing)}: not set, but assay.yaml says store.kind: langfuse; "
            "make an API key in the settings of your Langfuse project, or say store: {kind: sqlite}"
        )
    plan = PLANS[deployment.store.plan]
    asked = deployment.store.requests_per_minute
    return LangfuseClient(
        settings.langfuse_base_url or CLOUD,
        public_key=settings.langfuse_public_key,
        secret_key=settings.langfuse_secret_key,
        limits=limits,
        plan=plan if asked is None else plan.model_copy(update={"general": asked}),
    )


def _matched_keys(deployment: Deployment) -> set[str]:
    """Metadata keys that selection looks at: without any, roots are listed without metadata."""
    return {key for match in _matches(deployment) for key in match.metadata}


def _matches(deployment: Deployment) -> Iterable[Match]:
    for case in deployment.use_cases:
        yield case.match
        yield from (stratum.when for stratum in case.strata)
