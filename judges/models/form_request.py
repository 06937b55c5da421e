"""One call to a model, and what has become of it so far."""

from __future__ import annotations

from dataclasses import dataclass, field

from assay.judges.models.base import Reply
from assay.judges.models.protocol import Asked
from assay.judges.models.request_form import RequestForm
from assay.judges.schema import Usage
from assay.judges.text.json_places import may_hold_object


@dataclass
class FormRequest:
    """One call through all its attempts.

    Attributes:
        asked: what is asked.
        ignored: replies that only told that the form is not heeded: they are paid for all the same.
        refused: what was paid for requests that were refused.
        cuts: how often no answer came in time.
        further: requests sent to find out a form.
        crashes: how often the endpoint broke without saying why.
        reached: the form to go on with in a further attempt.
        has_guessed: a step was taken that nothing the endpoint said asked for.
        doubts_proven: a form that had worked was refused.
        may_replace: it was refused so often that another may take its place.
    """

    asked: Asked
    ignored: list[Reply] = field(default_factory=list)
    refused: Usage = field(default_factory=Usage)
    cuts: int = 0
    further: int = 0
    crashes: int = 0
    reached: RequestForm | None = None
    has_guessed: bool = False
    doubts_proven: bool = False
    may_replace: bool = False

    def spent(self) -> Usage:
        """What finding out the form has cost."""
        return sum((unheeded.usage for unheeded in self.ignored), start=self.refused)


def is_unheeded(reply: Reply) -> bool:
    """Whether the server took a request for JSON and did not heed it.

    A server that enforces JSON cannot answer with anything else, unless it was cut off, the model declined, or nothing
    came at all. Two objects that differ are no sign: a text may have brought the model to write the other.
    """
    if reply.refusal is not None or reply.finish_reason == "length" or not reply.text.strip():
        return False
    return not may_hold_object(reply.text)
