"""The three routes of Datadog's Agent Observability that matter here: spans in, evaluations in, spans out."""

from __future__ import annotations

import base64
import json
import time
import uuid
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.servers.datadog.settings import DatadogSettings
from tests.servers.datadog.words import parsed
from tests.servers.langfuse.faults import Faults
from tests.servers.threaded_server import Reply, Request, ThreadedServer

SPANS = "/api/intake/llm-obs/v1/trace/spans"
EVALUATIONS = "/api/intake/llm-obs/v2/eval-metric"
EVENTS = "/api/v2/llm-obs/v1/spans/events"
_DEFAULT_WINDOW = timedelta(minutes=15)
_FILTERS = ("span_id", "trace_id", "span_kind", "ml_app")

Span = dict[str, Any]


class DatadogServer(ThreadedServer):
    """An organization. Evaluations are appended, and a span shows of each label the newest."""

    def __init__(self, settings: DatadogSettings | None = None, *, faults: Faults | None = None) -> None:
        super().__init__(self._route, faults)
        self.settings = settings or DatadogSettings()
        self.spans: dict[tuple[str, str], Span] = {}
        self.evaluations: list[dict[str, Any]] = []
        self._searches = 0

    def _route(self, request: Request) -> Reply:
        if request.headers.get("dd-api-key") != self.settings.api_key:
            return _errors(403, "Forbidden")
        routes = {
            ("POST", SPANS): lambda: self._take_spans(request.json),
            ("POST", EVALUATIONS): lambda: self._take_evaluations(request.json),
            ("GET", EVENTS): lambda: self._searched(request),
            ("POST", f"{EVENTS}/search"): lambda: self._searched(request),
        }
        answer = routes.get((request.method, request.path))
        return answer() if answer else _errors(404, "Not Found")

    def _searched(self, request: Request) -> Reply:
        if request.headers.get("dd-application-key") != self.settings.app_key:
            return _errors(401, "Unauthorized")
        self._searches += 1
        most = self.settings.searches_in_all
        if most is not None and self._searches > most:
            reset = {"X-RateLimit-Limit": "1", "X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "1"}
            self._searches = 0
            return Reply(429, {"errors": ["Rate limit of 1 requests in 1 seconds reached"]}, reset)
        if request.method == "GET":
            return self._search(*_of_query(request))
        attributes = ((request.json or {}).get("data") or {}).get("attributes") or {}
        return self._search(attributes.get("filter") or {}, attributes)

    def _take_spans(self, body: Any) -> Reply:
        attributes = body["data"]["attributes"]
        oldest = self.settings.newest_span_s
        if oldest is not None and any(s["start_ns"] < (time.time() - oldest) * 1e9 for s in attributes["spans"]):
            return _errors(400, "span is older than 24 hours")
        for given in attributes["spans"]:
            span = _shown(given, attributes)
            self.spans[span["trace_id"], span["span_id"]] = span
        return Reply(202)

    def _take_evaluations(self, body: Any) -> Reply:
        metrics = body["data"]["attributes"]["metrics"]
        for metric in metrics:
            problem = _problem(metric)
            if problem:
                return _errors(400, problem)
        taken = [{"id": str(uuid.uuid4()), **metric} for metric in metrics[: self.settings.metrics_taken]]
        self.evaluations += [metric for metric in taken if not self.faults.drops_score()]
        data = {"type": "evaluation_metric", "id": str(uuid.uuid4()), "attributes": {"metrics": taken}}
        return Reply(202, {"data": data})

    def _search(self, wanted: Mapping[str, Any], asked: Mapping[str, Any]) -> Reply:
        page, now = asked.get("page") or {}, datetime.now(UTC)
        limit = page.get("limit", 10)
        if not 1 <= limit <= 5000:
            return _errors(400, "page.limit must be at most 5000")
        start = _moment(wanted.get("from")) or now - _DEFAULT_WINDOW
        end = _moment(wanted.get("to")) or now
        try:
            matching = self._matching(wanted)
        except ValueError as error:
            return _errors(400, str(error))
        rows = sorted((s for s in matching if start <= _start(s) < end), key=_position)
        if page.get("cursor"):
            after = tuple(json.loads(base64.b64decode(page["cursor"])))
            rows = [span for span in rows if _position(span) > after]
        shown, more = rows[:limit], len(rows) > limit
        cursor = base64.b64encode(json.dumps(_position(shown[-1])).encode()).decode() if more else None
        if self.settings.times_out:
            shown, cursor = shown[: len(shown) // 2], None
        meta = {
            "elapsed": 12,
            "request_id": "pddv1",
            "status": "timeout" if self.settings.times_out else "done",
            "page": {"after": cursor} if cursor else None,
        }
        data = [{"id": span["span_id"], "type": "span", "attributes": self._with_evaluations(span)} for span in shown]
        return Reply(200, {"data": data, "meta": meta})

    def _matching(self, wanted: Mapping[str, Any]) -> Iterable[Span]:
        if wanted.get("query"):
            test = parsed(wanted["query"])
            return (s for s in self.spans.values() if self.settings.takes_words and test(s))
        fields = {name: wanted[name] for name in _FILTERS if wanted.get(name)}
        tags = {f"{key}:{value}" for key, value in (wanted.get("tags") or {}).items()}
        return (
            span
            for span in self.spans.values()
            if all(span.get(name) == value for name, value in fields.items()) and tags <= set(span["tags"])
        )

    def _with_evaluations(self, span: Span) -> Span:
        mine = [metric for metric in self.evaluations if _joins(metric, span)]
        shown: dict[str, Any] = {}
        for metric in sorted(mine, key=lambda metric: int(metric["timestamp_ms"])):
            shown[metric["label"]] = self._evaluation(metric)
        row = {**span, **({"evaluation": shown} if shown else {})}
        return {**row, "start_ns": row["start_ns"] // 1_000_000} if self.settings.start_in_ms else row

    def _evaluation(self, metric: Mapping[str, Any]) -> dict[str, Any]:
        row = {
            "eval_metric_type": metric["metric_type"],
            "value": metric[f"{metric['metric_type']}_value"],
            "status": "OK",
            "tags": metric.get("tags") or [],
            "reasoning": metric.get("reasoning"),
            "assessment": metric.get("assessment"),
            "eval_metric_metadata": metric.get("metadata") if self.settings.shows_metadata else None,
        }
        return {key: value for key, value in row.items() if value is not None}


def _shown(given: Mapping[str, Any], attributes: Mapping[str, Any]) -> Span:
    """A span as a search shows it: `meta` is spread out, tags of the request are its own."""
    meta = given["meta"]
    metadata = dict(meta.get("metadata") or {})
    session = given.get("session_id") or attributes.get("session_id")
    sessions = [f"session_id:{session}"] if session else []
    return {
        **{key: given[key] for key in ("name", "span_id", "trace_id", "parent_id", "start_ns", "duration")},
        "ml_app": attributes["ml_app"],
        "span_kind": meta["kind"],
        "input": _io(meta.get("input")),
        "output": _io(meta.get("output")),
        "model_name": metadata.pop("model_name", None),
        "model_provider": metadata.pop("model_provider", None),
        "metadata": metadata,
        "metrics": given.get("metrics") or {},
        "status": given.get("status", "ok"),
        "tags": [
            *(attributes.get("tags") or ()),
            *(given.get("tags") or ()),
            *sessions,
            f"ml_app:{attributes['ml_app']}",
            "ddtrace.version:4.16.0",
            "error:0",
        ],
    }


def _io(given: Mapping[str, Any] | None) -> dict[str, Any]:
    """Messages beside the text that is made of them. Documents are not among what a search shows."""
    if not given:
        return {}
    messages, value = given.get("messages"), given.get("value")
    if value is None and messages:
        value = next((m["content"] for m in reversed(messages) if m.get("role") == "user"), messages[-1]["content"])
    if value is None and given.get("documents"):
        value = json.dumps(given["documents"], ensure_ascii=False)
    return {"value": value, **({"messages": messages} if messages else {})}


def _problem(metric: Mapping[str, Any]) -> str | None:
    label = str(metric.get("label") or "")
    if not label or "." in label or len(label) > 200:
        return "label must not be empty, hold a dot, or be longer than 200 characters"
    kind = metric.get("metric_type")
    if kind not in ("score", "categorical", "boolean", "json") or f"{kind}_value" not in metric:
        return "metric_type and its value are required"
    if not metric.get("ml_app") or not isinstance(metric.get("timestamp_ms"), int):
        return "ml_app and timestamp_ms are required"
    if len(metric.get("join_on") or {}) != 1:
        return "join_on takes exactly one of span and tag"
    return None


def _joins(metric: Mapping[str, Any], span: Span) -> bool:
    join = metric["join_on"]
    if "tag" in join:
        return f"{join['tag']['key']}:{join['tag']['value']}" in span["tags"]
    ids = (span["span_id"], span["trace_id"])
    if "source:otel" in span["tags"]:
        # Spans of OpenTelemetry wait for evaluations that say so, by decimal ids alone.
        ids = (str(int(span["span_id"], 16)), str(int(span["trace_id"], 16)))
        if "source:otel" not in metric["tags"]:
            return False
    return (join["span"]["span_id"], join["span"]["trace_id"]) == ids


def _of_query(request: Request) -> tuple[dict[str, Any], dict[str, Any]]:
    """The same from the parameters of a GET."""
    wanted = {key[7:-1]: value for key, value in request.query if key.startswith("filter[") and "][" not in key}
    limit = request.value("page[limit]")
    page: dict[str, Any] = {"limit": int(limit)} if limit else {}
    if request.value("page[cursor]"):
        page["cursor"] = request.value("page[cursor]")
    return wanted, {"page": page}


def _start(span: Span) -> datetime:
    return datetime.fromtimestamp(span["start_ns"] / 1e9, UTC)


def _position(span: Span) -> tuple[int, str]:
    return span["start_ns"], span["span_id"]


def _moment(text: Any) -> datetime | None:
    if not text or text == "now":
        return None
    if isinstance(text, str) and text.startswith("now-"):
        unit = {"m": 60, "h": 3600, "d": 86400}[text[-1]]
        return datetime.now(UTC) - timedelta(seconds=int(text[4:-1]) * unit)
    return datetime.fromisoformat(str(text))


def _errors(status: int, detail: str) -> Reply:
    return Reply(status, {"errors": [{"status": str(status), "title": "Generic Error", "detail": detail}]})
