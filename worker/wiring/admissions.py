"""Leave for model calls, composed: for the fleet over Redis, for a command over the same or within its process."""

from __future__ import annotations

from collections.abc import Iterable

from assay.judges.errors import ConfigurationError
from assay.judges.rubric import ModelAt, Rubric
from assay.judges.team_files.near_names import did_you_mean, nearest
from assay.worker.config.deployment import CONFIG_FILE, Deployment
from assay.worker.config.endpoint_in_force import endpoint_in_force
from assay.worker.config.judge_files import JudgeFiles, no_judge_files, read_judge_files
from assay.worker.config.limits import DEFAULT_ENDPOINT
from assay.worker.config.root import ConfigRoot
from assay.worker.config.settings import Settings
from assay.worker.limits.admissions import Admissions, OwnBounds, unpriced
from assay.worker.limits.call_rules import CallRules, endpoint_key
from assay.worker.limits.patience import COMMAND, WORKER, Patience
from assay.worker.limits.shared_account import SharedAccount
from assay.worker.ports.call_limits import CallAccount
from assay.worker.state.memory.call_account import MemoryCallAccount
from assay.worker.telemetry.observe import observe_call

LONGEST_CALL_S = 60.0
"""The longest deadline of a call that learns its own, in seconds."""

LEASE_SPARE_S = 30.0
"""How much longer than the longest call a lease holds, in seconds: time to tell the call's end."""


def fleet_admissions(
    account: CallAccount, deployment: Deployment, settings: Settings, files: JudgeFiles | None = None
) -> Admissions:
    """Leave for the calls of a worker, over the account that all processes share."""
    in_files = files or no_judge_files()
    rules = CallRules.of(deployment, in_files.prices)
    return _admissions(SharedAccount(account, MemoryCallAccount), rules, settings, WORKER, in_files)


def command_admissions(
    root: ConfigRoot, settings: Settings, account: CallAccount | None = None, files: JudgeFiles | None = None
) -> Admissions:
    """Leave for the calls of a command.

    Args:
        root: whose limits hold. None do where it has no assay.yaml.
        settings: of this process.
        account: what all processes share. None: limits hold within this process.
        files: what the root says of endpoints and prices. None: it is read.
    """
    shared = MemoryCallAccount() if account is None else SharedAccount(account, MemoryCallAccount)
    in_files = files or read_judge_files(root, settings)
    has_limits = (root.path / CONFIG_FILE).is_file()
    rules = CallRules.of(root.deployment(), in_files.prices) if has_limits else CallRules(prices=in_files.prices)
    return _admissions(shared, rules, settings, COMMAND, in_files)


def _admissions(
    account: CallAccount, rules: CallRules, settings: Settings, patience: Patience, files: JudgeFiles
) -> Admissions:
    sections = {name: placed.section for name, placed in files.endpoints.items()}
    return Admissions(
        account,
        rules,
        slots=settings.judge_concurrency,
        patience=patience,
        lease_s=_lease_s(settings.judge_timeout_s),
        own={
            name: OwnBounds(
                section.concurrency or settings.judge_concurrency,
                _lease_s(section.timeout_s or settings.judge_timeout_s),
            )
            for name, section in sections.items()
        },
        observe=observe_call,
    )


def _lease_s(timeout_s: float | None) -> float:
    return (timeout_s or LONGEST_CALL_S) + LEASE_SPARE_S


def check_endpoints(files: JudgeFiles, settings: Settings) -> None:
    """Refuse an endpoint of the files that cannot be used, also where no rubric names it yet.

    Raises:
        ConfigurationError: names file, key and remedy.
    """
    for name in files.endpoints:
        endpoint_in_force(name, files, settings)


def check_limits(
    deployment: Deployment, rubrics: dict[str, Rubric], settings: Settings, files: JudgeFiles | None = None
) -> None:
    """Refuse limits of an endpoint that is none, and a budget that is to pay for a model without a price.

    Raises:
        ConfigurationError: names file, key and remedy.
    """
    in_files = files or no_judge_files()
    asked = {model.endpoint for rubric in rubrics.values() for model in models_of(rubric)}
    known = {DEFAULT_ENDPOINT, *in_files.endpoints, *(name for name in asked if name)}
    for name in deployment.limits.endpoints:
        if name not in known and endpoint_in_force(name, in_files, settings) is None:
            remedy = did_you_mean(name, sorted(known), "known endpoints")
            raise ConfigurationError(f"{CONFIG_FILE}: limits.endpoints.{name}: unknown; {remedy}")
    rules = CallRules.of(deployment, in_files.prices)
    _check_models(rules, rubrics)
    for case in deployment.use_cases:
        budgets = rules.budgets_of(case.name)
        for model in (model for name in deployment.rubrics_of(case) for model in models_of(rubrics[name])):
            endpoint = endpoint_key(model.endpoint)
            if budgets and rules.bound_usd(endpoint, model.model, 1, 1) is None:
                raise unpriced(endpoint, model.model, budgets[-1].use_case)


def _check_models(rules: CallRules, rubrics: dict[str, Rubric]) -> None:
    """Refuse what looks like a slip. A limit of a model that nobody asks yet, or any more, is none.

    A model that the price table knows is no slip of another: names of a family differ in little.
    """
    asked = {(endpoint_key(m.endpoint), m.model) for rubric in rubrics.values() for m in models_of(rubric)}
    for name, endpoint in rules.limits.endpoints.items():
        there = sorted(model for at, model in asked if at == name)
        for model in endpoint.models:
            key = f"{CONFIG_FILE}: limits.endpoints.{name}.models.{model}"
            if "*" in model:
                raise ConfigurationError(f"{key}: name one model; patterns are not understood")
            is_real = model in there or rules.bound_usd("", model, 1, 1) is not None
            if not is_real and nearest(model, there) is not None:
                raise ConfigurationError(f"{key}: no rubric asks it; {did_you_mean(model, there, 'asked')}")


def models_of(rubric: Rubric) -> Iterable[ModelAt]:
    """The models that a rubric asks."""
    if rubric.method == "checks":
        return ()
    return [named for tier in rubric.judge.tiers for named in rubric.judge.models(tier)]
