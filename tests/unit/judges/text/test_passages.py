"""Which passages hold most of the words that are asked for."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from assay.judges.text.passages import Passage, PassageIndex

WORDS = st.sampled_from(["gate", "price", "ticket", "bridge", "river"])


@settings(deadline=None)
@given(st.lists(st.lists(WORDS, max_size=4), max_size=30), st.frozensets(WORDS), st.integers(1, 12))
def test_the_fullest_passages_come_first_and_equals_by_their_text(
    texts: list[list[str]], wanted: frozenset[str], limit: int
) -> None:
    passages = [Passage(0, at, at + 1, tuple(stems)) for at, stems in enumerate(texts)]
    shared = [len(wanted.intersection(passage.stems)) for passage in passages]
    ranked = sorted((at for at, count in enumerate(shared) if count), key=lambda at: (-shared[at], passages[at].stems))[
        :limit
    ]
    found = PassageIndex(passages).most(wanted, limit)
    # Passages of the same words may come in either order.
    assert [(shared[at], passages[at].stems) for at in found] == [(shared[at], passages[at].stems) for at in ranked]
