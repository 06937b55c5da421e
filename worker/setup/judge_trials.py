"""Trying the judge models that rubrics name, each at its endpoint, one after the other."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterable
from typing import NamedTuple

from assay.judges.errors import ConfigurationError
from assay.judges.llm.preview import models_asked
from assay.judges.llm.statements.forms import ANSWER_TOKENS, DECISION_TOKENS
from assay.judges.models.endpoint_settings import DECISION_PROTOCOLS, EndpointSettings
from assay.judges.rubric import DecisionOptions, JudgeName, LlmOptions, ModelAt, Rubric
from assay.judges.schema import Usage
from assay.judges.team_files.near_names import did_you_mean
from assay.worker.config.endpoint_in_force import endpoint_in_force
from assay.worker.config.endpoints import ENDPOINTS_FILE
from assay.worker.config.judge_files import JudgeFiles, read_judge_files
from assay.worker.config.limits import DEFAULT_ENDPOINT
from assay.worker.config.root import ConfigRoot
from assay.worker.config.settings import Settings
from assay.worker.ports.health import Check
from assay.worker.setup.judge_trial import JudgeTrial
from assay.worker.setup.judge_trial_checks import TrialReport
from assay.worker.setup.judge_trial_leave import MOST_CALLS
from assay.worker.setup.judge_trial_remedies import sources_of
from assay.worker.setup.judge_trial_window import LONG_TOKENS, SHORT_TOKENS
from assay.worker.wiring.admissions import command_admissions
from assay.worker.wiring.models import remedy_for

_ENDPOINT_NAME = re.compile(r"[a-z][a-z0-9-]{0,30}")
"""A name that an endpoint may have, e.g. `in-house`."""

_SAMPLE_TOKENS = 2_000
"""More than the prompt of the sample has with the schema in it, whatever the tokeniser."""


class Asked(NamedTuple):
    """A model to try.

    Attributes:
        named: the model and its endpoint.
        options: how it is asked in production.
    """

    named: ModelAt
    options: LlmOptions | DecisionOptions

    @property
    def endpoint(self) -> str:
        """The name of its endpoint."""
        return self.named.endpoint or DEFAULT_ENDPOINT


class JudgeTrials:
    """Tries models. Limits and budgets of assay.yaml hold, within this process."""

    def __init__(self, root: ConfigRoot, settings: Settings, rubrics: Iterable[Rubric]) -> None:
        """Read what the files say of endpoints.

        Args:
            root: where the files are.
            settings: the environment.
            rubrics: whose models are tried.

        Raises:
            ConfigurationError
        """
        self._settings = settings
        self._files: JudgeFiles = read_judge_files(root, settings)
        self._admissions = command_admissions(root, settings, files=self._files)
        self._rubrics = list(rubrics)

    def asked(self, endpoint: str | None = None, model: str | None = None) -> list[Asked]:
        """What to try: the models that rubrics name; without any, the usual one.

        Args:
            endpoint: only those at this endpoint. One that no rubric names is tried with `model`, else the usual model.
            model: only this model.

        Raises:
            ConfigurationError: there is no such endpoint, or the name of the model is empty.
        """
        if endpoint is not None:
            self._check_endpoint(endpoint)
        if model is not None and not model.strip():
            raise ConfigurationError("assay doctor: --model: the name is empty; name one, e.g. gpt-5.4-mini")
        named = [
            Asked(each, _options(rubric, tier, each))
            for rubric in self._rubrics
            for tier, each in models_asked(rubric)
            if (endpoint or each.endpoint or DEFAULT_ENDPOINT) == (each.endpoint or DEFAULT_ENDPOINT)
            and (model or each.model) == each.model
        ]
        if not named:
            name = None if endpoint in {None, DEFAULT_ENDPOINT} else endpoint
            named = [self._unnamed(name, model or self._settings.judge_model)]
        return list({(each.endpoint, each.named.model, _way(each.options)): each for each in named}.values())

    def _check_endpoint(self, endpoint: str) -> None:
        """Refuse a name that no endpoint has."""
        known = sorted({DEFAULT_ENDPOINT, *self._files.endpoints, *self._named_by_rubrics()})
        if endpoint in known:
            return
        if _ENDPOINT_NAME.fullmatch(endpoint) and endpoint_in_force(endpoint, self._files, self._settings) is not None:
            return
        remedy = did_you_mean(endpoint, known, "known endpoints")
        raise ConfigurationError(f"assay doctor: --endpoint: {endpoint!r} is no endpoint; {remedy}")

    def _named_by_rubrics(self) -> set[str]:
        return {named.endpoint for rubric in self._rubrics for _, named in models_asked(rubric) if named.endpoint}

    def _unnamed(self, endpoint: str | None, model: str) -> Asked:
        """A model that no rubric names, asked as its endpoint's protocol lets it."""
        place = endpoint_in_force(endpoint, self._files, self._settings)
        if place is not None and place.protocol in DECISION_PROTOCOLS:
            decision = DecisionOptions(model=model, endpoint=endpoint)
            return Asked(decision, decision)
        options = LlmOptions(model=model, endpoint=endpoint)
        return Asked(options, options)

    async def checks(self, asked: Iterable[Asked]) -> AsyncIterator[Check]:
        """Every check in turn, as it is done: for each model first what trying it may take."""
        for each in asked:
            try:
                async for check in self._tried(each):
                    yield check
            except ConfigurationError as exc:
                name = f"judge ({each.endpoint}, {each.named.model})"
                remedy = "mend the setting it names"
                yield Check(name=name, status="fail", message=str(exc), remedy=remedy, is_configuration=True)

    async def _tried(self, asked: Asked) -> AsyncIterator[Check]:
        place = self._place(asked)
        title = f"{place.name}, {asked.named.model}"
        is_decision = isinstance(asked.options, DecisionOptions)
        if is_decision != (place.protocol in DECISION_PROTOCOLS):
            wanted = "systemone or decisions" if is_decision else "openai, anthropic or gemini"
            raise ConfigurationError(
                f"{asked.options.key}: endpoint {place.name} speaks {place.protocol}; set its protocol to {wanted}, or "
                "name another endpoint"
            )
        prices = self._files.prices
        admission = self._admissions.of(asked.named.endpoint, asked.named.model)
        trial = JudgeTrial(asked.named.model, place, asked.options, prices, admission)
        yield Check(name=f"trial ({title})", status="ok", message=self._most(asked))
        facts = await trial.run()
        sources = sources_of(place, self._files, self._settings)
        report = TrialReport(asked.named.model, place, prices, facts, sources=sources, options=asked.options)
        for check in report.checks():
            yield check

    def _place(self, asked: Asked) -> EndpointSettings:
        place = endpoint_in_force(asked.named.endpoint, self._files, self._settings)
        if place is None:
            remedy = remedy_for(asked.named.endpoint, self._settings, self._files.endpoints)
            there = sorted(self._files.endpoints.keys() - {asked.endpoint})
            if there and asked.endpoint == DEFAULT_ENDPOINT:
                remedy += f"; {ENDPOINTS_FILE} has {', '.join(there)}: --endpoint {there[0]}, or name it in a rubric"
            raise ConfigurationError(f"no endpoint for {asked.named.model}; {remedy}")
        return place

    def _most(self, asked: Asked) -> str:
        """What trying takes at most, told before the first request."""
        options, is_decision = asked.options, isinstance(asked.options, DecisionOptions)
        each = DECISION_TOKENS if is_decision else ANSWER_TOKENS
        if isinstance(options, LlmOptions) and options.ask == "table":
            each = 2 * options.max_tokens  # a reply that did not fit is asked for with twice the room
        windows = 0 if is_decision else 2
        usage = Usage(
            calls=MOST_CALLS,
            prompt_tokens=(MOST_CALLS - windows) * _SAMPLE_TOKENS + (0 if is_decision else LONG_TOKENS + SHORT_TOKENS),
            completion_tokens=(MOST_CALLS - windows) * each + windows * 256,
        )
        cost = self._files.prices.cost(asked.named.model, usage)
        told = "at a price that is not known" if cost is None else f"at most {cost:.2f} USD"
        usually = 2 if is_decision else 6 if _way(options) == "sentences" else 4
        prompts = "a made-up sample twice" + ("" if is_decision else ", and a short and a long prompt")
        return (
            f"sends {prompts}: usually {usually} requests, at most {MOST_CALLS} with "
            f"{usage.prompt_tokens + usage.completion_tokens:,} tokens, {told}"
        )


def _way(options: LlmOptions | DecisionOptions) -> str:
    """How a model is asked, e.g. `sentences`: asked in two ways, it is tried in both."""
    return options.ask if isinstance(options, LlmOptions) else "decision"


def _options(rubric: Rubric, tier: JudgeName, named: ModelAt) -> LlmOptions | DecisionOptions:
    """How a rubric asks a model: its own options. The members of a panel share those of the panel."""
    if tier == "decision" and rubric.judge.decision is not None:
        return rubric.judge.decision
    if tier == "panel":
        members = rubric.judge.member_options().model_dump(exclude={"max_usd"})
        return LlmOptions.model_validate(members | {"model": named.model, "endpoint": named.endpoint})
    return rubric.judge.llm or LlmOptions(model=named.model, endpoint=named.endpoint)
