"""One entry of `redact` in `assay.yaml`."""

from __future__ import annotations

from typing import Annotated

from pydantic import BeforeValidator

from assay.judges.redaction.policy import KINDS, RedactedItem


def _is_no_switch(value: object) -> object:
    """Refuse `{email: true}`: a kind is asked for by its name alone.

    Raises:
        ValueError: names what to write.
    """
    if isinstance(value, dict) and (kind := next((key for key in value if key in KINDS), None)):
        raise ValueError(f"a kind has no value; write {kind} alone, as in redact: [{kind}]")
    return value


WrittenItem = Annotated[RedactedItem, BeforeValidator(_is_no_switch)]
"""What is redacted, as it is written: `email`, or `{name: customer, pattern: "C-[0-9]{6}"}`."""
