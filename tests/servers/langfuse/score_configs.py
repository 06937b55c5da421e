"""Score configurations: they check scores in the worker, and their names are not unique."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from tests.servers.langfuse import clock, issues
from tests.servers.langfuse.calls import Call, Page, given
from tests.servers.langfuse.issues import Issue, Path, Reply

if TYPE_CHECKING:
    from tests.servers.langfuse.project import Project

TYPES = ("NUMERIC", "CATEGORICAL", "BOOLEAN", "TEXT")
NAME = re.compile(r"[\w .()-]+")
FLAG = [{"label": "True", "value": 1}, {"label": "False", "value": 0}]


class ScoreConfigs:
    """All configs, oldest first."""

    def __init__(self) -> None:
        self.by_id: dict[str, dict[str, Any]] = {}


def create(project: Project, call: Call) -> Reply:
    """A new config, also when one of that name is there."""
    body = call.fields()
    issues.check(_issues(body))
    _check_range(body)
    now = clock.iso(clock.millis(project.clock.now()))
    numeric = body["dataType"] == "NUMERIC"
    config = {
        "id": project.ids.new(),
        "name": body["name"],
        "isArchived": False,
        "description": body.get("description"),
        "createdAt": now,
        "updatedAt": now,
        "projectId": project.settings.project_id,
        "maxValue": body.get("maxValue") if numeric else None,
        "minValue": body.get("minValue") if numeric else None,
        "dataType": body["dataType"],
        "categories": FLAG if body["dataType"] == "BOOLEAN" else body.get("categories"),
    }
    project.configs.by_id[config["id"]] = config
    return Reply(200, config)


def listing(project: Project, call: Call) -> Reply:
    """Newest first, archived ones too."""
    return Page.of(call).reply(list(reversed(project.configs.by_id.values())))


def get(project: Project, call: Call) -> Reply:
    """One config."""
    return Reply(200, _known(project, call))


def update(project: Project, call: Call) -> Reply:
    """Change a config, or archive it."""
    config = _known(project, call)
    names = ("name", "description", "isArchived", "minValue", "maxValue", "categories")
    config |= {name: value for name, value in call.fields().items() if name in names}
    config["updatedAt"] = clock.iso(clock.millis(project.clock.now()))
    return Reply(200, config)


def _known(project: Project, call: Call) -> dict[str, Any]:
    config = project.configs.by_id.get(call.args[0])
    if config is None:
        raise issues.not_found("Score config not found within authorized project")
    return config


def _issues(body: dict[str, Any]) -> list[Issue]:
    if body.get("dataType") not in TYPES:
        return [issues.no_discriminator("dataType")]
    found = _name_issues(given(body, "name"))
    if body["dataType"] == "CATEGORICAL":
        found += _category_issues(given(body, "categories"))
    for bound in ("minValue", "maxValue"):
        if body["dataType"] == "NUMERIC" and body.get(bound) is not None:
            found += issues.number(body[bound], [bound])
    return found


def _name_issues(name: Any) -> list[Issue]:
    found = issues.string(name, ["name"], shortest=1, longest=35)
    if isinstance(name, str) and not NAME.fullmatch(name):
        base: Issue = {"origin": "string", "code": "invalid_format", "format": "regex"}
        pattern = "/^[\\p{L}\\p{N}_ .()-]+$/u"
        found.append({**base, "pattern": pattern, "path": ["name"], "message": "Name contains invalid characters"})
    return found


def _category_issues(categories: Any) -> list[Issue]:
    if isinstance(categories, list):
        labels = [one.get("label") for one in categories if isinstance(one, dict)]
        twice = next((label for label in labels if labels.count(label) > 1), None)
        if twice is None:
            return []
        return [issues.custom(f"Duplicate category label: {twice}, category labels must be unique", ["categories"])]

    def scalar(value: Any, path: Path) -> list[Issue]:
        kinds = ("string", "number", "boolean")
        branches = [[issues.wrong_type(kind, value, [])] for kind in kinds]
        return [{"code": "invalid_union", "errors": branches, "path": path, "message": "Invalid input"}]

    return issues.union(
        categories,
        ["categories"],
        lambda value, path: [issues.wrong_type("array", value, path)],
        lambda value, path: [issues.wrong_type("record", value, path)],
        scalar,
    )


def _check_range(body: dict[str, Any]) -> None:
    least, most = body.get("minValue"), body.get("maxValue")
    if least is not None and most is not None and least >= most:
        raise issues.invalid([issues.custom("Maximum value must be greater than Minimum value", [])])
