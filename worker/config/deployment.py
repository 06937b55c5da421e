"""The deployment: `assay.yaml`, read and checked. It watches one project of each of its trace stores."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, cast

from pydantic import AfterValidator, Field, ValidationError, ValidationInfo, field_validator, model_validator

from assay.judges.errors import ConfigurationError
from assay.judges.team_files.reading import FileProblem, read_document
from assay.worker.config.alerting import Alerting, Digest
from assay.worker.config.collecting import Collecting, span_place
from assay.worker.config.drifting import Drifting
from assay.worker.config.endpoints import Endpoints, named_remedy
from assay.worker.config.fact_names import FactNames
from assay.worker.config.limits import Limits
from assay.worker.config.objectives import check_objectives
from assay.worker.config.profiles import Profiles, UseCasesFrom, known_profile, with_its_profile, with_profile
from assay.worker.config.section import Section
from assay.worker.config.slos import Slos
from assay.worker.config.store_section import NamedStore, StoreConfig
from assay.worker.config.stores import Place, check_places, check_use_cases_of_stores, first_store, places_of
from assay.worker.config.use_cases import Defaults, UseCase
from assay.worker.stores.registry import factories

CONFIG_FILE = "assay.yaml"

EVALUATORS = tuple(dict.fromkeys(name for f in factories().values() for name in f.evaluator_environments))
"""Environments of the stores' own evaluators: no judge is ever judged."""


