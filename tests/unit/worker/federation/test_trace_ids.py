"""Ids of several stores: each names one trace of one store, whatever a store calls its traces."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from assay.worker.federation.trace_ids import TraceIds

NAMES = st.lists(st.from_regex(r"\A[a-z][a-z0-9-]{0,5}\Z"), min_size=1, max_size=4, unique=True)
NATIVE = st.one_of(st.text(), st.text("ab~-1", max_size=12))


@given(NAMES, NATIVE, st.data())
def test_an_id_leads_back_to_its_store_and_its_own_id(names: list[str], native: str, data: st.DataObject) -> None:
    ids, store = TraceIds(names), data.draw(st.sampled_from(names))
    native = data.draw(st.sampled_from([native, f"{data.draw(st.sampled_from(names))}~{native}"]))
    assert ids.split(ids.qualified(store, native)) == (store, native)


@given(NAMES, NATIVE, NATIVE, st.data())
def test_two_traces_never_share_an_id(names: list[str], one: str, other: str, data: st.DataObject) -> None:
    ids = TraceIds(names)
    first, second = data.draw(st.sampled_from(names)), data.draw(st.sampled_from(names))
    same = ids.qualified(first, one) == ids.qualified(second, other)
    assert same == ((first, one) == (second, other))


@given(NATIVE)
def test_ids_of_the_first_store_stay_as_they_are_unless_they_begin_with_the_name_of_a_store(native: str) -> None:
    ids = TraceIds(["chat", "rag"])
    is_like_another = native.startswith(("chat~", "rag~"))
    assert (ids.qualified("chat", native) == native) is not is_like_another
    assert ids.qualified("rag", native) == f"rag~{native}"
