"""Scores written as evaluations: joined to the right span, not twice, and read back from it."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from assay.worker.ports.store_errors import StoreAccessDenied, StoreBusy, StoreRejected, StoreUnavailable
from assay.worker.records.scores import Score
from assay.worker.stores.datadog.evaluations import label_of
from assay.worker.stores.datadog.store import DatadogStore
from tests.servers.datadog.server import EVALUATIONS, DatadogServer
from tests.servers.datadog.settings import DatadogSettings
from tests.servers.langfuse.faults import Fault, Faults
from tests.unit.worker.stores.datadog.making import ROOT, STEP, TRACE, asked, fill, score, span

FILE = Path(__file__).parents[4] / "servers" / "datadog" / "sdk_exchange.json"
WRITES = rf"POST {EVALUATIONS}$"


def written(server: DatadogServer, *scores: Score) -> dict[str, Score]:
    async def use(store: DatadogStore) -> dict[str, Score]:
        await store.write_scores(scores)
        return dict(await store.read_scores(one.key for one in scores))

    return asked(server, use)


@pytest.mark.parametrize(
    "name", ["groundedness", "rag.groundedness", "1st", "naïve score", "x" * 300, "", "a-b", "a b"]
)
def test_label_is_what_datadog_takes(name: str) -> None:
    label = label_of(name)
    assert re.fullmatch(r"[A-Za-z][A-Za-z0-9_]{0,199}", label)
    assert (label == name) == bool(re.fullmatch(r"[A-Za-z][A-Za-z0-9_]{0,199}", name))


def test_names_that_differ_have_labels_that_differ() -> None:
    assert len({label_of(name) for name in ("a.b", "a-b", "a b", "a_b")}) == 4


def test_name_is_read_back_although_the_label_is_another() -> None:
    given = score("rag.groundedness")
    with DatadogServer() as server:
        fill(server, span())
        assert written(server, given) == {given.id: given}


@pytest.mark.parametrize("value", [0.1 + 0.2, 1e-12, 1 / 3, "high risk", "1", ""])
def test_value_comes_back_as_it_was(value: float | str) -> None:
    given = score(value=value, comment="why")
    with DatadogServer() as server:
        fill(server, span())
        assert written(server, given)[given.id].value == value


def test_score_hangs_on_the_root_or_on_the_step_it_names() -> None:
    on_root, on_step = score("a"), score("b", observation_id=STEP)
    with DatadogServer() as server:
        fill(server, span(), span(STEP, parent_id=ROOT, kind="llm"))
        assert written(server, on_root, on_step) == {on_root.id: on_root, on_step.id: on_step}
        joined = {metric["label"]: metric["join_on"]["span"]["span_id"] for metric in server.evaluations}
    assert joined == {"a": ROOT, "b": STEP}


def test_span_of_opentelemetry_is_joined_by_decimal_ids_and_says_so() -> None:
    hex_span = "00f067aa0ba902b7"
    given = score()
    with DatadogServer() as server:
        fill(server, span(hex_span, tags=["source:otel"]))
        shown = written(server, given)
        (metric,) = server.evaluations
    assert metric["join_on"]["span"] == {"span_id": str(int(hex_span, 16)), "trace_id": str(int(TRACE, 16))}
    assert "source:otel" in metric["tags"]
    assert shown == {given.id: given}


def test_what_is_shown_already_is_not_sent_again() -> None:
    given, other = score(comment="why"), score("faithfulness")
    with DatadogServer() as server:
        fill(server, span())
        written(server, given)
        written(server, given, other)
        assert [metric["label"] for metric in server.evaluations] == ["groundedness", "faithfulness"]


def test_rewrite_is_appended_and_the_newest_is_shown() -> None:
    first, second = score(value=0.9), score(value=0.1)
    with DatadogServer() as server:
        fill(server, span())
        written(server, first)
        assert written(server, second)[first.id].value == 0.1
        assert len(server.evaluations) == 2


def test_without_metadata_in_a_listing_tags_tell_whose_a_score_is() -> None:
    given = score(metadata={"rubric": "grounding", "rubric_hash": "0f", "judge": "m"}, comment="why")
    with DatadogServer(DatadogSettings(shows_metadata=False)) as server:
        fill(server, span())
        shown = written(server, given)[given.id]
        written(server, given)
        assert len(server.evaluations) == 1
    assert (shown.name, shown.value, shown.metadata) == (
        "groundedness",
        0.5,
        {"rubric": "grounding", "rubric_hash": "0f"},
    )


def test_partial_success_is_no_success() -> None:
    scores = [score(f"s{n}") for n in range(5)]
    with DatadogServer(DatadogSettings(metrics_taken=3)) as server:
        fill(server, span())
        with pytest.raises(StoreUnavailable, match="3 of 5 scores were taken"):
            written(server, *scores)
        with pytest.raises(StoreUnavailable, match="traces not shown: 1"):
            written(server, score("s0", trace_id="unknown"))
        server.settings = DatadogSettings()
        assert len(written(server, *scores)) == 5
        assert len(server.evaluations) == 5


def test_score_that_was_taken_and_dropped_is_not_shown() -> None:
    scores = [score(f"s{n}") for n in range(10)]
    with DatadogServer(faults=Faults(rules=[Fault("drop", 1.0, most=3)])) as server:
        fill(server, span())
        assert len(written(server, *scores)) == 7


@pytest.mark.parametrize("status", [429, 500, 503])
def test_error_of_the_server_is_tried_again_later(status: int) -> None:
    faults = Faults(rules=[Fault("status", 1.0, on=WRITES, status=status, retry_after_s=77)])
    with DatadogServer(faults=faults) as server:
        fill(server, span())
        with pytest.raises(StoreUnavailable):
            written(server, score())


def test_refusal_is_final() -> None:
    faults = Faults(rules=[Fault("status", 1.0, on=WRITES, status=400)])
    with DatadogServer(faults=faults) as server:
        fill(server, span())
        with pytest.raises(StoreRejected):
            written(server, score())


def test_key_of_another_site_is_a_persons_to_mend_and_is_never_shown() -> None:
    ours = DatadogSettings()
    with DatadogServer(ours) as server:

        async def use(store: DatadogStore) -> None:
            server.settings = DatadogSettings(app_key="another-key-than-ours")
            await store.write_scores([score()])

        with pytest.raises(StoreAccessDenied, match="DD_SITE") as caught:
            asked(server, use)
    assert ours.api_key not in str(caught.value)
    assert ours.app_key not in str(caught.value)


def test_used_up_limit_is_waited_for_as_long_as_datadog_says() -> None:
    with DatadogServer(DatadogSettings(searches_in_all=1)) as server:
        fill(server, span())
        assert len(written(server, score())) == 1

    with DatadogServer(DatadogSettings(searches_in_all=0)) as server:

        async def use(store: DatadogStore) -> None:
            store._search.max_wait_s = 0.1
            await store.read_scores([score().key])

        with pytest.raises(StoreBusy) as caught:
            asked(server, use)
    assert caught.value.retry_after_s == 1.0


def test_evaluations_of_others_are_nobodys_score_of_ours() -> None:
    with DatadogServer() as server:
        fill(server, span())
        theirs = {"label": "toxicity", "metric_type": "categorical", "categorical_value": "no", "ml_app": "x"}
        server.evaluations.append(
            {**theirs, "timestamp_ms": 1, "join_on": {"span": {"span_id": ROOT, "trace_id": TRACE}}}
        )
        assert asked(server, lambda store: store.read_scores([score().key])) == {}


def test_what_is_sent_has_the_fields_that_the_sdk_sends() -> None:
    """`sdk_exchange.json` notes what Datadog's own SDK and client sent to the same server."""
    noted = json.loads(FILE.read_text())
    with DatadogServer() as server:
        fill(server, span())
        written(server, score(comment="why"))
        (metric,) = (request.json["data"]["attributes"]["metrics"][0] for request in server.requests(EVALUATIONS))
        searched = server.requests("/search")[0].json["data"]["attributes"]
    assert sorted(metric) == noted["metric"]
    told = {name: sorted(part) if isinstance(part, dict) else "text" for name, part in searched.items()}
    assert told == noted["search"]
