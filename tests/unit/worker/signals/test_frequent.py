"""Numbers for things of which each row may have one of its own."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from assay.worker.records.columns import PlainColumn
from assay.worker.signals.frequent import Frequent


def numbered(blocks: Sequence[Sequence[str]], most: int) -> tuple[list[int], Frequent]:
    frequent = Frequent(most)
    return [number for block in blocks for number in frequent.of([PlainColumn(block)]).tolist()], frequent


@given(st.lists(st.lists(st.sampled_from("abcdefgh"), max_size=20), max_size=8))
def test_few_things_are_all_remembered_by_one_number_each(blocks: list[list[str]]) -> None:
    numbers, frequent = numbered(blocks, 8)
    known = {number: thing for number, (thing,) in frequent.named().items()}
    assert [known[number] for number in numbers] == [thing for block in blocks for thing in block]
    assert sorted(known) == list(range(frequent.size))


@given(st.integers(0, 30), st.integers(5, 40))
def test_what_comes_often_is_remembered_among_things_that_come_once(late: int, at_once: int) -> None:
    blocks = [[f"{block}-{row}" for row in range(at_once)] + ["often"] * 3 * (block >= late) for block in range(60)]
    numbers, frequent = numbered(blocks, 20)
    known = {thing: number for number, (thing,) in frequent.named().items()}
    assert len(known) <= 2 * 20 + at_once + 1
    assert known["0-0"] == 0, "of equally rare ones the first stay"
    assert Counter(numbers)[known["often"]] == 3 * (60 - late)
