"""The deployment: `assay.yaml`, found, read and checked, and where rubrics and golden sets lie.

One deployment watches one project of one trace store. The config root is the first of `--config`,
`ASSAY_CONFIG_DIR`, the current directory if it holds an `assay.yaml`, and the packaged defaults.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal

import yaml
from pydantic import Field, JsonValue, ValidationError, field_validator, model_validator

from judges.base import Judge
from judges.calibration import Calibration, read_calibration
from judges.errors import ConfigurationError, RubricError
from judges.rubric import Rubric, first_problem, load_rubric, load_yaml
from judges.schema import Record
from worker.settings import Settings

CONFIG_FILE = "assay.yaml"
USUAL_RATES = (0.05, 0.30)
HIGH_STAKES_LEAST = 0.20
JudgeOrEndpoint = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,30}$")]
UsualRate = Annotated[float, Field(ge=USUAL_RATES[0], le=USUAL_RATES[1])]
Rate = Annotated[float, Field(gt=0.0, le=1.0)]

# The standard library's logger: in a command it writes to stderr, where structlog by itself would write to stdout.
log = logging.getLogger(__name__)


class StoreConfig(Record):
    """Which trace store. `path` (sqlite) is taken relative to the config root; the others are for Langfuse."""

    kind: Literal["sqlite", "langfuse"] = "sqlite"
    path: Path | None = None
    plan: Literal["hobby", "core", "pro", "self-hosted"] = Field(
        default="hobby", description="Which of Langfuse's request limits to stay under; the default fits every plan."
    )
    requests_per_minute: int | None = Field(
        default=None, ge=2, description="Another limit for reads and single writes than the plan's."
    )
    read_lag_seconds: float | None = Field(
        default=None, ge=0, description="How long after writing a score is looked for; default 1, Langfuse 10."
    )

    @property
    def read_lag_s(self) -> float:
        """Seconds between writing a score and the first look whether it is there."""
        if self.read_lag_seconds is not None:
            return self.read_lag_seconds
        return 10.0 if self.kind == "langfuse" else 1.0


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
        description="Langfuse annotation queue that flagged answers go to; meant for high stakes.",
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


class Deployment(Record):
    """The whole of `assay.yaml`."""

    store: StoreConfig = StoreConfig()
    salt: str = Field(default="assay", min_length=1, description="Change it only to draw an independent sample.")
    window_seconds: int = Field(default=300, ge=10, le=3600)
    late_seconds: int = Field(default=900, ge=0, description="How long after its end a window is scanned once more.")
    lookback_hours: int = Field(default=24, ge=1, le=24 * 14)
    exclude_environments: tuple[str, ...] = ("langfuse-*", "llm-as-a-judge", "sdk-experiment")
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
        if self.review_queues and self.store.kind != "langfuse":
            name = next(iter(self.review_queues))
            raise ValueError(f"review_queue of use case {name}: only store.kind langfuse has queues; remove it")
        return self

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


class ConfigRoot(Record):
    """A directory with assay.yaml, rubrics/ and golden_sets/; packaged ones stand in for missing ones."""

    path: Path

    def deployment(self) -> Deployment:
        """Read and check assay.yaml.

        Raises:
            ConfigurationError: names file, key and remedy.
        """
        return _parse(self.path / CONFIG_FILE)

    def data_dir(self, settings: Settings) -> Path:
        """Where the embedded store, broker and logs live: ASSAY_DATA_DIR, else `.assay` beside assay.yaml."""
        if settings.data_dir is not None:
            return settings.data_dir.absolute()
        home = Path.cwd() if self.path == packaged_root() and not _is_checkout(self.path) else self.path
        return home.absolute() / ".assay"

    def rubric(self, name: str, variables: Mapping[str, str]) -> Rubric:
        """Load a rubric by name.

        Raises:
            RubricError: unknown or broken; says which are known.
        """
        for root in (self.path, packaged_root()):
            path = root / "rubrics" / f"{name}.yaml"
            if path.is_file():
                return load_rubric(path, variables)
        known = ", ".join(self.rubric_names()) or "none"
        raise RubricError(str(self.path / CONFIG_FILE), f"rubric {name!r}", f"unknown; known rubrics: {known}")

    def rubric_names(self) -> list[str]:
        """Names of all rubrics in reach."""
        return sorted({p.stem for root in (self.path, packaged_root()) for p in (root / "rubrics").glob("*.yaml")})

    def calibration(self, rubric: Rubric, judge: Judge) -> Calibration | None:
        """The calibration in force for a rubric and its judge; None where there is none, or none that still holds.

        One that no longer holds is left out with a warning: a risk is never calibrated by another judge's labels.

        Raises:
            CalibrationError: the file cannot be read as a calibration.
        """
        for root in (self.path, packaged_root()):
            path = calibration_path(root, rubric.name, judge.name)
            if path.is_file():
                found = read_calibration(path)
                mismatch = found.mismatch(rubric, judge)
                if mismatch is None:
                    return found
                log.warning("%s: not used: %s; fit it again with `assay calibrate`", path, mismatch)
                return None
        return None

    def has_calibration(self, rubric: Rubric) -> bool:
        """Whether there is a file for any of this rubric's judges, whether or not it still holds."""
        roots = (self.path, packaged_root())
        return any(calibration_path(root, rubric.name, tier).is_file() for root in roots for tier in rubric.judge.tiers)

    def golden_set(self, name: str) -> Path:
        """Directory of a golden set.

        Raises:
            ConfigurationError: unknown; says which are known. Or the packaged set would be taken while the current
                directory, which is no config root, holds another of its name.
        """
        for root in (self.path, packaged_root()):
            path = root / "golden_sets" / name
            if (path / "manifest.yaml").is_file():
                if root == packaged_root():
                    _check_not_meant(path)
                return path
        known = ", ".join(self.golden_set_names()) or "none"
        raise ConfigurationError(f"{self.path / 'golden_sets'}: {name}: unknown golden set; known: {known}")

    def golden_set_names(self) -> list[str]:
        """Names of all golden sets in reach."""
        roots = (self.path, packaged_root())
        return sorted({p.parent.name for root in roots for p in (root / "golden_sets").glob("*/manifest.yaml")})


