"""Opening the deployment's trace store, and asking it for what only some stores have."""

from __future__ import annotations

from collections.abc import Iterable

from assay.judges.errors import ConfigurationError
from assay.judges.rubric import Rubric
from assay.worker.config.deployment import Deployment
from assay.worker.config.root import ConfigRoot
from assay.worker.config.settings import Settings, read_variables
from assay.worker.config.store_section import own_section
from assay.worker.config.use_cases import Match
from assay.worker.extraction.needs import metadata_keys
from assay.worker.flow.score_specs import score_specs
from assay.worker.ports.limits import RateLimits
from assay.worker.ports.locks import Locks
from assay.worker.ports.reviews import ReviewQueues, WithReviewQueues
from assay.worker.ports.store import Store, StoreContext
from assay.worker.state.memory.limits import MemoryLimits
from assay.worker.stores.registry import embedded_factory, factory_of, kinds_with


def open_deployment_store(
    root: ConfigRoot,
    deployment: Deployment,
    settings: Settings,
    *,
    rubrics: Iterable[Rubric] = (),
    limits: RateLimits | None = None,
    locks: Locks | None = None,
) -> Store:
    """The deployment's trace store.

    Args:
        root: where the deployment's files are.
        deployment: which store it has.
        settings: its settings from the environment.
        rubrics: which scores will be written.
        limits: the account of a remote store's request budget; by default this process counts for itself.
        locks: keeps workers from creating the same thing in a store twice.

    Raises:
        ConfigurationError: a key or a path is missing.
    """
    factory = factory_of(deployment.store.kind)
    context = store_context(root, deployment, settings, rubrics=rubrics, limits=limits, locks=locks)
    return factory.open(own_section(deployment.store), read_variables(factory.variables), context)


def check_store(root: ConfigRoot, deployment: Deployment, settings: Settings, rubrics: Iterable[Rubric]) -> None:
    """Refuse a trace store that could not be opened: its keys, addresses and paths. It is asked nothing.

    Raises:
        ConfigurationError: a key or a path is missing.
    """
    # Nothing is to be closed: a store connects, or opens its file, at its first call.
    open_deployment_store(root, deployment, settings, rubrics=rubrics)


def store_context(
    root: ConfigRoot,
    deployment: Deployment,
    settings: Settings,
    *,
    rubrics: Iterable[Rubric] = (),
    limits: RateLimits | None = None,
    locks: Locks | None = None,
) -> StoreContext:
    """What a store may use of a deployment. Arguments as of `open_deployment_store`."""
    rubrics = tuple(rubrics)
    return StoreContext(
        home=root.path,
        data_dir=root.data_dir(settings),
        limits=limits or MemoryLimits(),
        embedded_kind=embedded_factory().kind,
        locks=locks,
        specs=score_specs(rubrics),
        root_metadata=frozenset(key for match in _matches(deployment) for key in match.metadata),
        content_metadata=frozenset(metadata_keys(rubric.sample for rubric in rubrics)),
    )


def review_queues_of(store: object) -> ReviewQueues:
    """The store's queues.

    Raises:
        ConfigurationError: it has none.
    """
    if isinstance(store, WithReviewQueues):
        return store.review_queues
    raise ConfigurationError(
        "assay.yaml: store.kind: this store has neither annotation queues nor user feedback; only "
        f"{kinds_with(WithReviewQueues)} has"
    )


def _matches(deployment: Deployment) -> Iterable[Match]:
    for case in deployment.use_cases:
        yield case.match
        yield from (stratum.when for stratum in case.strata)
