"""The fitted part of the local judge: regressions, trees and tables of words, read from files beside the code."""

from __future__ import annotations

import gzip
import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from functools import cache, cached_property
from pathlib import Path
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from assay.judges.local.alarms import AlarmFeatures, WordAlarms
from assay.judges.local.features import SentenceFeatures, SentenceView
from assay.judges.local.forest import Forest
from assay.judges.local.logistic import Logistic, sigmoid
from assay.judges.local.response import (
    ANSWER_INPUTS,
    CLAIM_INPUTS,
    Doubts,
    ResponseFeatures,
    answer_inputs,
    answer_share,
    claim_inputs,
    fact_share,
    passages_share,
    response_features,
)
from assay.judges.schema import Record

HERE = Path(__file__).parent
WEIGHTS_FILE = HERE / "weights.json.gz"
IDF_FILE = HERE / "idf.json.gz"

SENTENCE_INPUTS = (*SentenceFeatures._fields, *AlarmFeatures._fields)
"""Names of what a sentence is judged by, in order."""

FLOOR = 0.01
"""Least doubt and least risk. A sentence that stands in the evidence word for word has it, and nothing is below."""

BOUND = 9.0
"""Log-odds of trees are held within so much of zero, as those of a regression are."""

MOST_DOUBT = 1.0 - 1e-6
"""A doubt is held below it: beyond, its log-odds have no bound."""

ANSWERS_SHARE = 2.0 / 3.0
"""How much the model fitted on answers counts beside the one fitted on claims too, in a response of any length."""

FACT_LEVEL = 1.0
"""Log-odds that are added beside a fact or two: half of what makes the risk of BEGIN's replies right on average.

The whole would rank a good reply to a fact over a bad one to passages.
"""

OVERLAP_OF_ANSWERS, OVERLAP_OF_CLAIMS = 0.05, 0.5
"""How much plain overlap counts in any response, and what it counts more in a claim beside a fact."""


class Blend(Record):
    """A regression and trees fitted on the same rows. They err differently, so their log-odds are averaged."""

    regression: Logistic
    trees: Forest

    def log_odds(self, rows: Sequence[Sequence[float]] | NDArray[np.float64]) -> NDArray[np.float64]:
        """Log-odds of label 1 for each row, shape (rows,)."""
        lines = np.minimum(np.maximum(self.regression.log_odds(rows), -BOUND), BOUND)
        trees = np.minimum(np.maximum(self.trees.log_odds(rows), -BOUND), BOUND)
        return (lines + trees) / 2.0


class SentenceModel(Record):
    """P(not supported) of single sentences: a regression and trees fitted on answers, and trees fitted on claims."""

    regression: Logistic
    trees: Forest
    claims: Forest

    def doubts(self, rows: NDArray[np.float64], stated: NDArray[np.bool_]) -> NDArray[np.float64]:
        """Doubts of the three models, shape (3, rows): `FLOOR` for what is stated, and nothing below it."""
        odds = np.stack([self.regression.log_odds(rows), self.trees.log_odds(rows), self.claims.log_odds(rows)])
        return np.where(stated, FLOOR, np.maximum(sigmoid(odds), FLOOR))


class Overlap(Record):
    """What plain overlap says: weight of new words and share of new pairs, in units of their spread over answers."""

    mean: tuple[float, float]
    scale: tuple[float, float]

    def prior(self, features: ResponseFeatures) -> float:
        """Log-odds to add: most for a claim beside a fact, of which the words tell nearly all."""
        measured = (features.absent_weight, features.pair_novelty)
        units = zip(measured, self.mean, self.scale, strict=True)
        level = sum((value - mean) / scale for value, mean, scale in units) / len(measured)
        claim = (1.0 - answer_share(features)) * (1.0 - passages_share(features))
        return (OVERLAP_OF_ANSWERS + OVERLAP_OF_CLAIMS * claim) * level


class Measured(NamedTuple):
    """What a response was measured as. `rows` are its sentences as `SENTENCE_INPUTS` names their columns."""

    features: ResponseFeatures
    rows: NDArray[np.float64]
    stated: NDArray[np.bool_]


class Prediction(Record):
    """What the model says of one response: the risk, and for each sentence its doubt and the cut it is held against."""

    risk: float
    doubts: tuple[float, ...]
    cut: float


