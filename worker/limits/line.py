"""The processes that wait for leave at an endpoint, in the order in which they came."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

PLACE_S = 1.5
"""How long a process may be late before it loses its place, in seconds. It has died, or others are served before it."""

LONGEST_SLEEP_S = 0.5
"""How long a process that waits sleeps at most before it looks again: what is under way may end at any moment."""


class Place(NamedTuple):
    """Who waits for what: golden work apart from traffic, each model by itself."""

    is_golden: bool
    model: str
    process: str


@dataclass(frozen=True)
class Waiting:
    """What is known of a place: since when, until when it is kept, and what its first call wants.

    Attributes:
        tokens: the bound of the call.
        at_endpoint: the endpoint's own limits keep it, not its model's.
    """

    since: float
    due: float
    tokens: float
    at_endpoint: bool


@dataclass(frozen=True)
class Ahead:
    """Those who come first: how many, what they want in all and at most, and how many want the same at all."""

    calls: int = 0
    tokens: float = 0.0
    largest: float = 0.0
    others: int = 0


@dataclass
class Line:
    """Places of processes. Moments are seconds of the account's clock."""

    _places: dict[Place, Waiting] = field(default_factory=dict)

    def forget(self, now: float) -> None:
        """Drop whoever did not come back."""
        for place in [place for place, waiting in self._places.items() if waiting.due < now]:
            del self._places[place]

    def golden_waits(self) -> set[str | None]:
        """The models that golden work waits for; None: for the endpoint itself, whatever the model."""
        return {None if w.at_endpoint else place.model for place, w in self._places.items() if place.is_golden}

    def ahead(self, mine: Place) -> Ahead:
        """Who came before and wants the same, or waits for the endpoint itself whatever the model."""
        own = self._places.get(mine)
        others = [(p, w) for p, w in self._places.items() if p.is_golden == mine.is_golden and p != mine]
        before = [
            waiting.tokens
            for place, waiting in others
            if (place.model == mine.model or waiting.at_endpoint) and (own is None or waiting.since < own.since)
        ]
        same = sum(place.model == mine.model for place, _ in others)
        return Ahead(len(before), sum(before), max(before, default=0.0), same)

    def keep(self, place: Place, now: float, wait_s: float, first: tuple[float, bool], *, was_served: bool) -> None:
        """Keep a place; behind all others after being served. `first`: tokens and `at_endpoint` of its first call."""
        known = self._places.get(place)
        since = now if was_served or known is None else known.since
        self._places[place] = Waiting(since, now + min(wait_s, LONGEST_SLEEP_S) + PLACE_S, *first)

    def leave(self, place: Place) -> None:
        """Give a place up."""
        self._places.pop(place, None)
