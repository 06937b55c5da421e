"""Unit vectors of traffic about eight topics, as the reference's power comparison draws them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

DIMENSIONS = 64
TOPICS = 8

TOPIC_SIZE = 0.62
"""Length of a topic's own direction, beside the 1 of what all traffic has in common."""

NOISE = 0.094
"""Noise within a topic, in each dimension. Both are fitted to the reference's median centroid distances."""


class TopicTraffic:
    """Draws vectors of traffic."""

    def __init__(self, seed: int) -> None:
        self.rng = np.random.default_rng(seed)
        directions = self.rng.standard_normal((TOPICS + 2, DIMENSIONS))
        directions /= np.linalg.norm(directions, axis=1, keepdims=True)
        self.common, self.unseen, self.topics = directions[0], directions[1], directions[2:]

    def draw(self, n: int, *, newtopic: float = 0.0, mix: float = 0.0, spread: float = 0.0) -> Floats:
        """Vectors of n traces.

        Args:
            n: how many.
            newtopic: share that is about a topic nobody has seen.
            mix: points by which the first topic's share is larger.
            spread: by how much noise within topics is larger.
        """
        centres = self.topics[self.rng.choice(TOPICS, size=n, p=_shares(mix))]
        centres[self.rng.random(n) < newtopic] = self.unseen
        noise = NOISE * (1 + spread) * self.rng.standard_normal((n, DIMENSIONS))
        vectors = self.common + TOPIC_SIZE * centres + noise
        unit: Floats = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
        return unit


def _shares(mix: float) -> Floats:
    shares = np.full(TOPICS, 1 / TOPICS - mix / (TOPICS - 1))
    shares[0] = 1 / TOPICS + mix
    return shares
