"""What a client asks first: is it up, which version, whose key is this."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.servers.langfuse.calls import Call
from tests.servers.langfuse.issues import Reply

if TYPE_CHECKING:
    from tests.servers.langfuse.project import Project


def health(project: Project, call: Call) -> Reply:
    """Up, and the version that tells the generation."""
    return Reply(200, {"status": "OK", "version": project.settings.version})


def projects(project: Project, call: Call) -> Reply:
    """The project of the key."""
    settings = project.settings
    organization = dict(zip(("id", "name"), settings.organization, strict=True))
    mine = {"id": settings.project_id, "name": settings.project_name, "organization": organization, "metadata": {}}
    return Reply(200, {"data": [mine]})
