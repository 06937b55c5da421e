"""Use cases in `assay.yaml`: slices of traffic, each with one policy of selecting and judging."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Sequence
from fnmatch import translate
from functools import cached_property
from typing import Annotated, Literal, NamedTuple, Self

from pydantic import Field, JsonValue, field_validator, model_validator

from assay.worker.config.limits import Usd
from assay.worker.config.redacted_items import WrittenItem
from assay.worker.config.section import FilledSection, Section
from assay.worker.ports.reviews import WithReviewQueues
from assay.worker.stores.registry import titles_with

USUAL_RATES = (0.05, 0.30)
"""Shares of traffic that are judged without a word. A rate outside needs `allow_rate`."""

HIGH_STAKES_LEAST = 0.20
"""A lower rate needs `allow_rate` where the stakes are high."""

FEEDBACK_STRATUM = "feedback"
"""The stratum of traces that users' feedback added."""

JudgeOrEndpoint = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,30}$")]
UsualRate = Annotated[float, Field(ge=USUAL_RATES[0], le=USUAL_RATES[1])]
Rate = Annotated[float, Field(gt=0.0, le=1.0)]
UseCaseName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]{0,62}$")]


_COLUMNS = {
    "trace_name": "name",
    **{key: key for key in ("environment", "release", "version", "level", "user_id")},
}
"""Keys of `match` with one value a trace, the most telling first, and what a root calls them."""

_GLOB_SIGNS = frozenset("*?[")


class ColumnPatterns(NamedTuple):
    """What a column of a root may hold, e.g. `production` or what `support-*` matches.

    Attributes:
        column: the attribute of the root.
        names: the patterns that are plain names, as most are.
        globs: all others, as one.
    """

    column: str
    names: frozenset[str]
    globs: re.Pattern[str] | None

    def take(self, value: str) -> bool:
        """Whether a value is one of these."""
        return value in self.names or (self.globs is not None and self.globs.match(value) is not None)


class Match(Section):
    """Which traces: keys are ANDed, the values of one key ORed, globs allowed. Empty matches every trace."""

    environment: tuple[str, ...] = ()
    trace_name: tuple[str, ...] = ()
    release: tuple[str, ...] = ()
    version: tuple[str, ...] = ()
    level: tuple[str, ...] = ()
    user_id: tuple[str, ...] = ()
    tags_any: tuple[str, ...] = ()
    metadata: dict[str, JsonValue] = Field(default_factory=dict)

    @cached_property
    def compiled(self) -> tuple[ColumnPatterns, ...]:
        """The keys with one value a trace that say something. With 300 use cases they are asked very often."""
        return tuple(_compiled(key, patterns) for key in _COLUMNS if (patterns := getattr(self, key)))


def _compiled(key: str, patterns: Sequence[str]) -> ColumnPatterns:
    globs = [pattern for pattern in patterns if _GLOB_SIGNS & set(pattern)]
    as_one = re.compile("|".join(map(translate, globs))) if globs else None
    return ColumnPatterns(_COLUMNS[key], frozenset(patterns).difference(globs), as_one)


class Stratum(Section):
    """A slice whose rate is raised; decided on columns of the root alone, before anything is judged."""

    name: str = Field(pattern=r"^[a-z][a-z0-9_-]*$")
    when: Match
    rate: Rate
    allow_rate: bool = False

    @field_validator("name")
    @classmethod
    def _name_is_free(cls, name: str) -> str:
        if name == FEEDBACK_STRATUM:
            raise ValueError(f"{name!r} is what users' feedback adds, which is in no rate; choose another name")
        return name

    @cached_property
    def key(self) -> str:
        """Its name and what it takes: one of the same name that takes other traces is another."""
        takes = json.dumps(self.when.model_dump(mode="json"), sort_keys=True)
        return f"{self.name}:{hashlib.sha256(takes.encode()).hexdigest()[:8]}"


class LowTraffic(Section):
    """Below this many traces a day all of them are judged; above half as many again the rate is used.

    A use case whose volume is not known yet is judged whole too, up to the two caps. So no flood is judged whole.
    """

    below_per_day: int = Field(default=1000, ge=0, description="0 turns the rule off.")
    most_per_window: int | None = Field(
        default=None,
        ge=1,
        description="Most traces of one window that are judged because traffic is low; default: as below_per_day.",
    )
    most_per_day: int | None = Field(
        default=None,
        ge=1,
        description="Most traces of any 24 hours that are judged because traffic is low; default: as below_per_day.",
    )


class Defaults(FilledSection):
    """What a use case takes where it says nothing itself."""

    rate: UsualRate = 0.10
    high_stakes_rate: UsualRate = 0.25
    low_traffic: LowTraffic = LowTraffic()
    min_per_day: int = Field(default=50, ge=0)
    quiet_seconds: int = Field(default=60, ge=0)
    rubrics: tuple[str, ...] = Field(default=("grounding",), min_length=1)
    redact: tuple[WrittenItem, ...] = Field(
        default=(), description="What of a text no judge, log or record gets to see, where a use case does not say."
    )


