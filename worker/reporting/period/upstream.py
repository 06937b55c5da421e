"""How much of the traffic reached the trace store at all: a recorder may have kept one trace in so many."""

from __future__ import annotations

from collections import defaultdict

import numpy as np

from assay.worker.ports.history import Block
from assay.worker.records.columns import rows_alike
from assay.worker.reporting.period.records import Coverage, Upstream
from assay.worker.signals.traffic import Floats

_ALIKE = ("use_case", "rubric", "state")


class UpstreamShares:
    """With which probability each scored trace was recorded, by use case and rubric, filled block by block."""

    columns = (*_ALIKE, "upstream_pi")

    def __init__(self) -> None:
        self._chunks: dict[tuple[str, str], list[Floats]] = defaultdict(list)

    def add(self, block: Block) -> None:
        """Keep what the scored rows of a block tell."""
        codes, known = rows_alike([block[name] for name in _ALIKE])
        kept = block["upstream_pi"].floats()
        for code, (use_case, rubric, state) in enumerate(known):
            if state == "scored":
                self._chunks[use_case, rubric].append(kept[codes == code])

    def of(self, pair: tuple[str, str]) -> Upstream | None:
        """What the traces of a use case and rubric tell. None where none tells that anything was left out."""
        chunks = self._chunks.get(pair)
        if not chunks:
            return None
        kept = np.concatenate(chunks)
        known = kept[~np.isnan(kept)]
        if not known.size or known.min() >= 1:
            return None
        return Upstream(
            known=known.size,
            unknown=kept.size - known.size,
            least=float(known.min()),
            most=float(known.max()),
            mean_count=float((1 / known).mean()),
        )


def upstream_words(coverage: Coverage) -> str:
    """What a recorder that kept some of the traces means for the numbers. Empty where none is known to have."""
    told = coverage.upstream
    if told is None:
        return ""
    if told.unknown:
        return (
            f"of {told.known + told.unknown:,} traces {told.unknown:,} do not tell how the recorder sampled them; they "
            "count as if all of their kind had been kept, so the rates lie between those of the traffic and those of "
            "what is stored"
        )
    share = _one_in(1 / told.mean_count)
    if told.least != told.most:
        share = f"between {_one_in(told.most)} and {_one_in(told.least)} of this traffic ({share} on average)"
    else:
        share = f"{share} of this traffic"
    return f"the recorder kept {share}: rates are of all traffic, counts are of what is stored"


def _one_in(share: float) -> str:
    """A share of traces: `1 in 3.2`."""
    return f"1 in {1 / share:.2g}" if share > 0.01 else f"1 in {1 / share:,.0f}"
