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
    """A rule, and whose it is.

    Attributes:
        rule: its conditions pick the use cases.
        owner: of these use cases. None: it is of no use case, or they have none.
        use_cases: which ones, where it is not of all.
    """

    rule: AlertRule
    owner: str | None
    use_cases: tuple[str, ...] = ()


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
        if len(by_owner) == 1:
            yield OwnedRule(rule, owner)
        else:
            yield OwnedRule(_of(rule, names), owner, tuple(names))


def _use_cases(rule: AlertRule, every: tuple[str, ...]) -> tuple[str, ...]:
    asked = rule.all_of[0].where.get("use_case") if rule.all_of else None
    return every if asked is None else tuple(asked.split("|"))


def _of(rule: AlertRule, use_cases: list[str]) -> AlertRule:
    return replace(rule, all_of=tuple(_only(condition, use_cases) for condition in rule.all_of))


def _only(condition: Condition, use_cases: list[str]) -> Condition:
    if "use_case" not in LABELS[condition.metric]:
        return condition
    return replace(condition, where={**condition.where, "use_case": "|".join(use_cases)})
