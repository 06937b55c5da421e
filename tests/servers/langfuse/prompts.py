"""Prompts: versions by name and label."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.servers.langfuse import issues
from tests.servers.langfuse.calls import Call, Page
from tests.servers.langfuse.issues import Reply

if TYPE_CHECKING:
    from tests.servers.langfuse.project import Project


def listing(project: Project, call: Call) -> Reply:
    """Names with their versions and labels."""
    page = Page.of(call)
    rows = [_summary([one for one in project.prompts if one["name"] == name]) for name in _names(project)]
    return page.reply(rows, pagination=page.meta(len(rows)))


def get(project: Project, call: Call) -> Reply:
    """The version with a number, or with a label, `production` where neither is given."""
    name, version, label = call.args[0], call.first("version"), call.first("label") or "production"
    for one in project.prompts:
        wanted = str(one["version"]) == version if version else label in one["labels"]
        if one["name"] == name and wanted:
            return Reply(200, one)
    which = f"version {version}" if version else f"label '{label}'"
    raise issues.not_found(f"Prompt not found: '{name}' with {which}")


def _names(project: Project) -> list[str]:
    return list(dict.fromkeys(one["name"] for one in project.prompts))


def _summary(versions: list[dict[str, Any]]) -> dict[str, Any]:
    latest = versions[-1]
    return {
        "name": latest["name"],
        "tags": latest["tags"],
        "lastUpdatedAt": max(one["updatedAt"] for one in versions),
        "versions": [one["version"] for one in versions],
        "labels": sorted({label for one in versions for label in one["labels"]}),
        "type": latest["type"],
        "lastConfig": latest["config"],
    }
