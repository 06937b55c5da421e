"""Fits the local judge: words, then sentences, then responses, each on what the last says of rows it has not seen."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Generic, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from assay.judges.local.alarms import WordAlarms
from assay.judges.local.features import SentenceFeatures
from assay.judges.local.logistic import Logistic
from assay.judges.local.model import (
    SENTENCE_INPUTS,
    Blend,
    LocalModel,
    Measured,
    Overlap,
    SentenceModel,
    doubt_inputs,
    level_of,
    mean_odds,
    measure_response,
)
from assay.judges.local.response import ANSWER_INPUTS, CLAIM_INPUTS, Doubts, answer_inputs, claim_inputs
from benchmarks.boosted_trees import RESPONSE_TREES, SENTENCE_TREES, grow
from benchmarks.feature_signs import signs
from benchmarks.labelled_rows import Rows
from benchmarks.logistic_fit import INNER_FOLDS, Floats, Table, fit_logistic, inner_folds, rounded
from benchmarks.word_alarms import NewWords, fit_alarms

TRAINED_ON = "RAGTruth, SummEdits, BEGIN without the rows the demo shows, Factcheck-GPT"

EVEN = 0.1
"""Penalty of the calibration: next to none, because it has a handful of terms and thousands of rows."""

BESIDE_ALARMS = ("absent_weight", "absent_count", "pair_novelty", "best_coverage")
"""What a sentence is measured by while the alarms of its words are fitted."""

Chosen = NDArray[np.bool_]
T = TypeVar("T")


class Weights(NamedTuple):
    """How much a row of a corpus counts in each fit. 0 where it is not fitted on.

    Attributes:
        alarms: a sentence, in how much it says that a word is new.
        answers: a sentence, in the doubts of sentences of answers.
        claims: the same of claims.
        as_answer: a response, in the model of answers.
        as_claim: the same in the model of claims.
        level: a response, in the calibration of the risk.
        doubt: a sentence, in the calibration of doubts.
    """

    alarms: float = 0.0
    answers: float = 0.0
    claims: float = 0.0
    as_answer: float = 0.0
    as_claim: float = 0.0
    level: float = 0.0
    doubt: float = 0.0


CORPUS_WEIGHTS = {
    "ragtruth": Weights(alarms=1.0, answers=1.0, claims=0.3, as_answer=1.0, as_claim=1.0, level=1.0, doubt=1.0),
    "summedits": Weights(as_answer=0.05, as_claim=0.05),
    "begin": Weights(alarms=0.3, claims=1.0, as_claim=0.1, doubt=0.3),
    "factcheck": Weights(alarms=0.3, claims=1.0, as_claim=0.1),
}
"""SummEdits counts little: some thirty rows are edits of one document's summary, and say little more than a few."""


class InFolds(NamedTuple, Generic[T]):
    """Something fitted on all rows, and for each inner fold on the rows outside of it."""

    full: T
    held_out: list[T]


class _Sentences(NamedTuple):
    """All sentences: the number of each one's response, its measures, and its label, not a number where unknown."""

    response: NDArray[np.int64]
    rows: Floats
    stated: Chosen
    labels: Floats


class _Responses(NamedTuple):
    """All responses: what the two models are fitted on, and what the calibration reads beside them."""

    labels: Floats
    as_answers: Floats
    as_claims: Floats
    measured: list[Measured]


class _Pair(NamedTuple):
    answers: Blend
    claims: Blend