class Deployment(Section):
    """The whole of `assay.yaml`."""

    stores: tuple[NamedStore, ...] = Field(
        default=(), description="Several stores, and places that take copies of scores, instead of `store`."
    )
    store: StoreConfig = Field(default=StoreConfig.model_validate({}), validate_default=True)
    salt: str = Field(default="assay", min_length=1, description="Change it only to draw an independent sample.")
    window_seconds: int = Field(default=300, ge=10, le=3600)
    late_seconds: int = Field(default=900, ge=0, description="How long after its end a window is scanned once more.")
    lookback_hours: int = Field(default=24, ge=1, le=24 * 14)
    exclude_environments: tuple[str, ...] = EVALUATORS
    defaults: Defaults = Defaults()
    limits: Limits = Limits()
    endpoints: Endpoints = Field(
        default_factory=dict, description="Judge endpoints, by name: `default` for the usual one, else as rubrics do."
    )
    prices: str | None = Field(
        default=None, min_length=1, description="Prices of your own, merged over the packaged ones; a file beside this."
    )
    facts: FactNames = Field(default=FactNames(), description="Where traces hold feature and user tier.")
    slos: Slos = Field(default_factory=Slos, description="What is aimed at, by use case.")
    drift: Drifting = Field(default=Drifting(), description="What is compared with which baseline.")
    alerts: Alerting = Field(default=Alerting(), description="Who is told of what, and when nobody is.")
    digest: Digest | None = Field(default=None, description="The weekly message; without it none is sent.")
    collector: Collecting | None = Field(
        default=None, description="What `assay collector` takes, and `assay up` starts it; `{}` is enough."
    )
    profiles: Profiles = Field(default_factory=dict, description="Sets of keys that use cases name by `profile`.")
    use_cases_from: tuple[Annotated[UseCasesFrom, AfterValidator(known_profile)], ...] = Field(
        default=(), description="Use cases that differ in one value alone. They come after `use_cases`."
    )
    use_cases: tuple[Annotated[UseCase, AfterValidator(with_its_profile)], ...] = Field(
        default=(), validate_default=True, description="The first match in file order takes a trace."
    )

    @model_validator(mode="after")
    def _windows_fit(self) -> Deployment:
        if 86400 % self.window_seconds:
            raise ValueError(f"window_seconds: {self.window_seconds} does not divide a day; take 60, 300, 600 or 3600")
        if self.defaults.quiet_seconds > self.late_seconds:
            raise ValueError("late_seconds: less than defaults.quiet_seconds; raise it to at least that")
        return self

    @field_validator("collector", mode="before")
    @classmethod
    def _collector_says_something(cls, value: object) -> object:
        if value is None:
            raise ValueError("is empty; write `collector: {}`, or remove the key")
        return value

    @model_validator(mode="before")
    @classmethod
    def _one_way_to_name_stores(cls, value: object) -> object:
        if isinstance(value, Mapping) and "stores" in value:
            if "store" in value:
                raise ValueError("store: stands beside `stores`; list it there with a name, and remove `store`")
            if not value["stores"]:
                raise ValueError("stores: is empty; list a store, or remove the key")
        return value

    @model_validator(mode="after")
    def _stores_are_whole(self) -> Deployment:
        if self.stores:  # kept, so that a part of the use cases (`of_store`) has the same first store
            self.__dict__["store"] = first_store(self.stores, self.use_cases)
        check_places(self.places)
        check_use_cases_of_stores(self.use_cases, self.places, self.first_store)
        return self

    @model_validator(mode="after")
    def _collector_has_a_store(self) -> Deployment:
        if self.collector is not None:
            span_place(self.places)
        return self

    @model_validator(mode="after")
    def _objectives_are_whole(self) -> Deployment:
        check_objectives(self)
        return self

    @property
    def places(self) -> tuple[Place, ...]:
        """Its stores, and the places that take copies of scores."""
        return places_of(self.store, self.stores)

    @property
    def first_store(self) -> str:
        """The name of the store that a use case means which names none."""
        return cast("NamedStore", self.store).name if self.stores else ""

    @property
    def read_lag_s(self) -> float:
        """Seconds between writing a score to the first store and the first look whether it is there."""
        return self.trace_places[0].read_lag_s

    @property
    def trace_places(self) -> tuple[Place, ...]:
        """The stores whose traces are judged, the first one first."""
        names = {self.store_of(case) for case in self.use_cases}
        there = [place for place in self.places if place.name in names | {self.first_store}]
        return tuple(sorted(there, key=lambda place: place.name != self.first_store))

    def store_of(self, use_case: UseCase) -> str:
        """The name of the store whose traces a use case is about."""
        return use_case.store or self.first_store

    def of_store(self, name: str) -> Deployment:
        """The same with the use cases of one store alone."""
        return self.model_copy(update={"use_cases": tuple(c for c in self.use_cases if self.store_of(c) == name)})

    @property
    def review_queues(self) -> dict[str, str]:
        """The queue of each use case that has one."""
        return {case.name: case.review_queue for case in self.use_cases if case.review_queue is not None}

    @field_validator("use_cases")
    @classmethod
    def _with_those_from(cls, use_cases: tuple[UseCase, ...], info: ValidationInfo) -> tuple[UseCase, ...]:
        profiles = info.data.get("profiles", {})
        listed = [case for section in info.data.get("use_cases_from", ()) for case in section.use_cases()]
        every = (*use_cases, *(with_profile(case, profiles) for case in listed))
        if not every and not {"profiles", "use_cases_from"} - info.data.keys():
            raise ValueError("must hold at least one use case; add `- {name: everything}`")
        return every

    @field_validator("use_cases")
    @classmethod
    def _names_unique(cls, use_cases: tuple[UseCase, ...]) -> tuple[UseCase, ...]:
        names = Counter(case.name for case in use_cases)
        twice = sorted(name for name, count in names.items() if count > 1)
        if twice:
            raise ValueError(f"names must be unique: {', '.join(twice)}; rename all but one")
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
        document = read_document(path)
    except FileProblem as exc:
        raise ConfigurationError(f"{path}: {exc}") from exc
    value = document.value if document.value is not None else {}
    try:
        return Deployment.model_validate(value)
    except ValidationError as exc:
        problem = document.problem(exc, Deployment, value)
        remedy = named_remedy(problem.remedy, problem.key)
        raise ConfigurationError(f"{path}: {problem.where}: {remedy}") from exc
