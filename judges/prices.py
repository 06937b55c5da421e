"""What a judge call costs: a dated, editable price table in which an unknown model has an unknown cost."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import date
from importlib import resources
from pathlib import Path
from typing import Annotated, Any, NamedTuple

from pydantic import Field, ValidationError

from assay.judges.errors import ConfigurationError
from assay.judges.price_names import price_names
from assay.judges.schema import Record, Usage
from assay.judges.team_files.reading import FileProblem, parse_document, read_file

UsdPerMillion = Annotated[float, Field(ge=0.0, allow_inf_nan=False)]
"""US dollars for 1,000,000 tokens."""


class Price(Record):
    """Price of one model, in USD per 1,000,000 tokens. `cache_write`: of input that is put into a cache, if another."""

    input: UsdPerMillion
    cached_input: UsdPerMillion
    output: UsdPerMillion
    cache_write: UsdPerMillion | None = None


class PaidCall(NamedTuple):
    """A call to pay for: who served it, who was asked, its tokens, and the share of the list price that is paid."""

    served: str
    asked: str
    usage: Usage
    share: float = 1.0


class Bill(Record):
    """What some calls cost in USD, None if that is not known, and in words what the figure rests on, or why not."""

    cost_usd: float | None
    basis: str


def total_cost(costs: Iterable[float | None]) -> float | None:
    """The sum of several costs. None where one of them is not known."""
    total = 0.0
    for cost in costs:
        if cost is None:
            return None
        total += cost
    return total


def _with_text_dates(value: Any) -> Any:
    """The table with `checked: 2026-11-05`, which YAML reads as a day, as text."""
    if not isinstance(value, dict) or not isinstance(value.get("checked"), date):
        return value
    return {**value, "checked": f"{value['checked']:%Y-%m-%d}"}


class PriceTable(Record):
    """Prices by model name. `checked` says when they were last compared with the published ones (YYYY-MM)."""

    checked: Annotated[str, Field(pattern=r"^\d{4}-\d{2}(-\d{2})?$")]
    models: dict[str, Price] = Field(default_factory=dict)

    @classmethod
    def load(cls, path: Path | None = None) -> PriceTable:
        """Read a price table. Without a path, the one shipped with the package.

        Raises:
            ConfigurationError: the file cannot be read or is not a price table.
        """
        source = str(path) if path is not None else "judges/prices.yaml"
        if path is None:
            shipped = resources.files("assay.judges").joinpath("prices.yaml").read_text(encoding="utf-8")
            return cls.parse(shipped, source=source)
        try:
            return cls.parse(read_file(path), source=source)
        except FileProblem as exc:
            raise ConfigurationError(f"{source}: {exc}") from exc

    @classmethod
    def parse(cls, text: str, *, source: str) -> PriceTable:
        """Parse price table YAML (or JSON). `source` is named in errors.

        Raises:
            ConfigurationError: not YAML, an unknown key or a price that is no number.
        """
        try:
            document = parse_document(text)
        except FileProblem as exc:
            raise ConfigurationError(f"{source}: {exc}") from exc
        value = _with_text_dates(document.value)
        try:
            return cls.model_validate(value)
        except ValidationError as exc:
            raise ConfigurationError(f"{source}: {document.problem(exc, cls, value)}") from exc

    def price(self, model: str) -> Price | None:
        """Price of a model: by its exact name, else by the name without route, cloud and date. None if unknown."""
        return next((self.models[name] for name in price_names(model) if name in self.models), None)

    def cost(self, model: str, usage: Usage) -> float | None:
        """Cost of `usage` in USD. None where the model has no price or the endpoint reported no tokens."""
        if usage.calls == 0:
            return 0.0
        price = self.price(model)
        if price is None or usage.prompt_tokens == 0:
            return None
        cached = min(usage.cached_tokens, usage.prompt_tokens)
        written = min(usage.cache_write_tokens, usage.prompt_tokens - cached)
        dollars = (
            (usage.prompt_tokens - cached - written) * price.input
            + cached * price.cached_input
            + written * (price.input if price.cache_write is None else price.cache_write)
            + usage.completion_tokens * price.output
        )
        return dollars / 1_000_000

    def most(self, model: str, usage: Usage) -> float | None:
        """What `usage` costs at most: all of the prompt at the dearest price of input. None as with `cost`."""
        price = self.price(model)
        is_writing_dearer = price is not None and price.cache_write is not None and price.cache_write > price.input
        writes = usage.prompt_tokens if is_writing_dearer else 0
        return self.cost(model, usage.model_copy(update={"cached_tokens": 0, "cache_write_tokens": writes}))

    def bill(self, calls: Iterable[tuple[str, str, Usage] | tuple[str, str, Usage, float]]) -> Bill:
        """The cost of several calls, each given as a `PaidCall` or the first three of its fields.

        A call is priced by the model that served it, else by the one asked for. One unknown price makes all unknown.
        """
        total = 0.0
        shares: set[float] = set()
        for call in calls:
            paid = PaidCall(*call)
            model = paid.served if self.price(paid.served) else paid.asked
            cost = self.cost(model, paid.usage)
            if cost is None:
                unknown = "the endpoint reported no tokens" if self.price(model) else f"no price for {model}"
                return Bill(cost_usd=None, basis=f"cost unknown: {unknown}")
            total += paid.share * cost
            shares.add(paid.share)
        lowered = "".join(f", {share:.0%} of them in a batch" for share in sorted(shares) if share != 1.0)
        return Bill(cost_usd=total, basis=f"list prices as of {self.checked}{lowered}")

    def content_hash(self) -> str:
        """sha256 of the table's content, so that a cost can name the prices it was computed with."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()
