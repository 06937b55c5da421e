"""In which forms results go out, and whether this installation can make them. It imports no messages."""

from __future__ import annotations

from typing import Literal

from assay.worker.extras import needs_extra

ResultForm = Literal["spans", "events"]


def needs_messages(title: str) -> None:
    """Refuse to go on where the protocol's messages are not installed.

    Raises:
        ConfigurationError: they are not.
    """
    needs_extra("otlp", what=f"{title} speaks OpenTelemetry's protocol", modules=("opentelemetry.proto",))
