"""A verdict as people read it: everything of a usual answer, and of a very long one what they need."""

from __future__ import annotations

from typing import Any

from assay.worker.batch.explanation import MOST_SHOWN, explain_verdict


def claim(number: int, verdict: str, p: float) -> dict[str, Any]:
    text = f"Statement {number}."
    return {"text": text, "verdict": verdict, "p": p, "reason": "", "quote": None, "evidence": []}


def lines(claims: list[dict[str, Any]], hits: int = 0) -> list[str]:
    record = {
        "id": "a",
        "outcome": "scored",
        "scores": {},
        "not_applicable": {},
        "states": {"grounding_state": "grounded"},
        "path": [],
        "votes": [],
        "needs_review": None,
        "claims": claims,
        "rule_hits": [{"rule": "r", "detail": f"hit {number}"} for number in range(hits)],
    }
    return list(explain_verdict(record))


def test_a_usual_answer_is_shown_whole() -> None:
    told = lines([claim(n, "supported", 0.9) for n in range(MOST_SHOWN)], hits=2)
    assert sum("Statement" in line for line in told) == MOST_SHOWN
    assert not any("more" in line for line in told)


def test_of_a_very_long_answer_the_worst_statements_are_shown_in_their_order_and_the_rest_counted() -> None:
    claims = [claim(n, "supported", 0.9) for n in range(300)]
    claims[250] = claim(250, "contradicted", 0.1)
    claims[120] = claim(120, "not_found", 0.2)
    claims[7] = claim(7, "supported", 0.55)
    told = lines(claims, hits=40)
    shown = [line for line in told if "Statement" in line]
    assert len(shown) == MOST_SHOWN
    places = [at for number in (7, 120, 250) for at, line in enumerate(shown) if f"Statement {number}." in line]
    assert places == sorted(places)
    assert len(places) == 3
    assert (
        f"  … and {300 - MOST_SHOWN} more statements ({300 - MOST_SHOWN} supported); the verdict has them all" in told
    )
    assert f"  … and {40 - MOST_SHOWN} more rule hits; the verdict has them all" in told
    assert len(told) < 3 * MOST_SHOWN


def test_the_rest_is_counted_by_verdict() -> None:
    told = "\n".join(
        lines([claim(n, "not_found", 0.2) for n in range(30)] + [claim(n, "supported", 0.9) for n in range(9)])
    )
    assert "… and 14 more statements (5 not found, 9 supported)" in told
