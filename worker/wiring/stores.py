"""Opening the deployment's trace store."""

from __future__ import annotations

from collections.abc import Iterable

from assay.judges.rubric import Rubric
from assay.worker.config.deployment import Deployment
from assay.worker.config.root import ConfigRoot
from assay.worker.config.settings import Settings
from assay.worker.ports.state import FleetState
from assay.worker.ports.store import Store
from assay.worker.state.memory.limits import MemoryLimits
from assay.worker.stores import open_store


def open_deployment_store(
    root: ConfigRoot,
    deployment: Deployment,
    settings: Settings,
    *,
    rubrics: Iterable[Rubric] = (),
    state: FleetState | None = None,
) -> Store:
    """The deployment's trace store; `state` shares a remote store's request budget with all workers.

    Raises:
        ConfigurationError: a key or a path is missing.
    """
    if deployment.store.kind == "langfuse":
        # The SDK and what it brings take a while to import; deployments on the embedded store never need them.
        from assay.worker.stores.langfuse.factory import open_langfuse

        limits = state.limits if state else MemoryLimits()
        return open_langfuse(
            deployment, settings, limits=limits, rubrics=tuple(rubrics), locks=state.locks if state else None
        )
    path = root.path / deployment.store.path if deployment.store.path else root.data_dir(settings) / "traces.db"
    return open_store(deployment.store.kind, path=path)