class LocalFit:
    """Fits a local judge to labelled responses."""

    def __init__(self, rows: Rows) -> None:
        """Take the rows; `model` does the work."""
        self._items = [item for part in rows for item in part]
        self._corpus = np.array([name for name, part in zip(Rows._fields, rows, strict=True) for _ in part])
        self._folds = inner_folds([item.group for item in self._items])

    def model(self) -> LocalModel:
        """Fit everything."""
        alarms = self._in_folds(self._fit_alarms)
        held_out = [WordAlarms(weights) for weights in alarms.held_out]
        measured = [
            measure_response(item.sentences, held_out[fold], item.evidence_words)
            for item, fold in zip(self._items, self._folds, strict=True)
        ]
        sentences = self._sentences(measured)
        sentence = self._in_folds(lambda chosen: self._fit_sentences(sentences, chosen))
        views = self._held_out_doubts(sentences, sentence.held_out)
        odds = self._odds(measured, sentences, views)
        doubt = fit_logistic(odds, EVEN)
        responses = self._responses(measured, sentences, views)
        pairs = self._in_folds(lambda chosen: self._fit_responses(responses, chosen))
        overlap = self._fit_overlap(measured)
        return LocalModel(
            trained_on=TRAINED_ON,
            sentence_inputs=SENTENCE_INPUTS,
            answer_inputs=ANSWER_INPUTS,
            claim_inputs=CLAIM_INPUTS,
            alarms=alarms.full,
            sentence=sentence.full,
            sentence_calibration=doubt,
            cut=self._fit_cut(odds, doubt),
            answers=pairs.full.answers,
            claims=pairs.full.claims,
            overlap=overlap,
            calibration=self._fit_calibration(responses, pairs.held_out, overlap),
        )

    def _in_folds(self, fit: Callable[[Chosen], T]) -> InFolds[T]:
        everything = np.ones(len(self._items), dtype=np.bool_)
        return InFolds(fit(everything), [fit(self._folds != fold) for fold in range(INNER_FOLDS)])

    def _weights(self, use: str) -> Floats:
        """How much each response counts in a fit."""
        return np.array([getattr(CORPUS_WEIGHTS[name], use) for name in self._corpus])

    def _fit_alarms(self, chosen: Chosen) -> dict[str, float]:
        places = [SentenceFeatures._fields.index(name) for name in BESIDE_ALARMS]
        weights = np.where(chosen, self._weights("alarms"), 0.0)
        return fit_alarms(
            [
                NewWords([stem for stem, _ in view.absent_shares], [view.features[n] for n in places], label, weight)
                for item, weight in zip(self._items, weights.tolist(), strict=True)
                for view, label in zip(item.sentences, item.labels, strict=True)
                if weight and label is not None
            ]
        )

    def _sentences(self, measured: Sequence[Measured]) -> _Sentences:
        labels = [np.nan if label is None else label for item in self._items for label in item.labels]
        return _Sentences(
            np.repeat(np.arange(len(measured)), [len(response.rows) for response in measured]),
            np.concatenate([response.rows for response in measured]),
            np.concatenate([response.stated for response in measured]),
            np.array(labels),
        )

    def _fit_sentences(self, sentences: _Sentences, chosen: Chosen) -> SentenceModel:
        def table(use: str) -> Table:
            weights = np.where(chosen, self._weights(use), 0.0)[sentences.response]
            rows = Table(sentences.rows, sentences.labels, weights, signs(SENTENCE_INPUTS))
            return rows.where((weights > 0) & ~np.isnan(sentences.labels))

        answers = table("answers")
        return SentenceModel(
            regression=fit_logistic(answers),
            trees=grow(answers, SENTENCE_TREES),
            claims=grow(table("claims"), SENTENCE_TREES),
        )

    def _held_out_doubts(self, sentences: _Sentences, models: Sequence[SentenceModel]) -> Floats:
        """Doubts of every sentence by models that have not seen it, shape (3, sentences)."""
        views = np.zeros((3, len(sentences.rows)))
        folds = self._folds[sentences.response]
        for fold, model in enumerate(models):
            views[:, folds == fold] = model.doubts(sentences.rows[folds == fold], sentences.stated[folds == fold])
        return views

    def _responses(self, measured: list[Measured], sentences: _Sentences, views: Floats) -> _Responses:
        ends = np.searchsorted(sentences.response, np.arange(1, len(measured)))
        answers, claims = [], []
        for response, own in zip(measured, np.split(views, ends, axis=1), strict=True):
            doubts = Doubts(*own.tolist())
            answers.append(answer_inputs(response.features, doubts))
            claims.append(claim_inputs(answers[-1], response.features, doubts))
        labels = np.array([item.label for item in self._items])
        return _Responses(labels, np.array(answers), np.array(claims), measured)

    def _fit_responses(self, responses: _Responses, chosen: Chosen) -> _Pair:
        def blend(rows: Floats, names: Sequence[str], use: str) -> Blend:
            weights = np.where(chosen, self._weights(use) * self._evened(responses.labels), 0.0)
            table = Table(rows, responses.labels, weights, signs(names)).where(weights > 0)
            return Blend(regression=fit_logistic(table), trees=grow(table, RESPONSE_TREES))

        return _Pair(
            blend(responses.as_answers, ANSWER_INPUTS, "as_answer"),
            blend(responses.as_claims, CLAIM_INPUTS, "as_claim"),
        )

    def _evened(self, labels: Floats) -> Floats:
        """Factors that make edits bad as often as other summaries are.

        How many of the edits are bad was decided by who made the corpus, and says nothing about any text.
        """
        edits = self._corpus == "summedits"
        summaries = np.array([item.row.get("task") == "Summary" for item in self._items])
        wanted, share = labels[summaries & ~edits].mean(), labels[edits].mean()
        return np.where(edits, np.where(labels == 1, wanted / share, (1 - wanted) / (1 - share)), 1.0)

    def _fit_overlap(self, measured: Sequence[Measured]) -> Overlap:
        answers = self._weights("answers") > 0
        measures = np.array(
            [
                (response.features.absent_weight, response.features.pair_novelty)
                for response, is_answer in zip(measured, answers, strict=True)
                if is_answer
            ]
        )
        mean, scale = measures.mean(axis=0).tolist(), measures.std(axis=0).tolist()
        return Overlap(mean=(rounded(mean[0]), rounded(mean[1])), scale=(rounded(scale[0]), rounded(scale[1])))

    def _odds(self, measured: Sequence[Measured], sentences: _Sentences, views: Floats) -> Table:
        """What the doubts of claims are read from."""
        weights = self._weights("doubt")[sentences.response]
        rows = [
            doubt_inputs(odds, measured[number].features)
            for number, odds in zip(sentences.response.tolist(), mean_odds(views).tolist(), strict=True)
        ]
        table = Table(np.array(rows), sentences.labels, weights, np.array([1.0, 0.0]))
        return table.where((weights > 0) & ~np.isnan(sentences.labels))

    def _fit_cut(self, odds: Table, doubt: Logistic) -> float:
        """As many sentences of answers lie over the cut as people marked, so that mean groundedness is not biased."""
        answers = odds.where(odds.weights == CORPUS_WEIGHTS["ragtruth"].doubt)
        marked = float(answers.labels.mean())
        return rounded(float(np.quantile(doubt.probability(answers.rows), 1 - marked)))

    def _fit_calibration(self, responses: _Responses, pairs: Sequence[_Pair], overlap: Overlap) -> Logistic:
        levels = np.zeros(len(self._items))
        for fold, pair in enumerate(pairs):
            held = np.flatnonzero(self._folds == fold)
            odds = zip(
                held.tolist(),
                pair.answers.log_odds(responses.as_answers[held]).tolist(),
                pair.claims.log_odds(responses.as_claims[held]).tolist(),
                strict=True,
            )
            for number, answer, claim in odds:
                features = responses.measured[number].features
                levels[number] = level_of(answer, claim, overlap.prior(features), features)
        weights = self._weights("level")
        table = Table(levels[:, None], responses.labels, weights, np.ones(1))
        return fit_logistic(table.where(weights > 0), EVEN)
