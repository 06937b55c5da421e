"""How much it says that a word is new: some words only tell a text, others claim something."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

STEEPNESS = 4.0
"""How fast a word's alarm rises with its fitted weight: at a weight of 0.5 it is 0.88, at -0.5 it is 0.12."""

UNKNOWN = 0.5
"""Alarm of a word that was too rare to be fitted."""


class AlarmFeatures(NamedTuple):
    """Features of the words of a sentence that are not in the evidence. Each rises with every such word.

    Attributes:
        alarm_weight: their share of the sentence's weight, each times its alarm.
        alarm_count: how many they are, each counted with its alarm.
        alarm_most: the greatest alarm among them.
    """

    alarm_weight: float
    alarm_count: float
    alarm_most: float


_CALM = AlarmFeatures(0.0, 0.0, 0.0)


class WordAlarms(dict[str, float]):
    """Stem → its alarm, in (0, 1): near 0 where the word only tells, as `overall`, near 1 where it claims."""

    def __init__(self, weights: Mapping[str, float]) -> None:
        super().__init__({stem: 1.0 / (1.0 + math.exp(-STEEPNESS * weight)) for stem, weight in weights.items()})

    def __missing__(self, key: str) -> float:
        return UNKNOWN

    def features(self, absent: Sequence[tuple[str, float]]) -> AlarmFeatures:
        """Features of a sentence.

        Args:
            absent: stems that are not in the evidence, each with its share of the sentence's weight.
        """
        if not absent:
            return _CALM
        alarms = [self[stem] for stem, _ in absent]
        weight = sum(alarm * share for alarm, (_, share) in zip(alarms, absent, strict=True))
        return AlarmFeatures(weight, math.log1p(sum(alarms)), max(alarms))
