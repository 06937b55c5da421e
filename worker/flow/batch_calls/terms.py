"""On what terms a call was handed in, and whether they still hold when its batch is sent.

Between the two lie seconds or minutes in which somebody may edit assay.yaml. What is not allowed any more is withheld:
it goes into no file, and whoever waits for it is judged anew, by what is in force then.
"""

from __future__ import annotations

from typing import NamedTuple, Protocol

from assay.judges.models.endpoint_settings import EndpointSettings
from assay.judges.redaction.policy import Redaction
from assay.judges.rubric import Rubric


class Terms(NamedTuple):
    """What allowed a text to be handed in, and what was replaced in it.

    Attributes:
        use_case: whose text it is.
        rubric: names all judges that may see it.
        redaction: what the text was made with.
    """

    use_case: str
    rubric: Rubric
    redaction: Redaction


class TermsInForce(Protocol):
    """The configuration that is in force now."""

    def objection(self, terms: Terms) -> str:
        """Why a text may not go that was handed in on these terms. Empty: it may."""
        ...

    def place(self, endpoint: str) -> EndpointSettings | None:
        """An endpoint's settings. None: nothing says where it is."""
        ...
