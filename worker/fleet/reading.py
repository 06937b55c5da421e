"""From what came with a task to a message as this version of us knows it."""

from __future__ import annotations

from typing import Any, TypeVar

import structlog
from pydantic import BaseModel, ValidationError

M = TypeVar("M", bound=BaseModel)

log = structlog.get_logger(__name__)


def read_message(task: Any, kind: type[M], content: object) -> M | None:
    """A message as our version of it. None: it is of another version or shape; that is logged without its content."""
    try:
        return kind.model_validate(content)
    except ValidationError as exc:
        ours = kind.model_fields.keys()  # names of others are content of others
        fields = sorted({str(error["loc"][0]) for error in exc.errors() if error["loc"] and error["loc"][0] in ours})
        name = task.name.removeprefix("assay.")
        log.error("message.refused", task=name, fields=fields, problems=exc.error_count())  # noqa: TRY400  # it quotes
        return None
