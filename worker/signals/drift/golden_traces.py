"""A golden set as traffic: its questions, and recorded answers to them, as a baseline."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from assay.judges.text.fingerprints import HASHED, hashed_vector
from assay.judges.text.languages.told import told_language
from assay.worker.golden.sets.files import GoldenSetError, read_records
from assay.worker.golden.sets.golden_set import GoldenSet
from assay.worker.golden.sets.manifest import GoldenItem, Release
from assay.worker.golden.sets.target_settings import RecordedTargetSettings
from assay.worker.records.columns import PlainColumn
from assay.worker.records.history import cluster_of
from assay.worker.signals.drift.features import CATEGORIES, NUMBERS, VECTORS
from assay.worker.signals.drift.observations import UNKNOWN, Category, Observations, decoded_vectors


def golden_traces(golden: GoldenSet, release: str | None = None) -> tuple[Observations, str]:
    """A set's items as traces, and what they are in words.

    Answers are those of the named release, else of the reviewed baseline's first output, else of the release that the
    manifest names. Without any there is no output side. Refusals and models are not known of it.

    Raises:
        GoldenSetError: there is no such release.
    """
    answers, of = _answers(golden, release)
    return _observed(golden, golden.items, answers), f"golden set {golden.name}{of}"


def _answers(golden: GoldenSet, release: str | None) -> tuple[Mapping[str, Release], str]:
    target = golden.manifest.target
    baseline = golden.baseline if golden.baseline and golden.baseline.answers(golden.digests) else None
    if release is not None and release not in golden.releases():
        remedy = f"there is no {release!r}; choose one of {', '.join(golden.releases()) or 'none'}"
        raise GoldenSetError(golden.directory / "releases", "release", remedy)
    if release is None and baseline is not None:
        path, of = baseline.path(baseline.record.outputs[0]), " with its baseline's answers"
    else:
        name = release or golden.manifest.baseline
        if name is None and isinstance(target, RecordedTargetSettings):
            name = target.release
        if name is None or name not in golden.releases():
            return {}, " without answers"
        path, of = golden.release_path(name), f" with the answers of release {name}"
    return {each.id: each for each in read_records(path, Release)}, of


def _observed(golden: GoldenSet, items: Sequence[GoldenItem], answers: Mapping[str, Release]) -> Observations:
    questions = [item.question for item in items]
    replies = [answers[item.id].response if item.id in answers else None for item in items]
    passages = [len(_contexts(item, answers.get(item.id))) for item in items]
    numbers = {
        "question_chars": [len(text) for text in questions],
        "answer_chars": [None if text is None else len(text) for text in replies],
        "passages": passages,
        "no_passages": [count == 0 for count in passages],
        "empty_answer": [None if text is None else not text.strip() for text in replies],
    }
    unknown = [None] * len(items)
    languages = {
        "question_language": [told_language(text) for text in questions],
        "answer_language": [told_language(text) if text else None for text in replies],
    }
    vectors = {
        "question_vector": [hashed_vector(text) for text in questions],
        "answer_vector": [hashed_vector(text) if text else None for text in replies],
    }
    return Observations(
        weights=np.ones(len(items)),
        clusters=np.array([cluster_of(golden.clusters.get(item.id), item.id) for item in items], dtype=np.int64),
        numbers={name: np.array(numbers.get(name, unknown), dtype=np.float64) for name in NUMBERS},
        categories={name: _category(languages.get(name, unknown)) for name in CATEGORIES},
        vectors={name: decoded_vectors(vectors[name], len(items)) for name in VECTORS},
        vectors_from=HASHED,
    ).by_session()


def _contexts(item: GoldenItem, answer: Release | None) -> Sequence[str]:
    """The passages that the answer rests on: those recorded with it, else those that the item declares."""
    recorded = answer.contexts if answer is not None else None
    return item.contexts if recorded is None else recorded


def _category(values: Sequence[str | None]) -> Category:
    codes, names = PlainColumn(values).coded()
    known = [name for name in names if name is not None]
    place = [UNKNOWN if name is None else known.index(name) for name in names]
    return Category(np.array(place, dtype=np.int64)[codes], tuple(known))
