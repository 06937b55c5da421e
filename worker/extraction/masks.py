"""What stands where an application hides its texts: nothing that anybody asked, answered or retrieved.

OpenInference writes `__REDACTED__`, Google's kit `<elided>`, and an SDK says so when a team's own mask failed.
Only a whole text is a mask: a text with a name blacked out in it still says the rest.
"""

from __future__ import annotations

import re

_LONGEST = 120
"""Characters: no mask is longer."""
_MASK = re.compile(
    r"(?:__|\[|<|\{)+[\w' :.-]{0,40}(?<![a-z])(?:redacted|masked|elided|filtered|scrubbed|anonymi[sz]ed)(?![a-z])"
    r"[\w' :.-]{0,60}(?:__|\]|>|\})+",
    re.IGNORECASE,
)
"""`__REDACTED__`, `[REDACTED: email]`, `<elided>`, `<fully masked due to failed mask function>`."""


def is_mask(text: str) -> bool:
    """Whether a text only says that a text was hidden."""
    stripped = text.strip()
    return len(stripped) <= _LONGEST and _MASK.fullmatch(stripped) is not None