class LocalModel(Record):
    """One model for claims and answers of any length.

    Attributes:
        trained_on: in words.
        sentence_inputs: names of what sentences are judged by.
        answer_inputs: names of what responses are judged by as answers.
        claim_inputs: the same for claims.
        alarms: by stem, how much it says that the word is new.
        sentence: doubts of sentences.
        sentence_calibration: turns their log-odds into the doubt that a claim shows.
        cut: the doubt from which a sentence fails: as many do as people marked.
        answers: fitted on answers and summaries.
        claims: fitted on these, and on claims and replies.
        overlap: what plain overlap adds.
        calibration: turns log-odds into the risk.
    """

    trained_on: str
    sentence_inputs: tuple[str, ...]
    answer_inputs: tuple[str, ...]
    claim_inputs: tuple[str, ...]
    alarms: dict[str, float]
    sentence: SentenceModel
    sentence_calibration: Logistic
    cut: float = Field(gt=0.0, lt=1.0)
    answers: Blend
    claims: Blend
    overlap: Overlap
    calibration: Logistic

    @classmethod
    def load(cls, path: Path = WEIGHTS_FILE) -> Self:
        """Read the weights and check that they were fitted on the features this code computes."""
        model = cls.model_validate_json(gzip.decompress(path.read_bytes()))
        fitted_on = (model.sentence_inputs, model.answer_inputs, model.claim_inputs)
        if fitted_on != (SENTENCE_INPUTS, ANSWER_INPUTS, CLAIM_INPUTS):
            raise ValueError(f"{path.name} was fitted on other features; run benchmarks/train_local_judge.py")
        return model

    def read(self, sentences: Sequence[SentenceView], evidence_words: int) -> Prediction:
        """Risk and doubts of a response with at least one check-worthy sentence.

        The risk never falls when a sentence's doubt rises, and a response of nothing but quotations has the least.
        """
        measured = measure_response(sentences, self._word_alarms, evidence_words)
        views = self.sentence.doubts(measured.rows, measured.stated)
        level = self.level(measured.features, Doubts(*views.tolist()))
        risk = float(self.calibration.probability([[level]])[0])
        if measured.stated.all():
            risk = FLOOR
        return Prediction(risk=min(1.0, max(FLOOR, risk)), doubts=self._one_doubt(measured, views), cut=self.cut)

    def level(self, features: ResponseFeatures, doubts: Doubts) -> float:
        """Log-odds that something is wrong, not yet calibrated."""
        answer = answer_inputs(features, doubts)
        claim = claim_inputs(answer, features, doubts)
        odds = float(self.answers.log_odds([answer])[0]), float(self.claims.log_odds([claim])[0])
        return level_of(*odds, self.overlap.prior(features), features)

    def _one_doubt(self, measured: Measured, views: NDArray[np.float64]) -> tuple[float, ...]:
        """The doubt that each claim shows."""
        inputs = [doubt_inputs(odds, measured.features) for odds in mean_odds(views).tolist()]
        doubts = np.where(measured.stated, FLOOR, np.maximum(self.sentence_calibration.probability(inputs), FLOOR))
        return tuple(doubts.tolist())

    @cached_property
    def _word_alarms(self) -> WordAlarms:
        return WordAlarms(self.alarms)


def measure_response(sentences: Sequence[SentenceView], alarms: WordAlarms, evidence_words: int) -> Measured:
    """Measure a response with at least one check-worthy sentence."""
    new_words = [alarms.features(view.absent_shares) for view in sentences]
    rows = np.array([(*view.features, *own) for view, own in zip(sentences, new_words, strict=True)])
    stated = np.fromiter((view.stated for view in sentences), dtype=np.bool_, count=len(sentences))
    return Measured(response_features(sentences, new_words, evidence_words), rows, stated)


def mean_odds(views: NDArray[np.float64]) -> NDArray[np.float64]:
    """Mean log-odds of the three models' doubts. Shape (3, rows) becomes (rows,)."""
    bounded = np.minimum(views, MOST_DOUBT)
    return np.asarray(np.log(bounded / (1.0 - bounded)).sum(axis=0) / len(views))


def level_of(answer: float, claim: float, prior: float, features: ResponseFeatures) -> float:
    """The two models of responses and plain overlap in one."""
    return ANSWERS_SHARE * answer + (1.0 - ANSWERS_SHARE) * claim + prior + FACT_LEVEL * fact_share(features)


def doubt_inputs(odds: float, features: ResponseFeatures) -> tuple[float, float]:
    """What the doubt of a claim is read from: its log-odds, and how much the evidence is a fact or two."""
    return (odds, fact_share(features))


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
