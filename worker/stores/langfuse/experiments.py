"""A golden run as a Langfuse experiment: spans that say which item they are of, scores on them, scores on the run.

Experiments exist there only as spans that carry the SDK's experiment attributes. The SDK's own `run_experiment` leaves
out items that failed and loses its scores on servers before 4.59, so the spans are sent as OTLP here, with ids
derived from the run's: sending them again changes nothing. Then everything is read back and counted.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import time
import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from assay.judges.errors import ConfigurationError
from assay.judges.text.plain import shortened
from assay.worker.ports.experiments import Experiment, ExperimentItem, ExperimentReport
from assay.worker.records.scores import Score
from assay.worker.stores.langfuse.codec import iso, moment
from assay.worker.stores.langfuse.datasets import item_id
from assay.worker.stores.langfuse.patient_calls import PatientCalls
from assay.worker.stores.langfuse.scores import SCORES
from assay.worker.stores.langfuse.spans import send_traces

if TYPE_CHECKING:
    from assay.worker.stores.langfuse.store import LangfuseStore

ITEMS = "/api/public/experiment-items"
V3_SCORES = "/api/public/v3/scores"
ENVIRONMENT = "sdk-experiment"
"""The SDK's: excluded from sampling by default, so that no golden answer is judged as traffic."""

SCORES_AT_ONCE = 100
VISIBLE_S, POLL_S = 90.0, 2.0
STATUS = "golden_status"
_NAMESPACE = uuid.UUID("3e5f8f1c-6b1d-5f0a-8d0a-1f5b6f0c2a77")


class LangfuseExperiments:
    """`assay.worker.ports.experiments.Experiments` of one project."""

    def __init__(self, store: LangfuseStore) -> None:
        self._store = store
        self._patiently = PatientCalls()

    async def publish(self, experiment: Experiment) -> ExperimentReport:
        """Send an experiment and wait until it can be read.

        Raises:
            ConfigurationError: the server has no experiments.
            StoreUnavailable, StoreRejected
        """
        store = self._store
        server = await self._patiently(store.server)
        if server.generation != "v4":
            raise ConfigurationError(f"{server.words}: has no experiments; leave out --experiment, or upgrade to v4")
        project = await self._patiently(store.project_id)
        run_id = experiment_id(project, experiment.dataset_id, experiment.name)
        spans = {item.id: _spans(experiment, run_id, item, at) for at, item in enumerate(experiment.items)}
        left_out = await send_traces(store.client, spans, self._patiently)
        sent = [item for item in experiment.items if item.id not in left_out]
        ids = await self._send_scores(experiment, run_id, sent)
        shown, scores_shown = await self._read_back(experiment, run_id, ids, items=len(sent))
        return ExperimentReport(
            name=experiment.name,
            id=run_id,
            url=f"{store.client.base_url}/project/{project}/experiments/results?baseline={run_id}",
            items=len(experiment.items),
            items_shown=len(shown),
            scores=len(ids),
            scores_shown=scores_shown,
            missing=tuple(item.id for item in experiment.items if item_id(experiment.dataset, item.id) not in shown),
            too_large=tuple(item.id for item in experiment.items if item.id in left_out),
        )

    async def _send_scores(self, experiment: Experiment, run_id: str, sent: Sequence[ExperimentItem]) -> list[str]:
        """Write the scores of the items and of the whole run; returns their ids."""
        store, server = self._store, await self._store.server()
        scores = [score for item in sent for score in _item_scores(experiment, run_id, item)]
        for at in range(0, len(scores), SCORES_AT_ONCE):
            await self._patiently(partial(store.write_scores, scores[at : at + SCORES_AT_ONCE]))
        run_scores = _run_scores(experiment, run_id)
        for body in run_scores:
            await self._patiently(
                partial(store.client.post, SCORES, [body] if server.writes_scores == "list" else body)
            )
        return [score.id for score in scores] + [str(body["id"]) for body in run_scores]

    async def _read_back(
        self, experiment: Experiment, run_id: str, ids: Sequence[str], *, items: int
    ) -> tuple[set[str], int]:
        """The items that are listed and how many scores can be read, once all are or patience is at its end."""
        until = time.monotonic() + VISIBLE_S
        waiting = set(ids)
        while True:
            shown = await self._items_shown(experiment, run_id)
            waiting -= await self._scores_shown(sorted(waiting))
            if (len(shown) >= items and not waiting) or time.monotonic() > until:
                return shown, len(ids) - len(waiting)
            await asyncio.sleep(POLL_S)

    async def _items_shown(self, experiment: Experiment, run_id: str) -> set[str]:
        query = [
            ("fromStartTime", iso(experiment.started - timedelta(minutes=1))),
            ("experimentId", run_id),
            ("limit", "100"),
        ]
        shown: set[str] = set()
        cursor: str | None = None
        while True:
            answer = await self._patiently(
                partial(self._store.client.get, ITEMS, [*query, *([("cursor", cursor)] if cursor else [])])
            )
            shown |= {row["experimentItemId"] for row in answer["data"] if moment(row["startTime"])}
            cursor = answer["meta"].get("cursor")
            if cursor is None:
                return shown

    async def _scores_shown(self, ids: Sequence[str]) -> set[str]:
        shown: set[str] = set()
        for at in range(0, len(ids), SCORES_AT_ONCE):
            query = [("id", ",".join(ids[at : at + SCORES_AT_ONCE])), ("limit", "100")]
            answer = await self._patiently(partial(self._store.client.get, V3_SCORES, query))
            shown |= {row["id"] for row in answer["data"]}
        return shown


