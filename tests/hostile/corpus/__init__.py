"""The corpus: every attack, by family. It only grows: an attack that once worked stays."""

from __future__ import annotations

from tests.hostile.attack import Attack
from tests.hostile.corpus import encoded, forged, languages, orders, persuasion, splitting, structure, unicode

CORPUS: tuple[Attack, ...] = (
    *forged.ATTACKS,
    *structure.ATTACKS,
    *orders.ATTACKS,
    *persuasion.ATTACKS,
    *languages.ATTACKS,
    *encoded.ATTACKS,
    *unicode.ATTACKS,
    *splitting.ATTACKS,
)

FAMILIES: tuple[str, ...] = tuple(dict.fromkeys(attack.family for attack in CORPUS))
