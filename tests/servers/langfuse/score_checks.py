"""What the server refuses of a score at once, before it is queued."""

from __future__ import annotations

import json
import re
from typing import Any

from tests.servers.langfuse import issues
from tests.servers.langfuse.calls import given
from tests.servers.langfuse.issues import MISSING, Issue, Path, Refused, Reply

SUBJECT_KEYS = ("traceId", "sessionId", "datasetRunId", "observationId")
TEXTS = ("id", *SUBJECT_KEYS, "comment", "environment", "configId", "queueId")
ONE_SUBJECT = (
    "Provide exactly one of the following: traceId (with optional observationId), sessionId or datasetRunId. "
    "ObservationId requires traceId."
)
NEEDS_CONFIG = "configId is required when source is ANNOTATION (except for CORRECTION scores)."
NOT_A_FLAG = "Value must be a number equal to either 0 or 1 for data type BOOLEAN"
ENVIRONMENT = re.compile(r"[a-z0-9_-]{1,40}")


def score_issues(body: Any) -> list[Issue]:
    """Issues of one score's body, in the order in which the server finds them."""
    if not isinstance(body, dict):
        # Two schemas are joined there, and each of them complains.
        return [issues.wrong_type("object", body, [])] * 2
    found = _value_issues(body) + _name_issues(body)
    for name in TEXTS:
        found += issues.optional_string(given(body, name), [name])
    if body.get("source") is not None:
        found += issues.one_of(body["source"], ("API", "ANNOTATION"), ["source"])
    return found or _rule_issues(body)


def check_id(body: dict[str, Any]) -> None:
    """Refuse an id of more than 800 characters.

    Raises:
        Refused: The list of issues comes as a text in the message here, as recorded.
    """
    score_id = body.get("id")
    if isinstance(score_id, str) and len(score_id) > 800:
        text = json.dumps([issues.too_big("string", 800, ["body", "id"])], indent=2)
        raise Refused(Reply(400, {"message": text}))


def type_of(body: dict[str, Any]) -> str:
    """The score's type; without one a number is NUMERIC and a text CATEGORICAL."""
    given_type = body.get("dataType")
    return given_type or ("CATEGORICAL" if isinstance(body.get("value"), str) else "NUMERIC")


def clean_environment(name: Any) -> str | None:
    """The environment as it is stored: reserved prefix cut off, an invalid one becomes `default`."""
    if name is None:
        return None
    text = re.sub(r"^(langfuse[-_]?)+", "", str(name).lower())
    return text if ENVIRONMENT.fullmatch(text) else "default"


def _name_issues(body: dict[str, Any]) -> list[Issue]:
    if body.get("dataType") == "CORRECTION":
        return []
    return issues.string(given(body, "name"), ["name"], shortest=1)


def _value_issues(body: dict[str, Any]) -> list[Issue]:
    value, path, kind = given(body, "value"), ["value"], body.get("dataType", MISSING)
    if kind is MISSING or kind is None:
        return issues.union(value, list(path), issues.string, issues.number)
    if kind == "NUMERIC":
        return issues.number(value, list(path))
    if kind == "BOOLEAN":
        wrong = issues.number(value, list(path))
        return wrong or ([] if value in (0, 1) else [issues.custom(NOT_A_FLAG, list(path))])
    if kind == "TEXT":
        return issues.string(value, list(path), shortest=1, longest=500)
    if kind in {"CATEGORICAL", "CORRECTION"}:
        return issues.string(value, list(path))
    return [issues.no_discriminator("dataType")]


def _rule_issues(body: dict[str, Any]) -> list[Issue]:
    subjects = [name for name in SUBJECT_KEYS[:3] if body.get(name)]
    path: Path = list(SUBJECT_KEYS)
    if len(subjects) != 1 or (body.get("observationId") and "traceId" not in subjects):
        return [issues.custom(ONE_SUBJECT, path)]
    annotated = body.get("source") == "ANNOTATION" and body.get("dataType") != "CORRECTION"
    if annotated and not body.get("configId"):
        return [issues.custom(NEEDS_CONFIG, ["configId"])]
    return []
