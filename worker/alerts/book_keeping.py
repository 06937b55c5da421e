"""The alerts in the fleet's state: what is remembered between two looks, and the episodes of the last weeks."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from pydantic import TypeAdapter, ValidationError

from assay.judges.schema import Record
from assay.worker.alerts.rule import Severity
from assay.worker.alerts.states import AlertBook, AlertState
from assay.worker.ports.key_values import KeyValues

_BOOK_KEY = "alerts:book"
_EPISODES_KEY = "alerts:episodes"

_KEPT_S = 400 * 86_400

EPISODES_KEPT_S = 35 * 86_400.0
"""How long an alert that has ended is told of: in digests of the last weeks."""

MOST_EPISODES = 2_000
"""Of more than these the oldest are forgotten."""


class Episode(Record):
    """One alert from its beginning to its end.

    Attributes:
        fired_at, ended_at: Unix time. No end: it fires, or fired when it was last looked at.
        silent: why nobody was told when it began.
    """

    key: str
    rule: str
    severity: Severity
    labels: dict[str, str]
    summary: str
    fired_at: float
    ended_at: float | None = None
    silent: str = ""

    @property
    def use_case(self) -> str | None:
        """The use case that it is about. None: the fleet."""
        return self.labels.get("use_case")


_EPISODES = TypeAdapter(tuple[Episode, ...])


class KeptAlerts:
    """Reads and writes them. Only who holds the lock of looks writes.

    Raises (all methods):
        StateUnavailable
    """

    def __init__(self, key_values: KeyValues) -> None:
        self._key_values = key_values

    async def book(self) -> AlertBook:
        """What is remembered. Nothing, where another version wrote it in another form."""
        raw = (await self._key_values.kept([_BOOK_KEY])).get(_BOOK_KEY)
        try:
            return AlertBook.model_validate_json(raw) if raw else AlertBook()
        except ValidationError:
            return AlertBook()

    async def keep(self, book: AlertBook) -> None:
        """Remember this."""
        await self._key_values.keep(_BOOK_KEY, book.model_dump_json().encode(), ttl_s=_KEPT_S, replace=True)

    async def episodes(self, since: float, until: float) -> Sequence[Episode]:
        """Those that fired within [since, until), in the order in which they began."""
        kept = await self._episodes()
        return [
            episode
            for episode in kept
            if episode.fired_at < until and (episode.ended_at is None or episode.ended_at >= since)
        ]

    async def note(self, begun: Iterable[AlertState], ended: Iterable[AlertState], now: float) -> None:
        """Add episodes that began, and the ends of some."""
        new = [_episode(state) for state in begun]
        ends = {state.key: state.ended_at for state in ended}
        if not new and not ends:
            return
        kept = [
            episode.model_copy(update={"ended_at": ends[episode.key]})
            if episode.ended_at is None and episode.key in ends
            else episode
            for episode in await self._episodes()
            if episode.ended_at is None or now - episode.ended_at < EPISODES_KEPT_S
        ]
        begun_before = {(episode.key, episode.fired_at) for episode in kept}
        kept += [episode for episode in new if (episode.key, episode.fired_at) not in begun_before]
        packed = _EPISODES.dump_json(tuple(kept[-MOST_EPISODES:]))
        await self._key_values.keep(_EPISODES_KEY, packed, ttl_s=_KEPT_S, replace=True)

    async def _episodes(self) -> Sequence[Episode]:
        raw = (await self._key_values.kept([_EPISODES_KEY])).get(_EPISODES_KEY)
        try:
            return _EPISODES.validate_json(raw) if raw else ()
        except ValidationError:
            return ()


def _episode(state: AlertState) -> Episode:
    return Episode(
        key=state.key,
        rule=state.rule,
        severity=state.severity,
        labels=state.labels,
        summary=state.summary,
        fired_at=state.fired_at if state.fired_at is not None else state.since,
        silent=state.silent,
    )