def experiment_id(project: str, dataset_id: str, name: str) -> str:
    """The id that server and SDK give a named run over a dataset."""
    parts = json.dumps(["langfuse-experiment-v1", project, dataset_id, name], separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(parts.encode()).hexdigest()[:16]


def _ids(run_id: str, item: ExperimentItem) -> tuple[str, str, str]:
    """Trace, root span and task span: the same whenever they are sent."""
    digest = hashlib.sha256(f"{run_id}\x1f{item.id}\x1f{item.repeat}".encode()).hexdigest()
    return digest[:32], digest[32:48], digest[48:64]


def _spans(experiment: Experiment, run_id: str, item: ExperimentItem, position: int) -> Sequence[dict[str, Any]]:
    """The root of an item's trace, and the task under it that the server lists."""
    trace_id, root_id, task_id = _ids(run_id, item)
    # A millisecond apart, so that the list keeps the set's order.
    begun = experiment.started + timedelta(milliseconds=position)
    ended = begun + timedelta(seconds=item.latency_s or 0.001)
    attributes = {
        "langfuse.environment": ENVIRONMENT,
        "langfuse.experiment.id": run_id,
        "langfuse.experiment.name": experiment.name,
        "langfuse.experiment.description": f"golden run of {experiment.dataset}",
        "langfuse.experiment.metadata": json.dumps(experiment.metadata),
        "langfuse.experiment.dataset.id": experiment.dataset_id,
        "langfuse.experiment.item.id": item_id(experiment.dataset, item.id),
        "langfuse.experiment.item.metadata": json.dumps({"tags": list(item.tags), "item": item.id}),
        "langfuse.experiment.item.expected_output": json.dumps(item.expected),
        "langfuse.experiment.item.root_observation_id": task_id,
        "langfuse.observation.type": "span",
        "langfuse.observation.input": json.dumps({"question": item.question}),
        "langfuse.observation.output": json.dumps({"answer": item.response}),
        "langfuse.observation.level": "ERROR" if item.has_failed else "DEFAULT",
        "langfuse.observation.status_message": "; ".join(item.reasons) if item.has_failed else "",
    }
    shared = {
        "traceId": trace_id,
        "kind": 1,
        "startTimeUnixNano": _nanos(begun),
        "endTimeUnixNano": _nanos(ended),
        "attributes": [{"key": key, "value": {"stringValue": value}} for key, value in attributes.items() if value],
        "status": {},
    }
    return (
        {**shared, "spanId": root_id, "name": "experiment-item-run"},
        {**shared, "spanId": task_id, "parentSpanId": root_id, "name": "experiment-item-task"},
    )


def _item_scores(experiment: Experiment, run_id: str, item: ExperimentItem) -> list[Score]:
    """What came of an item; one that failed has no number, and says that it is missing."""
    trace_id, _, task_id = _ids(run_id, item)
    values: dict[str, float | str] = {**item.scores, STATUS: item.status}
    return [
        Score(
            id=_score_id(run_id, trace_id, name),
            trace_id=trace_id,
            observation_id=task_id,
            name=name,
            value=value,
            comment=shortened("; ".join(item.reasons)),
            environment=ENVIRONMENT,
            timestamp=experiment.started,
            metadata={**experiment.metadata, "item": item.id},
        )
        for name, value in values.items()
    ]


def _run_scores(experiment: Experiment, run_id: str) -> list[dict[str, Any]]:
    return [
        {
            "id": _score_id(run_id, "", name),
            "datasetRunId": run_id,
            "name": name,
            "value": value,
            "dataType": "CATEGORICAL" if isinstance(value, str) else "NUMERIC",
            "environment": ENVIRONMENT,
            "metadata": experiment.metadata,
            "timestamp": iso(experiment.started),
        }
        for name, value in experiment.scores.items()
    ]


def _score_id(run_id: str, trace_id: str, name: str) -> str:
    return str(uuid.uuid5(_NAMESPACE, "\x1f".join((run_id, trace_id, name))))


def _nanos(at: datetime) -> str:
    return str(round(at.timestamp() * 1000) * 1_000_000)
