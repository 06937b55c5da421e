"""Where texts are embedded: the endpoint that `drift.embeddings` names, and what is wrong with it before a start."""

from __future__ import annotations

from assay.judges.errors import ConfigurationError
from assay.judges.models.endpoint_settings import EndpointSettings
from assay.judges.team_files.near_names import nearest
from assay.worker.config.deployment import CONFIG_FILE, Deployment
from assay.worker.config.drifting import Embeddings
from assay.worker.config.endpoint_in_force import endpoint_in_force
from assay.worker.config.judge_files import JudgeFiles
from assay.worker.config.limits import DEFAULT_ENDPOINT
from assay.worker.config.settings import Settings
from assay.worker.limits.admissions import unpriced
from assay.worker.limits.call_rules import CallRules, endpoint_key
from assay.worker.wiring.models import remedy_for

EMBEDDINGS = "drift.embeddings"


def endpoint_name(embeddings: Embeddings) -> str | None:
    """As rubrics name it; None: the usual one."""
    return None if embeddings.endpoint == DEFAULT_ENDPOINT else embeddings.endpoint


def embedding_place(embeddings: Embeddings, files: JudgeFiles, settings: Settings) -> EndpointSettings:
    """Where texts are embedded.

    Raises:
        ConfigurationError: no endpoint of that name, or it cannot be used.
    """
    name = endpoint_name(embeddings)
    place = endpoint_in_force(name, files, settings)
    if place is None:
        meant = nearest(embeddings.endpoint, [DEFAULT_ENDPOINT, *files.endpoints])
        remedy = remedy_for(name, settings, files.endpoints)
        hint = f"did you mean {meant!r}? else " if meant else ""
        raise ConfigurationError(
            f"{CONFIG_FILE}: {EMBEDDINGS}.endpoint: {embeddings.endpoint} is unknown; {hint}{remedy}"
        )
    return place


def check_embedding(deployment: Deployment, files: JudgeFiles, settings: Settings) -> None:
    """Refuse an endpoint that cannot embed, and a budget that is to pay for a model without a price.

    Raises:
        ConfigurationError: names file, key and remedy.
    """
    embeddings = deployment.drift.embeddings
    if embeddings is None:
        return
    place = embedding_place(embeddings, files, settings)
    # Numbers and connections are not loaded where nothing is embedded.
    from assay.judges.models.embeddings import check_place

    check_place(place, embeddings.model)
    rules, endpoint = CallRules.of(deployment, files.prices), endpoint_key(endpoint_name(embeddings))
    if rules.bound_usd(endpoint, embeddings.model, 1, 0) is not None:
        return
    for case in deployment.use_cases:
        budgets = rules.budgets_of(case.name)
        if budgets and may_be_embedded(deployment, case.name):
            raise unpriced(endpoint, embeddings.model, budgets[-1].use_case)


def may_be_embedded(deployment: Deployment, use_case: str) -> bool:
    """Whether a use case's text may go to the endpoint that embeds: only where `judges_allowed` is unset or names it.

    Of an unknown use case nothing is known, so nothing goes.
    """
    case, settings = deployment.use_case(use_case), deployment.drift.embeddings
    if case is None or settings is None:
        return False
    return case.judges_allowed is None or settings.endpoint in case.judges_allowed
