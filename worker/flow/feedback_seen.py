"""Which complaints a sweep has looked at, so that a second look a day later takes only what the store showed since."""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from assay.worker.flow.opinions import Opinion
from assay.worker.ports.key_values import KeyValues

_TTL_S = 3 * 86400
"""A second look comes a day after the first; one that an outage held up comes later."""

_BYTES = 8
"""Of one complaint. Among a million of them two are alike with a chance of 1 in 40 million."""


@dataclass(frozen=True)
class SeenComplaints:
    """Remembers complaints by the UTC hour in which they were given. No word and no id is kept, only hashes.

    Where the memory is gone nothing was seen: each complaint is looked at once more, which adds no trace twice.
    """

    key_values: KeyValues

    async def note(self, opinions: Sequence[Opinion]) -> None:
        """Remember them.

        Raises:
            StateUnavailable
        """
        new: defaultdict[str, set[bytes]] = defaultdict(set)
        for opinion in opinions:
            for key, digest in _marks(opinion):
                new[key].add(digest)
        before = await self._kept(new)
        for key, digests in new.items():
            if not digests <= before[key]:
                value = b"".join(sorted(digests | before[key]))
                await self.key_values.keep(key, value, ttl_s=_TTL_S, replace=True)

    async def unseen(self, opinions: Sequence[Opinion]) -> list[Opinion]:
        """Those with a complaint that nobody has looked at.

        Raises:
            StateUnavailable
        """
        before = await self._kept(key for opinion in opinions for key, _ in _marks(opinion))
        return [each for each in opinions if any(digest not in before[key] for key, digest in _marks(each))]

    async def _kept(self, keys: Iterable[str]) -> defaultdict[str, set[bytes]]:
        raw = await self.key_values.kept(list(dict.fromkeys(keys)))
        kept: defaultdict[str, set[bytes]] = defaultdict(set)
        for key, value in raw.items():
            kept[key] = {value[at : at + _BYTES] for at in range(0, len(value), _BYTES)}
        return kept


def _marks(opinion: Opinion) -> Iterator[tuple[str, bytes]]:
    """Where each of its complaints is remembered, and as what."""
    for score in opinion.by_rule.values():
        content = json.dumps([opinion.trace_id, score.name, score.value]).encode("ascii")
        yield _key(score.at), hashlib.blake2b(content, digest_size=_BYTES).digest()


def _key(at: datetime) -> str:
    """E.g. `feedback:seen:2026-11-21T12`."""
    return f"feedback:seen:{at.astimezone(UTC):%Y-%m-%dT%H}"
