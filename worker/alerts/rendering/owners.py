"""Rules of use cases, a copy for each team that answers for some of them.

So an alert carries its owner as a plain label, and needs no join with a series that tells who owns what.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import NamedTuple

from assay.worker.alerts.rendering.promql import LABELS
from assay.worker.alerts.rule import AlertRule, Condition
from assay.worker.alerts.rules.parts import ALL_USE_CASES
from assay.worker.config.deployment import Deployment


class OwnedRule(NamedTuple):
    """A rule, and the owner of the use cases it is of. None: it is of no use case, or they have none."""

    rule: AlertRule
    owner: str | None


def owned(rule: AlertRule, deployment: Deployment) -> Iterator[OwnedRule]:
    """A rule by owners."""
    owners = {case.name: case.owner for case in deployment.use_cases}
    if "use_case" not in rule.by:
        yield OwnedRule(rule, None)
        return
    asked = _use_cases(rule, tuple(owners))
    by_owner: dict[str | None, list[str]] = {}
    for name in asked:
        by_owner.setdefault(owners.get(name), []).append(name)
    if len(by_owner) > 1 and len(asked) == len(owners):
        by_owner.setdefault(None, []).append(ALL_USE_CASES)
    for owner, names in by_owner.items():
        yield OwnedRule(rule if len(by_owner) == 1 else _of(rule, names), owner)


def _use_cases(rule: AlertRule, every: tuple[str, ...]) -> tuple[str, ...]:
    asked = rule.all_of[0].where.get("use_case") if rule.all_of else None
    return every if asked is None else tuple(asked.split("|"))


def _of(rule: AlertRule, use_cases: list[str]) -> AlertRule:
    return replace(rule, all_of=tuple(_only(condition, use_cases) for condition in rule.all_of))


def _only(condition: Condition, use_cases: list[str]) -> Condition:
    if "use_case" not in LABELS[condition.metric]:
        return condition
    return replace(condition, where={**condition.where, "use_case": "|".join(use_cases)})
