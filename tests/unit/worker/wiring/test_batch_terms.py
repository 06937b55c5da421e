"""Which configuration batches go by: the one that is in force, never one that was merely read."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from assay.judges.redaction.policy import Redaction
from assay.judges.rubric import Rubric
from assay.worker.config.root import ConfigRoot
from assay.worker.config.settings import Settings
from assay.worker.fleet.runtime_in_force import RuntimeInForce
from assay.worker.flow.batch_calls.terms import Terms
from assay.worker.wiring.batch_terms import ConfiguredTerms
from assay.worker.wiring.reload import Edit
from assay.worker.wiring.runtime import Runtime

ASKED = Rubric.model_validate({"name": "asked", "judge": {"tiers": ["llm"], "llm": {"model": "m", "endpoint": "a"}}})
AS_IT_WAS = "use_cases: [{name: bot}]\n"
FORBIDDEN = "use_cases: [{name: bot, judges_allowed: [local]}]\n"
ENDPOINTS = "default: {url: 'http://litellm:4000/v1'}\na: {url: 'http://gw/v1'}\n"


def opened(home: Path) -> Runtime:
    (home / "assay.yaml").write_text(AS_IT_WAS)
    (home / "endpoints.yaml").write_text(ENDPOINTS)
    return Runtime(Settings(), ConfigRoot(path=home), redis_url="redis://127.0.0.1:1/0")


def objection(runtime: Runtime, use_case: str = "bot", redaction: Redaction | None = None) -> str:
    terms = Terms(use_case, ASKED, redaction or Redaction())
    return ConfiguredTerms(runtime.batch_endpoints).objection(terms)


def test_edit_counts_for_what_was_gathered_as_soon_as_it_is_in_force_and_no_sooner(tmp_path: Path) -> None:
    async def main() -> None:
        runtime = opened(tmp_path)
        (tmp_path / "assay.yaml").write_text(FORBIDDEN)
        successor = runtime.successor()
        assert objection(runtime) == ""
        await RuntimeInForce(runtime)._take_up(Edit("was", successor))
        assert objection(runtime) == objection(successor) == "a may not all see 'bot'"

    asyncio.run(main())


def test_edit_that_is_refused_changes_no_address_of_a_batch(tmp_path: Path) -> None:
    """The usual endpoint without its file is the provider's own: a gathered text would go there."""
    runtime = opened(tmp_path)
    (tmp_path / "endpoints.yaml").unlink()
    runtime.successor()  # is read, and then refused: the file is gone
    place = runtime.batch_endpoints.place("default")
    assert place is not None
    assert place.url == "http://litellm:4000/v1"


@pytest.mark.parametrize(
    ("case", "why"),
    [
        ("{name: bot, rate: 0.2}", ""),
        ("{name: bot, judges_allowed: [local, a]}", ""),
        ("{name: bot, judges_allowed: [local, llm]}", "a may not all see 'bot'"),
        ("{name: bot, judges_allowed: [local]}", "a may not all see 'bot'"),
        ("{name: desk}", "use case 'bot' was removed"),
        ("{name: bot, redact: []}", ""),
        ("{name: bot, redact: [email]}", "redact of 'bot' was edited"),
    ],
)
def test_what_is_held_against_a_text_that_was_handed_in(case: str, why: str, tmp_path: Path) -> None:
    runtime = opened(tmp_path)
    (tmp_path / "assay.yaml").write_text(f"use_cases: [{case}]\n")
    runtime.successor().come_into_force()
    assert objection(runtime) == why


def test_redaction_of_the_defaults_counts(tmp_path: Path) -> None:
    runtime = opened(tmp_path)
    (tmp_path / "assay.yaml").write_text(f"defaults: {{redact: [iban]}}\n{AS_IT_WAS}")
    runtime.successor().come_into_force()
    assert objection(runtime) == "redact of 'bot' was edited"
    assert objection(runtime, redaction=Redaction(kinds=("iban",))) == ""


def test_address_that_cannot_be_worked_out_is_no_address(tmp_path: Path) -> None:
    runtime = opened(tmp_path)
    (tmp_path / "endpoints.yaml").write_text("a: {url: 'http://gw/v1', headers: {X: '${NOT_SET_ANYWHERE}'}}\n")
    runtime.successor().come_into_force()
    terms = ConfiguredTerms(runtime.batch_endpoints)
    assert (terms.place("a"), terms.place("nobody")) == (None, None)