class Feedback(FilledSection):
    """Which opinions of users add a trace that the hash passed over. Such traces are looked at, and are in no rate."""

    scores: tuple[Annotated[str, Field(min_length=1)], ...] = Field(
        min_length=1, description="Names of the scores that users give in the trace store."
    )
    below: float | None = Field(default=None, description="A number lower than this is a complaint; default 0.5.")
    values: tuple[str, ...] = Field(default=(), description="Words that are a complaint, instead of a number.")
    most_per_day: int = Field(default=200, ge=1, description="Most traces that it adds in a UTC day.")

    @model_validator(mode="after")
    def _says_one_thing(self) -> Feedback:
        if self.values and self.below is not None:
            raise ValueError("below: stands beside values; keep the one that your scores have")
        return self

    def is_complaint(self, name: str, value: bool | float | str) -> bool:  # noqa: FBT001  # a person's value
        """Whether a user's score is one."""
        if name not in self.scores:
            return False
        if self.values:
            return str(value).lower() in {word.lower() for word in self.values}
        return not isinstance(value, str) and float(value) < (0.5 if self.below is None else self.below)


class Policy(FilledSection):
    """How the traces of one slice of traffic are selected and judged."""

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
    review_per_day: int = Field(
        default=0,
        ge=0,
        le=10_000,
        description="About how many answers that are not flagged go to the review queue in a UTC day, too, drawn by "
        "chance: so what people say corrects the rate. 0: flagged answers alone.",
    )
    judges_allowed: tuple[JudgeOrEndpoint, ...] | None = Field(
        default=None,
        description="Where this use case's text may go: local, decision, llm, panel (at the usual endpoint), "
        "named endpoints.",
    )
    redact: tuple[WrittenItem, ...] | None = Field(
        default=None,
        description="What is replaced before any judge sees a text: email, phone, iban, credit_card, ip, and patterns "
        "of your own as {name: customer, pattern: 'C-[0-9]{6}'}. Default: as defaults.redact; [] for nothing.",
    )
    store: str | None = Field(
        default=None, min_length=1, description="Whose traces these are: a name of `stores`. Default: the first store."
    )
    copies_to: tuple[str, ...] = Field(
        default=(), description="Further places that get each score once its own store shows it: names of `stores`."
    )
    feedback: Feedback | None = Field(
        default=None, description="Adds traces that users complained about; without it only the rate selects."
    )
    budget_usd_per_day: Usd | None = Field(
        default=None, description="Most that judging it may cost in a UTC day, in USD. Then it waits for the next one."
    )
    budget_usd_per_month: Usd | None = Field(
        default=None, description="Most that judging it may cost in a calendar month (UTC), in USD."
    )

    owner: str | None = Field(
        default=None, min_length=1, max_length=100, description="The team that answers for it: in alerts and digests."
    )

    weight: float = Field(
        default=1.0,
        ge=0.1,
        le=10.0,
        description="How many judgements it gets where others get one, while more waits than the fleet can do.",
    )

    @model_validator(mode="after")
    def _month_holds_a_day(self) -> Self:
        day, month = self.budget_usd_per_day, self.budget_usd_per_month
        if not self.is_unfinished and day and month and month < day:
            raise ValueError(
                f"budget_usd_per_month: {month:g} is less than budget_usd_per_day {day:g}; "
                "raise it, or lower budget_usd_per_day"
            )
        return self

    @model_validator(mode="after")
    def _reviews_have_a_queue(self) -> Self:
        if not self.is_unfinished and self.review_per_day and self.review_queue is None:
            raise ValueError("review_per_day: needs review_queue beside it: the queue that answers go to")
        return self

    @model_validator(mode="after")
    def _rates_are_usual(self) -> Self:
        if self.is_unfinished:
            return self
        asked = [("rate", self.rate, self.allow_rate)]
        if self.stakes == "high" and self.rate is not None and self.rate < HIGH_STAKES_LEAST and not self.allow_rate:
            raise ValueError(f"rate: {self.rate:g} is low for high stakes; set allow_rate: true if meant")
        asked += [(f"strata.{s.name}.rate", s.rate, s.allow_rate) for s in self.strata]
        for key, rate, allowed in asked:
            if rate is not None and not allowed and not USUAL_RATES[0] <= rate <= USUAL_RATES[1]:
                raise ValueError(f"{key}: {rate:g} lies outside 0.05–0.30; set allow_rate: true if it is meant")
        return self

    @property
    def is_unfinished(self) -> bool:
        """Whether keys of a profile are still to be filled in, so that keys cannot be held against each other."""
        return False


class UseCase(Policy):
    """A slice of traffic with one policy."""

    name: UseCaseName
    profile: str | None = Field(
        default=None, description="Name of the profile whose keys hold where this use case does not say."
    )

    @property
    def is_unfinished(self) -> bool:
        """As in a policy."""
        return self.profile is not None
