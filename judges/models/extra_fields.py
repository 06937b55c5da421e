"""Fields of an endpoint's settings put into the body of a request."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def with_extra(body: dict[str, Any], extra: Mapping[str, Any], merged: frozenset[str]) -> dict[str, Any]:
    """The body with further fields. They replace ours of the same name.

    Args:
        body: the request.
        extra: the fields.
        merged: names of fields that hold settings of ours and of others side by side. Their objects are put together,
            one level deep, e.g. `generationConfig` with its bound of ours and a `thinkingConfig` of the settings.
    """
    together = {
        name: {**body[name], **value}
        for name, value in extra.items()
        if name in merged and isinstance(value, Mapping) and isinstance(body.get(name), dict)
    }
    return {**body, **extra, **together}
