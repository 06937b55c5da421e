"""Records of which a report holds very many."""

from __future__ import annotations

from assay.worker.reporting.period.lean import lean
from assay.worker.reporting.period.records import ValueRates
from assay.worker.signals.rates import rates
from tests.unit.worker.signals.rows import slice_of


def value_rates(value: str) -> ValueRates:
    """Rates of a few answers."""
    return ValueRates(value=value, rates=rates(slice_of([0.1, 0.7, 0.9], [0.5, 0.5, 0.25], silent=[0.5]), 0.5))


def test_it_is_the_same_record() -> None:
    told = value_rates("v1")
    assert lean(told) == told
    assert lean(told).model_dump_json() == told.model_dump_json()
    assert lean(told).model_dump_json(exclude_unset=True) == told.model_dump_json(exclude_unset=True)


def test_all_that_were_given_the_same_fields_share_their_set() -> None:
    first, second = lean(value_rates("v1")).rates, lean(value_rates("v2")).rates
    assert first.flagged is not None
    assert second.flagged is not None
    assert first.model_fields_set is second.model_fields_set
    assert first.flagged.model_fields_set is second.flagged.model_fields_set
    assert first.flagged.model_fields_set == {"value", "low", "high", "n", "n_effective", "n_clusters"}
