"""Values that a splitter of documents cut in two: both halves are replaced, and by what stands for the whole."""

from __future__ import annotations

import time

import pytest

from assay.judges.redaction.policy import KINDS, OwnPattern, Redaction
from assay.judges.redaction.redact import redacted_sample
from assay.judges.schema import Evidence, Sample

CUSTOMER, LICENCE = (OwnPattern(name=n, pattern=p) for n, p in (("customer", r"KD-[0-9]{6}"), ("licence", "L-[0-9]+")))
EVERY_KIND = Redaction.of([*KINDS, CUSTOMER, LICENCE])


def redacted(*contexts: str, response: str = "ok") -> tuple[str, ...]:
    """The passages and the answer with placeholders."""
    sample = redacted_sample(Sample(id="t", contexts=contexts, response=response), EVERY_KIND).sample
    return *sample.contexts, sample.response


@pytest.mark.parametrize(
    ("left", "right", "whole", "placeholder"),
    [
        ("Call +49 30", "1234567 now.", "030 1234567", "[PHONE_1]"),
        ("Call +49 30 ", "1234567 now.", "+49 30 1234567", "[PHONE_1]"),
        ("Write to ann@exam", "ple.org now.", "ann@example.org", "[EMAIL_1]"),
        ("Pay DE89 3704 0044", "0532 0130 00 now.", "DE89370400440532013000", "[IBAN_1]"),
        ("Pay 4111 1111", "1111 1111 now.", "4111111111111111", "[CREDIT_CARD_1]"),
        ("It is 203.0.", "113.7 now.", "203.0.113.7", "[IP_1]"),
        ("You are KD-12", "3456 now.", "KD-123456", "[CUSTOMER_1]"),
    ],
)
def test_both_halves_have_the_placeholder_of_the_whole(left: str, right: str, whole: str, placeholder: str) -> None:
    first, second, response = redacted(left, right, response=f"It is {whole}.")
    assert first.rstrip().endswith(f" {placeholder}")
    assert second == f"{placeholder} now."
    assert response == f"It is {placeholder}."


@pytest.mark.parametrize(
    ("left", "right", "whole", "placeholder"),
    [
        ("Call +49 30 55599", "88771 now.", "030 5559988771", "[PHONE_1]"),
        ("Call 030 555998", "8771 now.", "+49 30 5559988771", "[PHONE_1]"),
        ("Write to ann.sm", "ith@example.org now.", "ann.smith@example.org", "[EMAIL_1]"),
        ("Write to ann@example.co", "m now.", "ann@example.com", "[EMAIL_1]"),
        ("It is 203.0.113.1", "23 now.", "203.0.113.123", "[IP_1]"),
        ("This is L-12", "34 now.", "L-1234", "[LICENCE_1]"),
    ],
)
def test_halves_that_are_values_themselves_or_nobodys_are_halves_where_the_whole_is_known(
    left: str, right: str, whole: str, placeholder: str
) -> None:
    first, second, response = redacted(left, right, response=f"It is {whole}.")
    assert (first.rpartition(" ")[2], second) == (placeholder, f"{placeholder} now.")
    assert response.startswith(f"It is {placeholder}")
    alone, next_alone, _ = redacted(left, right)
    assert (alone, next_alone) != (first, second), "nobody can know it without the whole"


def test_offsets_of_halves_lead_back() -> None:
    sample = Sample(id="t", contexts=("Call +49 30", "1234567 now."), response="ok")
    told = redacted_sample(sample, EVERY_KIND)
    assert told.original_evidence(Evidence(context=1, start=0, end=9)) == Evidence(context=1, start=0, end=7)
    assert told.original_evidence(Evidence(context=1, start=10, end=13)) == Evidence(context=1, start=8, end=11)


def test_first_part_that_an_overlap_repeats_is_replaced() -> None:
    first, second, _ = redacted("Or to ann.smith@exam", "Ask smith@example.org or ann.smith@example.org.")
    assert first == "Or to [EMAIL_1]"
    assert second == "Ask [EMAIL_2] or [EMAIL_1]."


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("In the year 2024", "030 people came by."),
        ("The total is 12 345", "678 901 people."),
        ("See the end.", "@bob said it."),
        ("The hours are 09", "12345 67890"),
        ("Version 1.2.", "3.4 is out."),
        ("Please contact", "us by ann."),
        ("She writes c++", "12345678 is a number."),
        ("On Google+", "2011 2012 2013 2014"),
        ("Rows: 4000 5000", "6000 7000"),
        ("0 1 2 3 4 5 6 7 8", "9 10 11 12 13 14"),
        ("It was on 21.11.26.", "30 people came."),
    ],
)
def test_passages_that_end_and_begin_by_chance_stay(left: str, right: str) -> None:
    assert redacted(left, right) == (left, right, "ok")


def test_many_passages_take_time_in_proportion() -> None:
    passages = [f"Number {n}: mail{n}@example.org and +49 30 {1_000_000 + n}, then ann{n}@exam" for n in range(500)]
    began = time.process_time()
    redacted(*passages)
    assert time.process_time() - began < 4.0
