"""Two spellings of a value have one placeholder, two values have two, and all texts of a sample decide alike."""

from __future__ import annotations

import time

import pytest

from assay.judges.errors import UnjudgeableSample
from assay.judges.redaction.policy import KINDS, OwnPattern, Redaction
from assay.judges.redaction.redact import FAILED, redacted_sample
from assay.judges.redaction.sample_values import SampleValues
from assay.judges.redaction.time_limit import TimeLimit
from assay.judges.schema import Sample

EVERY_KIND = Redaction.of([*KINDS, OwnPattern(name="customer", pattern=r"KD-[0-9]{6}")])


def redacted(context: str, response: str) -> tuple[str, str]:
    """Both texts of a sample with placeholders."""
    sample = redacted_sample(Sample(id="t", question="", contexts=(context,), response=response), EVERY_KIND).sample
    return sample.contexts[0], sample.response


@pytest.mark.parametrize(
    ("value", "other"),
    [
        ("1-800-555-1234", "800-555-1234"),
        ("+1 555 234 5678", "1-555-234-5678"),
        ("+49 030 1234567", "+49 30 1234567"),
        ("+49 030 1234567", "030 1234567"),
        ("+7 495 123-45-67", "8 (495) 123-45-67"),
        ("+36 1 234 5678", "06 1 234 5678"),
        ("+39 06 698 12345", "06 698 12345"),
        ("Tel. 1234567", "030 1234567"),
        ("011 44 20 7946 0958", "+44 20 7946 0958"),
        ("tel:+15552345678", "5552345678"),
        ("Tel. 612 345 678", "612 345 678"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("ann@müller.de", "ann@xn--mller-kva.de"),
        ("jose\u0301@example.org", "jos\u00e9@example.org"),
        (r"ann\_b@example.org", "ann_b@example.org"),
        ("ann%2Bx@example.org", "ann+x@example.org"),
        ("ann[@]example[.]org", "ann@example.org"),
        ("version 10.0.19.3", "10.0.19.3"),
        ("card 4111111111111112", "4111111111111112"),
        ("KD-12\u200b3456", "KD-123456"),
        ("ＫＤ-123456", "KD-123456"),
    ],
)
def test_two_spellings_have_one_placeholder(value: str, other: str) -> None:
    for first, second in ((value, other), (other, value)):
        context, response = redacted(f"Contact: {first} ok", f"Contact: {second} ok")
        assert context.partition("[")[2].partition("]")[0] == response.partition("[")[2].partition("]")[0] != ""


@pytest.mark.parametrize(
    ("context", "response", "placeholders"),
    [
        ("030 1234567", "+49 30 1234567 and +43 30 1234567", "[PHONE_1] and [PHONE_2]"),
        ("06 698 12345", "+39 6 698 12345", "[PHONE_2]"),
        ("555-234-5678", "+33 5552345678", "[PHONE_2]"),
        ("Tel 4567890", "+49 30 1234567890", "[PHONE_2]"),
        ("030 1234567, 040 1234567", "Tel. 1234567", "Tel. [PHONE_3]"),
        ("555-234-5678 x12", "555-234-5678 x13", "[PHONE_1] x[PHONE_3]"),
        ("555-234-5678 x12", "555-234-5678 ext. 12", "[PHONE_1] ext. [PHONE_2]"),
    ],
)
def test_two_numbers_have_two_placeholders(context: str, response: str, placeholders: str) -> None:
    assert redacted(context, response)[1] == placeholders


@pytest.mark.parametrize(
    "text",
    [
        "Revenue grew by +250 000 000 Euro",
        "Mobile: 1500000 users in 2025",
        "Section 3.1.2.4 covers refunds, see 3.1.2.4",
        "Chrome 120.0.0.0 fixed it, so 120.0.0.0 is safe",
    ],
)
def test_what_is_no_value_stays_in_every_text(text: str) -> None:
    assert redacted(text, text) == (text, text)


def test_metadata_has_no_private_key_and_no_private_number() -> None:
    metadata = {"ann@example.org": 1, "phone": 4915112345678, "count": 12, "deep": {"+49 30 1234567": [True, None]}}
    safe = redacted_sample(Sample(id="t", response="Yes.", metadata=metadata), EVERY_KIND).sample
    assert safe.metadata == {"[EMAIL_1]": 1, "phone": "[PHONE_1]", "count": 12, "deep": {"[PHONE_2]": [True, None]}}


def test_many_numbers_that_end_alike_take_time_in_proportion() -> None:
    numbers = " ".join(f"+49 {100 + number} 1234567" for number in range(4_000))
    began = time.process_time()
    redacted(numbers, "x")
    assert time.process_time() - began < 3.0


def test_search_that_takes_too_long_gives_no_text() -> None:
    with pytest.raises(UnjudgeableSample) as failed:
        SampleValues(("Call +49 30 1234567",), EVERY_KIND, TimeLimit(seconds=-1.0))
    assert failed.value.reason == FAILED
    assert "1234567" not in failed.value.detail
