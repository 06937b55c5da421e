"""What a judge call costs: a dated, editable price table in which an unknown model has an unknown cost."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from datetime import date
from importlib import resources
from pathlib import Path
from typing import Annotated, Any, NamedTuple

from pydantic import Field, PrivateAttr, ValidationError, field_validator

from assay.judges.errors import ConfigurationError
from assay.judges.price_names import price_names
from assay.judges.schema import Record, Usage
from assay.judges.team_files.reading import FileProblem, parse_document, read_file

UsdPerMillion = Annotated[float, Field(ge=0.0, le=1_000_000.0, allow_inf_nan=False)]
"""US dollars for 1,000,000 tokens. More than a dollar a token is a slip of units."""


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


_DAY = re.compile(r"\d{4}-\d{2}(?:-\d{2})?", re.ASCII)
"""A month or a day, e.g. `2026-11` or `2026-11-20`."""


def _is_day(text: str) -> bool:
    """Whether a text is a day or a month that there is."""
    if _DAY.fullmatch(text) is None:
        return False
    try:
        date.fromisoformat(text if text.count("-") == 2 else f"{text}-01")
    except ValueError:
        return False
    return True


def _share_words(share: float) -> str:
    """How some calls were paid that cost less than the list price."""
    return f", {share:.0%} of them in a batch" if share else ", some paid by another trace with the same content"


def _with_text_dates(value: Any) -> Any:
    """The table with `checked: 2026-11-05`, which YAML reads as a day, as text."""
    if not isinstance(value, dict) or not isinstance(value.get("checked"), date):
        return value
    return {**value, "checked": f"{value['checked']:%Y-%m-%d}"}


class PriceTable(Record):
    """Prices by model name. `checked` says when they were last compared with the published ones (YYYY-MM).

    Some of them may be a team's own (`over`). These stand before the others, under whichever name they are found.
    """

    checked: str
    models: dict[str, Price] = Field(default_factory=dict)
    _own: frozenset[str] = PrivateAttr(default=frozenset())
    _by_small_letters: dict[str, str] | None = PrivateAttr(default=None)

    @field_validator("checked")
    @classmethod
    def _is_day_or_month(cls, text: str) -> str:
        if not _is_day(text):
            raise ValueError("is no month and no day; write e.g. 2026-11 or 2026-11-20")
        return text

    def over(self, other: PriceTable) -> PriceTable:
        """The prices of another table with these, which are somebody's own, over them.

        The merged table is as old as the older of the two says.
        """
        merged = PriceTable(checked=min(self.checked, other.checked), models={**other.models, **self.models})
        merged._own = frozenset(self.models)
        return merged

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
        """Price of a model: by its exact name, else by the name without route, cloud and date. None if unknown.

        Somebody's own prices stand before the others, under each of the names.
        """
        entry = self._entry(model)
        return None if entry is None else self.models[entry]

    def _entry(self, model: str) -> str | None:
        """The name under which the table holds a model."""
        if self._by_small_letters is None:
            self._by_small_letters = {name.lower(): name for name in self.models}
        small = self._by_small_letters
        names = [name if name in self.models else small.get(name, "") for name in price_names(model)]
        entries = [name for name in names if name in self.models]
        return next((name for name in entries if name in self._own), entries[0] if entries else None)

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

        A call is priced by the model that served it, else by the one asked for. A price of one's own for either stands
        before one that is none. One unknown price makes all unknown.
        """
        total = 0.0
        shares: set[float] = set()
        sources: set[bool] = set()
        for call in calls:
            paid = PaidCall(*call)
            model = self._paid_for(paid)
            sources.add(self._entry(model) in self._own)
            cost = self.cost(model, paid.usage)
            if cost is None:
                unknown = "the endpoint reported no tokens" if self.price(model) else f"no price for {model}"
                return Bill(cost_usd=None, basis=f"cost unknown: {unknown}")
            total += paid.share * cost
            shares.add(paid.share)
        lowered = "".join(_share_words(share) for share in sorted(shares) if share != 1.0)
        words = {(True,): "own prices", (False, True): "own and list prices"}.get(tuple(sorted(sources)), "list prices")
        return Bill(cost_usd=total, basis=f"{words} as of {self.checked}{lowered}")

    def _paid_for(self, paid: PaidCall) -> str:
        """The name whose price counts for a call."""
        if self._entry(paid.served) not in self._own and self._entry(paid.asked) in self._own:
            return paid.asked
        return paid.served if self.price(paid.served) else paid.asked

    def content_hash(self) -> str:
        """sha256 of the table's content, so that a cost can name the prices it was computed with."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()
