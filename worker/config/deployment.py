"""The deployment: `assay.yaml`, read and checked. One deployment watches one project of one trace store."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import yaml
from pydantic import Field, JsonValue, ValidationError, field_validator, model_validator

from assay.judges.errors import ConfigurationError
from assay.judges.rubric import first_problem, load_yaml
from assay.judges.schema import Record
from assay.worker.config.store_section import StoreConfig, own_section
from assay.worker.ports.reviews import WithReviewQueues
from assay.worker.stores.registry import factories, factory_of, kinds_with, titles_with

CONFIG_FILE = "assay.yaml"
USUAL_RATES = (0.05, 0.30)
HIGH_STAKES_LEAST = 0.20
JudgeOrEndpoint = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,30}$")]
UsualRate = Annotated[float, Field(ge=USUAL_RATES[0], le=USUAL_RATES[1])]
Rate = Annotated[float, Field(gt=0.0, le=1.0)]


class Match(Record):
    """Which traces: keys are ANDed, the values of one key ORed, globs allowed. Empty matches every trace."""

    environment: tuple[str, ...] = ()
    trace_name: tuple[str, ...] = ()
    release: tuple[str, ...] = ()
    version: tuple[str, ...] = ()
    level: tuple[str, ...] = ()
    user_id: tuple[str, ...] = ()
    tags_any: tuple[str, ...] = ()
    metadata: dict[str, JsonValue] = Field(default_factory=dict)


class Stratum(Record):
    """A slice whose rate is raised; decided on columns of the root alone, before anything is judged."""

    name: str = Field(pattern=r"^[a-z][a-z0-9_-]*$")
    when: Match
    rate: Rate
    allow_rate: bool = False


class LowTraffic(Record):
    """Below this many traces a day all of them are judged; above half as many again the rate is used."""

    below_per_day: int = Field(default=1000, ge=0)


class Defaults(Record):
    """What a use case takes where it says nothing itself."""

    rate: UsualRate = 0.10
    high_stakes_rate: UsualRate = 0.25
    low_traffic: LowTraffic = LowTraffic()
    min_per_day: int = Field(default=50, ge=0)
    quiet_seconds: int = Field(default=60, ge=0)
    rubrics: tuple[str, ...] = Field(default=("grounding",), min_length=1)


class UseCase(Record):
    """A slice of traffic with one policy."""

    name: str = Field(pattern=r"^[a-z][a-z0-9_-]{0,62}$")
    match: Match = Match()
    stakes: Literal["standard", "high"] = "standard"
    rate: Rate | None = None
    allow_rate: bool = False
    strata: tuple[Stratum, ...] = ()
    rubrics: tuple[str, ...] | None = Field(default=None, min_length=1)
    review_queue: str | None = Field(
        default=None,
        min_length=1,
        description=f"{titles_with(WithReviewQueues)} annotation queue that flagged answers go to; "
        "meant for high stakes.",
    )
    judges_allowed: tuple[JudgeOrEndpoint, ...] | None = Field(
        default=None,
        description="Where this use case's text may go: local, llm, panel (at the usual endpoint), named endpoints.",
    )

    @model_validator(mode="after")
    def _rates_are_usual(self) -> UseCase:
        asked = [("rate", self.rate, self.allow_rate)]
        if self.stakes == "high" and self.rate is not None and self.rate < HIGH_STAKES_LEAST and not self.allow_rate:
            raise ValueError(f"rate {self.rate:g} is low for high stakes; set allow_rate: true if meant")
        asked += [(f"strata.{s.name}.rate", s.rate, s.allow_rate) for s in self.strata]
        for key, rate, allowed in asked:
            if rate is not None and not allowed and not USUAL_RATES[0] <= rate <= USUAL_RATES[1]:
                raise ValueError(f"{key} {rate:g} lies outside 0.05–0.30; set allow_rate: true if it is meant")
        return self


EVALUATORS = tuple(dict.fromkeys(name for f in factories().values() for name in f.evaluator_environments))
"""Environments of the stores' own evaluators: no judge is ever judged."""


class Deployment(Record):
    """The whole of `assay.yaml`."""

    store: StoreConfig = StoreConfig.model_validate({})
    salt: str = Field(default="assay", min_length=1, description="Change it only to draw an independent sample.")
    window_seconds: int = Field(default=300, ge=10, le=3600)
    late_seconds: int = Field(default=900, ge=0, description="How long after its end a window is scanned once more.")
    lookback_hours: int = Field(default=24, ge=1, le=24 * 14)
    exclude_environments: tuple[str, ...] = EVALUATORS
    defaults: Defaults = Defaults()
    use_cases: tuple[UseCase, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _windows_fit(self) -> Deployment:
        if 86400 % self.window_seconds:
            raise ValueError(f"window_seconds: {self.window_seconds} does not divide a day; take 60, 300, 600 or 3600")
        if self.defaults.quiet_seconds > self.late_seconds:
            raise ValueError("late_seconds: less than defaults.quiet_seconds; raise it to at least that")
        return self

    @model_validator(mode="after")
    def _queues_exist_there(self) -> Deployment:
        if self.review_queues and WithReviewQueues not in factory_of(self.store.kind).capabilities:
            name = next(iter(self.review_queues))
            raise ValueError(
                f"review_queue of use case {name}: only store.kind {kinds_with(WithReviewQueues)} has queues; remove it"
            )
        return self

    @model_validator(mode="after")
    def _store_section_is_whole(self) -> Deployment:
        own_section(self.store)
        return self

    @property
    def read_lag_s(self) -> float:
        """Seconds between writing a score and the first look whether it is there."""
        asked = self.store.read_lag_seconds
        return factory_of(self.store.kind).read_lag_s if asked is None else asked

    @property
    def review_queues(self) -> dict[str, str]:
        """The queue of each use case that has one."""
        return {case.name: case.review_queue for case in self.use_cases if case.review_queue is not None}

    @field_validator("use_cases")
    @classmethod
    def _names_unique(cls, use_cases: tuple[UseCase, ...]) -> tuple[UseCase, ...]:
        names = [case.name for case in use_cases]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"use case names must be unique: {', '.join(twice)}")
        return use_cases

    def rubrics_of(self, use_case: UseCase) -> tuple[str, ...]:
        """Names of the rubrics a use case is judged by."""
        return use_case.rubrics or self.defaults.rubrics

    def use_case(self, name: str) -> UseCase | None:
        """The use case of that name, if it is still configured."""
        return next((case for case in self.use_cases if case.name == name), None)


def parse_deployment(path: Path) -> Deployment:
    """Read and check a file.

    Raises:
        ConfigurationError: names file, key and remedy.
    """
    try:
        data = load_yaml(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as exc:
        raise ConfigurationError(f"{path}: file: cannot be read ({exc})") from exc
    except yaml.YAMLError as exc:
        mark = getattr(exc, "problem_mark", None)
        where = f"line {mark.line + 1}" if mark is not None else "file"
        raise ConfigurationError(f"{path}: {where}: {getattr(exc, 'problem', 'not YAML')}; mend the YAML") from exc
    try:
        return Deployment.model_validate(data if data is not None else {})
    except ValidationError as exc:
        key, remedy = first_problem(exc)
        raise ConfigurationError(f"{path}: {key}: {remedy}") from exc
