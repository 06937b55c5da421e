"""Ids of scores are UUIDs of version 5, as other programs compute them."""

from __future__ import annotations

import uuid

from hypothesis import given
from hypothesis import strategies as st

from assay.worker.records.scores import score_id, session_score_id

NAMESPACE = uuid.UUID("7d0c3f0e-6a53-5d0f-9a3e-1f6f2b5a9d41")
words = st.text(st.characters(codec="utf-8"))


@given(project=words, trace_id=words, observation_id=st.none() | words, rubric=words, name=words)
def test_score_id_is_the_uuid5_of_what_the_score_is(
    project: str, trace_id: str, observation_id: str | None, rubric: str, name: str
) -> None:
    got = score_id(project, trace_id, observation_id, rubric_name=rubric, rubric_hash="h", name=name)
    key = "\x1f".join((project, trace_id, observation_id or "", rubric, "h", name))
    assert got == str(uuid.uuid5(NAMESPACE, key))


def test_session_score_id_is_the_uuid5_of_what_the_score_is() -> None:
    got = session_score_id("p", "s", rubric_name="r", rubric_hash="h", name="n")
    assert got == str(uuid.uuid5(NAMESPACE, "\x1f".join(("session", "p", "s", "r", "h", "n"))))
