"""In which forms results go out, and whether this installation can make them. It imports no messages."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Literal

from assay.judges.errors import ConfigurationError

ResultForm = Literal["spans", "events"]


def needs_messages(title: str) -> None:
    """Refuse to go on where the protocol's messages are not installed.

    Raises:
        ConfigurationError: they are not.
    """
    try:
        is_there = find_spec("opentelemetry.proto") is not None
    except ModuleNotFoundError:
        is_there = False
    if not is_there:
        raise ConfigurationError(f"{title} speaks OpenTelemetry's protocol: pip install 'assay-fleet[otlp]'")
