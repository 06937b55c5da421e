from __future__ import annotations

import pytest

from assay.judges.local.features import SentenceView, read_response
from assay.judges.local.model import LocalModel, load_word_weights
from assay.judges.schema import Sample

SPELLINGS = [
    ("The deal closed on 2025-03-04 in Oslo.", "The deal closed on March 4, 2025 in Oslo."),
    ("The warranty lasts 24 months.", "The warranty lasts two years."),
    ("Revenue was USD 890,000,000 after tax.", "Revenue was $890M after tax."),
    ("The talk starts at 14:30 in room B.", "The talk starts at 2:30 pm in room B."),
    ("The North Atlantic Treaty Organization met again.", "NATO met again."),
]


def read(response: str, evidence: str) -> SentenceView:
    view = read_response(Sample(id="s", contexts=(evidence,), response=response), load_word_weights())
    return view.sentences[0]


@pytest.mark.parametrize(("evidence", "response"), SPELLINGS)
def test_words_of_a_value_that_is_spelt_otherwise_are_not_new(evidence: str, response: str) -> None:
    sentence = read(response, evidence)
    assert sentence.absent == ()
    assert sentence.features.pair_novelty == sentence.features.triple_novelty == 0.0
    assert sentence.features.best_coverage == sentence.features.nearby == pytest.approx(1.0)


@pytest.mark.parametrize(("evidence", "response"), SPELLINGS)
def test_an_equal_value_spelt_otherwise_has_a_low_risk(evidence: str, response: str) -> None:
    assert LocalModel.load().read([read(response, evidence)], 6).risk < 0.5


@pytest.mark.parametrize(
    ("evidence", "response", "new"),
    [
        ("The deal closed on 2025-03-04.", "The deal closed on April 4, 2025.", "april"),
        ("The warranty lasts 24 months.", "The generous warranty lasts two years.", "generous"),
        ("The warranty lasts 24 months.", "The warranty lasts three years.", "three"),
        ("Revenue was USD 890,000,000.", "Revenue was $980M.", "980m"),
    ],
)
def test_other_values_and_words_beside_a_value_are_new(evidence: str, response: str, new: str) -> None:
    assert new in read(response, evidence).absent


def test_words_that_join_a_known_value_to_something_else_are_still_new() -> None:
    evidence = "Anna paid 24 euros. Boris paid 30 euros."
    assert read("Boris paid 24 euros.", evidence).features.triple_novelty > 0.0
