"""Trying the judge models that rubrics name, each at its endpoint, one after the other."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from typing import NamedTuple

from assay.judges.errors import ConfigurationError
from assay.judges.models.endpoint_settings import DECISION_PROTOCOLS, EndpointSettings
from assay.judges.rubric import LlmOptions, ModelAt, Rubric
from assay.judges.schema import Usage
from assay.worker.config.endpoint_in_force import endpoint_in_force
from assay.worker.config.judge_files import JudgeFiles, read_judge_files
from assay.worker.config.limits import DEFAULT_ENDPOINT
from assay.worker.config.root import ConfigRoot
from assay.worker.config.settings import Settings
from assay.worker.ports.health import Check
from assay.worker.setup.judge_trial import LONG_TOKENS, MOST_CALLS, JudgeTrial
from assay.worker.setup.judge_trial_checks import TrialReport
from assay.worker.wiring.admissions import command_admissions, models_of
from assay.worker.wiring.models import remedy_for

_SAMPLE_TOKENS = 2_000
"""More than the prompt of the sample has with the schema in it, whatever the tokeniser."""


class Asked(NamedTuple):
    """A model to try.

    Attributes:
        named: the model and its endpoint.
        options: how it is asked in production.
    """

    named: ModelAt
    options: LlmOptions

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
        """
        named = [
            Asked(each, _options(rubric, each))
            for rubric in self._rubrics
            for each in models_of(rubric)
            if (endpoint or each.endpoint or DEFAULT_ENDPOINT) == (each.endpoint or DEFAULT_ENDPOINT)
            and (model or each.model) == each.model
        ]
        if not named:
            name = None if endpoint in {None, DEFAULT_ENDPOINT} else endpoint
            options = LlmOptions(model=model or self._settings.judge_model, endpoint=name)
            named = [Asked(options, options)]
        return list({(each.endpoint, each.named.model): each for each in named}.values())

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
        if place.protocol in DECISION_PROTOCOLS:
            message = f"speaks {place.protocol}: not tried here; `assay judge` shows what it decides"
            yield Check(name=f"judge ({title})", status="warn", message=message)
            return
        admission = self._admissions.of(asked.named.endpoint, asked.named.model)
        trial = JudgeTrial(asked.named.model, place, asked.options, self._files.prices, admission)
        yield Check(name=f"trial ({title})", status="ok", message=self._most(asked))
        facts = await trial.run()
        for check in TrialReport(asked.named.model, place, self._files.prices, facts).checks():
            yield check

    def _place(self, asked: Asked) -> EndpointSettings:
        place = endpoint_in_force(asked.named.endpoint, self._files, self._settings)
        if place is None:
            remedy = remedy_for(asked.named.endpoint, self._settings)
            raise ConfigurationError(f"no endpoint for {asked.named.model}; {remedy}")
        return place

    def _most(self, asked: Asked) -> str:
        """What trying takes at most, told before the first request."""
        usage = Usage(
            calls=MOST_CALLS,
            prompt_tokens=(MOST_CALLS - 1) * _SAMPLE_TOKENS + LONG_TOKENS,
            completion_tokens=(MOST_CALLS - 1) * asked.options.max_tokens + 256,
        )
        cost = self._files.prices.cost(asked.named.model, usage)
        told = "at a price that is not known" if cost is None else f"at most {cost:.2f} USD"
        return (
            f"sends a made-up sample twice and a long prompt once: usually 3 requests, at most {MOST_CALLS} with "
            f"{usage.prompt_tokens + usage.completion_tokens:,} tokens, {told}"
        )


def _options(rubric: Rubric, named: ModelAt) -> LlmOptions:
    """How a rubric asks a model: its own options, which the members of a panel share."""
    own = rubric.judge.llm
    update = {"model": named.model, "endpoint": named.endpoint}
    return LlmOptions.model_validate({**(own.model_dump() if own is not None else {}), **update})
