"""What lies in a queue, checked before anything of Celery sees it.

Whoever may write to Redis may write into a queue. A message that is not exactly one of ours is refused here. One that
is ours is written anew: task, arguments and id are taken from it and nothing else, so that no foreign callback, time,
limit or reply address is obeyed.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

MOST_BYTES = 1024 * 1024
"""A message holds at most 16 traces by their ids, some 200 bytes each: 4 kB. Ids of 10 kB make it 220 kB."""

_ID = re.compile(r"[0-9a-f-]{8,64}")
"""The id of a task, as Celery makes it, e.g. `0b5d8f7e-2f0e-4c3a-9a5e-6f1f6f2b9a11`."""

_MAYBE_HALF = re.compile(rb"\\u[dD]|\xed")
"""How each half of a character begins, e.g. `\\ud83d` of an emoji. Whole ones may begin so too."""

_OBEYED_BY_CELERY = ("eta", "group", "group_id")
"""Headers that would change when, or beside what, a task runs."""


@dataclass(frozen=True)
class Envelope:
    """A message of ours.

    Attributes:
        task: its name.
        id: of the task.
        arguments: at most one object.
    """

    task: str
    id: str
    arguments: tuple[Mapping[str, Any], ...]

    def as_kombu(self, queue: str, delivery_tag: str) -> dict[str, Any]:
        """The message as kombu and Celery read it, written anew.

        Args:
            queue: where it was taken from; a redelivery goes there.
            delivery_tag: of this delivery alone. Another delivery of the same message has another.
        """
        body = [list(self.arguments), {}, {"callbacks": None, "errbacks": None, "chain": None, "chord": None}]
        return {
            "body": base64.b64encode(json.dumps(body).encode()).decode(),
            "content-type": "application/json",
            "content-encoding": "utf-8",
            "headers": {
                "lang": "py",
                "task": self.task,
                "id": self.id,
                "root_id": self.id,
                "retries": 0,
                "argsrepr": "",
                "kwargsrepr": "",
                "ignore_result": True,
            },
            "properties": {
                "correlation_id": self.id,
                "delivery_mode": 2,
                "delivery_info": {"exchange": "", "routing_key": queue},
                "priority": 0,
                "body_encoding": "base64",
                "delivery_tag": delivery_tag,
            },
        }


class NotOurs(Exception):
    """What lay in a queue is no message of ours. The reason says why, and nothing of what it holds."""


def read_envelope(raw: bytes | str, tasks: frozenset[str]) -> Envelope:
    """Check one element of a queue.

    Args:
        raw: as it lay there.
        tasks: the names of our tasks.

    Raises:
        NotOurs: whatever is wrong with it.
    """
    if len(raw) > MOST_BYTES:
        raise NotOurs("too_large")
    return checked(_json(raw, "not_json"), tasks)


def checked(message: object, tasks: frozenset[str]) -> Envelope:
    """Check a message that has been decoded.

    Raises:
        NotOurs: whatever is wrong with it.
    """
    if not isinstance(message, dict):
        raise NotOurs("not_an_envelope")
    headers, properties = message.get("headers"), message.get("properties")
    if not isinstance(headers, dict) or not isinstance(properties, dict):
        raise NotOurs("not_an_envelope")
    task, task_id = headers.get("task"), headers.get("id")
    if not isinstance(task, str) or task not in tasks:
        raise NotOurs("unknown_task")
    if message.get("content-type") != "application/json" or message.get("content-encoding") != "utf-8":
        raise NotOurs("unknown_content")
    if any(headers.get(name) for name in _OBEYED_BY_CELERY):
        raise NotOurs("foreign_orders")
    if not isinstance(task_id, str) or not _ID.fullmatch(task_id):
        task_id = str(uuid.uuid4())
    return Envelope(task=task, id=task_id, arguments=_arguments(message.get("body"), properties.get("body_encoding")))


def digest(raw: bytes | str) -> str:
    """Twelve characters by which two logs can be compared, instead of a content that is nobody's business."""
    data = raw if isinstance(raw, bytes) else raw.encode("utf-8", "surrogatepass")
    return hashlib.sha256(data).hexdigest()[:12]


def _arguments(body: object, encoding: object) -> tuple[Mapping[str, Any], ...]:
    if not isinstance(body, str):
        raise NotOurs("body_missing")
    if encoding != "base64":
        raise NotOurs("unknown_content")
    try:
        decoded = base64.b64decode(body, validate=True)
    except (binascii.Error, ValueError) as exc:
        raise NotOurs("body_not_base64") from exc
    content = _json(decoded, "body_not_json")
    if not isinstance(content, list) or len(content) != 3:
        raise NotOurs("body_has_another_shape")
    args, kwargs, embed = content
    if embed and (not isinstance(embed, dict) or any(embed.values())):
        raise NotOurs("foreign_orders")
    is_shaped = isinstance(args, list) and len(args) <= 1 and all(isinstance(arg, dict) for arg in args)
    if not is_shaped or kwargs:
        raise NotOurs("arguments_have_another_shape")
    return tuple(args)


def _json(raw: bytes | str, reason: str) -> object:
    try:
        content = json.loads(raw)
        # Half a character, which JSON may name and nothing can write, e.g. `"\\ud800"`, or the same in three bytes.
        if _MAYBE_HALF.search(raw if isinstance(raw, bytes) else raw.encode("utf-8", "surrogatepass")):
            json.dumps(content, ensure_ascii=False).encode()
    except (ValueError, RecursionError) as exc:  # so are errors of encoding
        raise NotOurs(reason) from exc
    return content