def calibration_path(root: Path, rubric: str, judge: str) -> Path:
    """Where in a config root the calibration of a rubric's judge lies."""
    return root / "calibration" / f"{rubric}-{judge}.json"


def packaged_root() -> Path:
    """The defaults that come with the distribution: inside the wheel, or the checkout itself."""
    inside = Path(__file__).parent / "defaults"
    return inside if inside.is_dir() else Path(__file__).parent.parent


def find_root(given: Path | None, settings: Settings) -> ConfigRoot:
    """The config root in force.

    Raises:
        ConfigurationError: a root was named that holds no assay.yaml.
    """
    for named, how in ((given, "--config"), (settings.config_dir, "ASSAY_CONFIG_DIR")):
        if named is not None:
            if not (named / CONFIG_FILE).is_file():
                raise ConfigurationError(f"{named}: {how}: holds no {CONFIG_FILE}; name the directory that does")
            return ConfigRoot(path=named.absolute())
    here = Path.cwd()
    return ConfigRoot(path=here if (here / CONFIG_FILE).is_file() else packaged_root())


def may_see(deployment: Deployment, use_case: str, rubric: Rubric) -> bool:
    """Whether a use case's text may go to every judge that a rubric may ask; not if the use case is unknown."""
    case = deployment.use_case(use_case)
    return case is not None and not forbidden(case, rubric)


def forbidden(use_case: UseCase, rubric: Rubric) -> list[str]:
    """The destinations a rubric may send text to and the use case does not allow, whatever tier or panel they are of.

    A model at the usual endpoint goes by its tier (`llm`, `panel`), one at a named endpoint by that name alone.
    """
    allowed = use_case.judges_allowed
    return [] if allowed is None else sorted(rubric.judge.destinations() - set(allowed))


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


def _check_not_meant(packaged: Path) -> None:
    """Refuse a packaged golden set where the current directory holds one of its name."""
    here = Path("golden_sets", packaged.name)
    if (here / "manifest.yaml").is_file() and not here.samefile(packaged):
        raise ConfigurationError(
            f"{here}: not used: without {CONFIG_FILE} in this directory {packaged} would be; "
            "make one by `assay init`, or name another directory by --config"
        )


def _is_checkout(path: Path) -> bool:
    return (path / "pyproject.toml").is_file()


def _parse(path: Path) -> Deployment:
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
