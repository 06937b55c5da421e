"""Egress: which judges may see the text of a use case."""

from __future__ import annotations

import logging
from collections.abc import Iterator

from assay.judges.errors import ConfigurationError
from assay.judges.rubric import Rubric
from assay.worker.config.deployment import CONFIG_FILE, Deployment
from assay.worker.config.limits import DEFAULT_ENDPOINT
from assay.worker.config.use_cases import UseCase

log = logging.getLogger(__name__)


def may_see(deployment: Deployment, use_case: str, rubric: Rubric) -> bool | None:
    """Whether a use case's text may go to every judge that a rubric may ask.

    Returns:
        None: assay.yaml has no such use case, so nothing is known of its policy. It may be new, and this worker has not
            read it yet, or it was removed.
    """
    case = deployment.use_case(use_case)
    return None if case is None else not forbidden(case, rubric)


def forbidden(use_case: UseCase, rubric: Rubric) -> list[str]:
    """Where a rubric may send text although the use case does not allow it.

    A model at the usual endpoint is named after its tier, `llm` or `panel`, or `default`, as the endpoint is called. A
    model at a named endpoint is named after that endpoint, whichever tier it is in.
    """
    allowed = use_case.judges_allowed
    return [] if allowed is None else sorted(set(_outside(rubric, frozenset(allowed))))


def _outside(rubric: Rubric, allowed: frozenset[str]) -> Iterator[str]:
    """The judges, each under the name it is asked by, that no allowed name means."""
    for tier in rubric.judge.tiers:
        for name in {member.endpoint or tier for member in rubric.judge.models(tier)} or {tier}:
            is_usual = name == DEFAULT_ENDPOINT or (name == tier and bool(rubric.judge.models(tier)))
            names = {tier, DEFAULT_ENDPOINT} if is_usual else {name}
            if not names & allowed:
                yield name


def check_egress(use_case: UseCase, rubric: Rubric) -> None:
    """Fail closed where a use case forbids any judge that a rubric may ask.

    Raises:
        ConfigurationError
    """
    if outside := forbidden(use_case, rubric):
        raise ConfigurationError(
            f"{CONFIG_FILE}: use_cases.{use_case.name}.judges_allowed: rubric {rubric.name!r} is judged by "
            f"{', '.join(map(repr, outside))}, which is not allowed here; allow it or choose another rubric"
        )
    if use_case.stakes == "high" and rubric.judge.is_cascade and rubric.judge.stakes != "high":
        log.warning(
            "%s: use_cases.%s.stakes: high, but rubric %r goes on only where its first tier is unsure; "
            "a rubric with `judge: {stakes: high}` asks its last tier always",
            CONFIG_FILE,
            use_case.name,
            rubric.name,
        )
