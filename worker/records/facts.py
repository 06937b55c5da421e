"""What a trace says of itself without a judge, as far as it goes beside a score."""

from __future__ import annotations

from assay.judges.schema import Record


class TraceFacts(Record):
    """Where an answer came from: what a team compares when an average moves.

    `prompt_name` and `prompt_version` are those of the last model call that names a prompt.
    """

    release: str | None = None
    version: str | None = None
    session_id: str | None = None
    prompt_name: str | None = None
    prompt_version: str | None = None

    def known(self) -> dict[str, str]:
        """What is known, by name."""
        return {name: value for name, value in self.model_dump().items() if value is not None}
