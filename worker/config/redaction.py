"""What of a use case's text is replaced before any judge sees it."""

from __future__ import annotations

from assay.judges.errors import ConfigurationError
from assay.judges.redaction.policy import Redaction
from assay.worker.config.deployment import CONFIG_FILE, Deployment
from assay.worker.config.use_cases import UseCase


def redaction_of(deployment: Deployment, use_case: str) -> Redaction:
    """The redaction of a use case.

    Raises:
        ConfigurationError: assay.yaml has no such use case. Nothing is known of its policy, so nobody may see its text.
    """
    case = deployment.use_case(use_case)
    if case is None:
        raise ConfigurationError(
            f"{CONFIG_FILE}: use_cases: none is called {use_case!r}, so it is not known what to redact; add it again"
        )
    return redaction_of_case(deployment, case)


def redaction_of_case(deployment: Deployment, case: UseCase) -> Redaction:
    """The redaction of a use case that is at hand."""
    return Redaction.of(deployment.defaults.redact if case.redact is None else case.redact)


def redaction_for(deployment: Deployment, use_case: UseCase | None) -> Redaction:
    """The redaction of a trace's use case; of a trace that none takes the strictest."""
    return strictest(deployment) if use_case is None else redaction_of(deployment, use_case.name)


def strictest(deployment: Deployment) -> Redaction:
    """Everything that any use case redacts: for a text of which nobody knows the use case."""
    named = [redaction_of(deployment, case.name) for case in deployment.use_cases]
    whole = [Redaction.of(deployment.defaults.redact), *named]
    return Redaction.of([item for each in whole for item in (*each.kinds, *each.patterns)])
