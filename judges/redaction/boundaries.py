"""What may stand before and after a value: one place for all kinds."""

from __future__ import annotations

BLANK = r"[ \t\u00a0\u2000-\u200a\u202f\u3000]"
"""A blank within a line, e.g. a no-break space."""

DASH = r"\-‐‑‒–—−－"
"""Inside of a character class: dashes of keyboards, of print, and of wide scripts, e.g. `–`."""

NO_WORD_BEFORE = r"(?<![^\W_])(?<![^\W_]_)"
"""No letter or digit goes before. Signs may: `Ann,0171`, `Tel:0171`, `/0171`, and Markdown's `_0171_`."""

NO_NUMBER_BEFORE = rf"{NO_WORD_BEFORE}(?<!\d[.:/])(?<!\b0,)(?<![^\W_][-–+])(?<!\+)"
"""Nor is it the end of a longer number or name, e.g. of `1.0171`, `KD-0171`. Fields of a table may: `17,0171`."""

NO_WORD_AFTER = r"(?![^\W_])"
"""No letter or digit follows. Markdown's `_` may."""

NO_NUMBER_AFTER = rf"{NO_WORD_AFTER}(?![%€$£]|[.:]\d)"
"""Nor is it the start of an amount, e.g. `0800.00`, `0800%`."""

QUANTITY_AFTER = (
    r"\s?(?:euros?|eur|usd|dollars?|pounds?|gbp|chf|yen|rupees|[€$£%]|[kmgt]i?b\b|[kmc]?m\b|k[gw]\b|[mµn]?s\b|mio|million|people"
    r"|users|units|times|tokens|downloads|calls|items|rows|words|lines|bytes|copies|customers|requests|functions"
    r"|subscribers|visitors|votes|tons|tonnes|stück|einheiten|nutzer|kunden|personnes|personas|unidades)(?![^\W_])"
)
"""What says that the number before is an amount, e.g. ` Euro`, ` users`."""
