"""What a terminal that knows ASCII alone is shown instead of other characters: `>=` for `≥`, `pi` for `π`.

It works where text becomes bytes. So whatever prints a sentence need not know. Files and JSON are not concerned: they
are UTF-8, or escape what does not fit.
"""

from __future__ import annotations

import codecs
import io
import os
import sys
import unicodedata

HANDLER = "assay.plain"

_PLAIN: dict[str, str] = {
    **dict(zip("≥≤≠≈±×÷−–—‒―‐‑·•‣", (">=", "<=", "!=", "~", "+-", *"x/-------.**"), strict=True)),
    **dict(zip("→←↑↓⇒…‥∞µμπαβ√Σ°″′", ("->", "<-", "^", "v", "=>", "...", "..", "inf", *"uu", "pi", "alpha", "beta",
                                     "sqrt", "sum", " deg", '"', "'"), strict=True)),
    **dict(zip("“”„‟«»‘’‚‹›⟨⟩", '""""""' + "''''" + "'<>", strict=True)),
    **dict(zip("✓✔✗✘✕⚠★☆█▇▆▅▄▃▂▁░▒▓", ("ok", "ok", *"xxx!**", *"########", *".:#"), strict=True)),
    **dict(zip("ßæœøłđþÆŒØŁĐ", ("ss", "ae", "oe", "o", "l", "d", "th", "AE", "OE", "O", "L", "D"), strict=True)),
    **dict(zip("€£¥©®™", ("EUR", "GBP", "JPY", "(c)", "(r)", "(tm)"), strict=True)),
}  # fmt: skip
"""ASCII for what Assay's own sentences hold, and for what people's text holds most. E.g. `>=` for `≥`."""

_ASCII_LOCALES = frozenset({"C", "POSIX"})


def make_streams_plain() -> None:
    """Have stdout and stderr write what they can encode, and plain words for the rest.

    A locale that is said to be C knows ASCII alone, although Python then writes UTF-8.
    """
    codecs.register_error(HANDLER, _plain_words)
    encoding = "ascii" if _is_ascii_locale() else None
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding=encoding, errors=HANDLER)


def _is_ascii_locale() -> bool:
    """Whether a person chose the locale C. Where none is set, nothing is known of the terminal."""
    environ = os.environ  # noqa: TID251  # the terminal's own settings, read before anything else is imported
    chosen = next((value for name in ("LC_ALL", "LC_CTYPE", "LANG") if (value := environ.get(name))), "")
    return chosen in _ASCII_LOCALES and not environ.get("PYTHONIOENCODING")


def _plain_words(exc: UnicodeError) -> tuple[str, int]:
    """The codec's handler: words for the characters that cannot be encoded."""
    if not isinstance(exc, UnicodeEncodeError):
        raise exc
    return "".join(map(_plain, exc.object[exc.start : exc.end])), exc.end


def _plain(character: str) -> str:
    """ASCII for one character: its word, its letter without accents, else its number, so that nothing is lost."""
    if character in _PLAIN:
        return _PLAIN[character]
    if unicodedata.category(character) == "Zs":
        return " "
    letters = unicodedata.normalize("NFKD", character).encode("ascii", "ignore").decode()
    if letters.strip() and letters.isprintable():
        return letters
    return "" if unicodedata.combining(character) else character.encode("ascii", "backslashreplace").decode()
