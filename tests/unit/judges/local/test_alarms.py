from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from assay.judges.local.alarms import UNKNOWN, WordAlarms
from assay.judges.local.model import LocalModel
from assay.judges.text.words import stem
from tests.examples import examples

ALARMS = WordAlarms({"overall": -0.5, "free": 0.4})
NEW = st.lists(st.tuples(st.sampled_from(["overall", "free", "zxqv"]), st.floats(0.01, 0.2)), max_size=5)


@settings(max_examples=examples(100))
@given(NEW, NEW)
def test_each_new_word_raises_every_alarm_or_leaves_it(
    before: list[tuple[str, float]], more: list[tuple[str, float]]
) -> None:
    fewer, all_of_them = ALARMS.features(before), ALARMS.features([*before, *more])
    assert all(then >= first - 1e-12 for first, then in zip(fewer, all_of_them, strict=True))


def test_a_word_nobody_fitted_lies_between_one_that_tells_and_one_that_claims() -> None:
    assert ALARMS["overall"] < ALARMS["zxqv"] == UNKNOWN < ALARMS["free"]


def test_words_that_only_tell_a_text_alarm_less_than_others() -> None:
    fitted = WordAlarms(LocalModel.load().alarms)
    assert all(fitted[stem(word)] < UNKNOWN for word in ("overall", "highlight", "despite"))
