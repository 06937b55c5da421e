"""The fitted part of the local judge: logistic regressions and word weights, read from two files beside the code."""

from __future__ import annotations

import gzip
import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from functools import cache, cached_property
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from assay.judges.local.features import SentenceFeatures, SentenceView
from assay.judges.local.response import RESPONSE_INPUTS, response_inputs
from assay.judges.schema import Record

HERE = Path(__file__).parent
WEIGHTS_FILE = HERE / "weights.json"
IDF_FILE = HERE / "idf.json.gz"

GATE_WORDS = 70
"""Words of evidence at which both experts count alike: between the two corpora, of which nine in ten rows lie apart."""

GATE_WIDTH = 0.12
"""Width of the gate in log words: at 121 words (the shortest evidence in RAGTruth) the long expert counts 99 %."""


NO_PART = 1e-6
"""An expert that counts for less is not asked."""

FLOOR = 0.01
"""Least doubt and least risk. A sentence that stands in the evidence word for word has it, and nothing is below."""


class Logistic(Record):
    """One logistic regression over standardised features, in the order of their names."""

    mean: tuple[float, ...]
    scale: tuple[float, ...]
    coefficients: tuple[float, ...]
    intercept: float

    def probability(self, rows: Sequence[Sequence[float]] | NDArray[np.float64]) -> NDArray[np.float64]:
        """P(label = 1) for each row, shape (rows,)."""
        slopes, offset = self._line
        odds = (np.asarray(rows, dtype=np.float64) * slopes).sum(axis=1) + offset
        return np.asarray(1.0 / (1.0 + np.exp(-np.minimum(np.maximum(odds, -30.0), 30.0))))

    @cached_property
    def _line(self) -> tuple[NDArray[np.float64], float]:
        """Slopes and offset over the raw features."""
        slopes = np.asarray(self.coefficients) / np.asarray(self.scale)
        return slopes, self.intercept - float((slopes * np.asarray(self.mean)).sum())


class Expert(Record):
    """What was fitted on one kind of text: doubt per sentence, the cut that makes a verdict, risk per response.

    `penalties` were chosen for the two regressions inside the training data.
    """

    trained_on: str
    penalties: tuple[float, float]
    sentence: Logistic
    cut: float = Field(gt=0.0, lt=1.0)
    response: Logistic

    def doubts(self, sentences: Sequence[SentenceView]) -> NDArray[np.float64]:
        """P(not supported) for each sentence, shape (sentences,)."""
        return with_stated(self.sentence.probability([view.features for view in sentences]), sentences)


def with_stated(doubts: NDArray[np.float64], sentences: Sequence[SentenceView]) -> NDArray[np.float64]:
    """The doubts, `FLOOR` for what stands in the evidence and nothing below it."""
    stated = np.fromiter((view.stated for view in sentences), dtype=np.bool_, count=len(sentences))
    return np.where(stated, FLOOR, np.maximum(doubts, FLOOR))


class Prediction(Record):
    """What the model says of one response: the risk, and for each sentence its doubt and the cut it is held against."""

    risk: float
    doubts: tuple[float, ...]
    cut: float


class LocalModel(Record):
    """Two experts and, by the length of the evidence, the gate between them.

    A reply to one fact and an answer over passages are judged by experts of their own, because the same share of new
    words means different things in them.
    """

    sentence_features: tuple[str, ...]
    response_inputs: tuple[str, ...]
    short: Expert
    long: Expert

    @classmethod
    def load(cls, path: Path = WEIGHTS_FILE) -> Self:
        """Read the weights and check that they were fitted on the features this code computes."""
        model = cls.model_validate_json(path.read_bytes())
        if model.sentence_features != SentenceFeatures._fields or model.response_inputs != RESPONSE_INPUTS:
            raise ValueError(f"{path.name} was fitted on other features; run benchmarks/train_local_judge.py")
        return model

    def read(self, sentences: Sequence[SentenceView], evidence_words: int) -> Prediction:
        """Risk and doubts of a response with at least one check-worthy sentence.

        The risk never falls when a sentence's doubt rises, and a response of nothing but quotations has the least.
        """
        share = long_share(evidence_words)
        risk = cut = 0.0
        doubts = np.zeros(len(sentences))
        for expert, part in ((self.short, 1.0 - share), (self.long, share)):
            if part < NO_PART:
                continue
            own = expert.doubts(sentences)
            measured = response_inputs(sentences, own.tolist(), evidence_words)
            risk += part * float(expert.response.probability([measured])[0])
            cut += part * expert.cut
            doubts += part * own
        if all(view.stated for view in sentences):
            risk = FLOOR
        bounded = tuple(np.minimum(np.maximum(doubts, FLOOR), 1.0).tolist())
        return Prediction(risk=min(1.0, max(FLOOR, risk)), doubts=bounded, cut=cut)


def long_share(evidence_words: int) -> float:
    """How much the expert for passages counts, in [0, 1]: none at one sentence of evidence, all at a paragraph."""
    return 1.0 / (1.0 + math.exp(-(math.log1p(evidence_words) - math.log1p(GATE_WORDS)) / GATE_WIDTH))


class WordWeights(dict[str, float]):
    """Stem → inverse document frequency. A stem not in the table weighs as much as the rarest one in it."""

    def __init__(self, documents: int, frequency: Mapping[str, int]) -> None:
        super().__init__({stem: math.log(documents / count) for stem, count in frequency.items()})
        self._unknown = math.log(documents)

    def __missing__(self, key: str) -> float:
        return self._unknown


@cache
def load_word_weights(path: Path = IDF_FILE) -> WordWeights:
    """Read the document frequencies."""
    table: dict[str, Any] = json.loads(gzip.decompress(path.read_bytes()))
    return WordWeights(table["documents"], table["frequency"])


def files_digest() -> str:
    """sha256 over the two files the model is read from."""
    return hashlib.sha256(WEIGHTS_FILE.read_bytes() + IDF_FILE.read_bytes()).hexdigest()
