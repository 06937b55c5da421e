"""A team's own patterns of private values, searched within the time that patterns of users have."""

from __future__ import annotations

from collections.abc import Iterator

from assay.judges.errors import RubricError
from assay.judges.redaction.policy import OwnPattern
from assay.judges.redaction.private_value import PrivateValue
from assay.judges.text.form.marks import citation_marks
from assay.judges.text.form.named_marks import named_marks


def check_pattern(name: str, pattern: str) -> None:
    """Check that a pattern can be searched, and that its placeholder is read as a value.

    Raises:
        RubricError: it does not compile, every text matches it, or its placeholder reads as a mark of a source.
    """
    from assay.judges.rules.expressions import check_telling  # loads a good deal, and most deployments redact nothing

    check_telling(pattern, "redact", name)
    placeholder = f"x {placeholder_of(name, 1)} y"
    if any(citation_marks(placeholder)) or any(named_marks(placeholder)):
        raise RubricError("redact", name, f"[{name.upper()}_1] reads as a mark of a source; name it {name}_value")


def placeholder_of(name: str, number: int) -> str:
    """What stands for a private value, e.g. `[EMAIL_1]`. Rules read it as an identifier, so it is compared as one."""
    return f"[{name.upper()}_{number}]"


def own_values(text: str, pattern: OwnPattern) -> Iterator[PrivateValue]:
    """Where a pattern matches.

    Raises:
        PatternTimeout: it took longer than patterns of users may.
    """
    from assay.judges.rules.expressions import search

    for match in search(pattern.pattern, text, rule=f"redact pattern {pattern.name!r}", limit=None):
        if match.group():
            yield PrivateValue(pattern.name, match.start(), match.end(), match.group())
