"""Columns that grow block by block."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from assay.worker.signals.stacked import Stacked

TYPES = {"number": np.int32, "risk": np.float64, "is_lost": np.bool_}


@given(sizes=st.lists(st.integers(0, 60), max_size=8))
def test_rows_come_back_in_their_order(sizes: list[int]) -> None:
    stacked = Stacked(TYPES)
    blocks = [np.arange(size) + 100 * at for at, size in enumerate(sizes)]
    for block in blocks:
        stacked.add({"number": block, "risk": block / 7, "is_lost": block % 3 == 0, "more": block})
    whole = np.concatenate([np.empty(0, dtype=np.int64), *blocks])
    assert stacked.size == whole.size
    columns = stacked.taken()
    assert {name: column.dtype for name, column in columns.items()} == {
        name: np.dtype(of) for name, of in TYPES.items()
    }
    assert columns["number"].tolist() == whole.tolist()
    assert columns["risk"].tolist() == (whole / 7).tolist()
    assert columns["is_lost"].tolist() == (whole % 3 == 0).tolist()
