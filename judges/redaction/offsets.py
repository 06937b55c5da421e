"""Offsets of a redacted text, and of the text it was made of."""

from __future__ import annotations

from assay.judges.text.rewritten import Replaced, RewrittenSample, RewrittenText

__all__ = ["RedactedSample", "RedactedText", "Replaced"]

RedactedText = RewrittenText
"""A text with placeholders, and where they are, in order."""

RedactedSample = RewrittenSample
"""A sample that a judge may see: with placeholders, and where each text has them."""
