"""How a number is said to be of a hundred, in several languages."""

from __future__ import annotations

_ENGLISH = r"per(?:cent(?:age\spoints?)?|\s?cent)\b|pct\b"
_OTHER = (
    r"pro(?:z|[cs])ent(?:punkte?n?|point|enheter)?\b|p(?:our|er)\s(?:cent|cento)\b|por\s(?:ciento|cento)\b"
    r"|points?\sde\spourcentage\b|(?:puntos|pontos|punti)\sp[eo]r\w{1,14}\b"
    r"|процент(?:\w{0,3}\sпункт\w{0,2}|\w{0,3})|п\.\s?п\."
)
PERCENT = rf"(?:%|(?=p|п)(?:{_ENGLISH}|{_OTHER}))"
"""What stands behind a percentage: `%`, `percentage points`, `Prozent`, `pour cent`."""

POINTS = ("point", "punkt", "punto", "punti", "pont", "enhet", "пункт", "п.п", "п. п")
"""What is in it where a difference of two percentages is told."""
