"""The plugin in real pytest processes: what fails, what is printed, and the exit codes."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.servers.openai_server import OpenAIServer, fails

pytest_plugins = ["pytester"]

Ran = pytest.RunResult
ANSWERS = """
    import asyncio
    import pytest

    FOUND = ["The bridge was opened in 1932 by the Premier."]
    RIGHT, WRONG = "It was opened in 1932 by the Premier.", "It was opened in 1987 by the Premier."

    def test_right(assay):
        assay.check(question="When?", contexts=FOUND, response=RIGHT)

    def test_wrong(assay):
        assay.check(question="When?", contexts=FOUND, response=WRONG)

    def test_nothing_known(assay):
        assay.check(question="When?", response=WRONG)

    def test_in_a_loop(assay):
        async def ask():
            return assay.check(question="When?", contexts=FOUND, response=RIGHT)
        assert asyncio.run(ask()).scores["faithfulness"] == 1.0

    def test_limits(assay):
        assay.check(question="When?", contexts=FOUND, response=WRONG, at_most={"hallucination_risk": 1.0})

    def test_no_such_score(assay):
        assay.check(contexts=FOUND, response=RIGHT, at_least={"beauty": 0.5})
"""

GOLDEN = """
    import pytest

    @pytest.mark.assay_set("mtrag-v1")
    def test_item(item, assay):
        assay.check(item, response=ANSWER(item))
"""


@pytest.fixture
def run(pytester: pytest.Pytester) -> Callable[..., Ran]:
    def run_tests(*options: str) -> Ran:
        return pytester.runpytest_subprocess("-p", "no:cacheprovider", *options, timeout=240)

    return run_tests


def test_failures_are_one_line_with_the_sentence(pytester: pytest.Pytester, run: Callable[..., Ran]) -> None:
    pytester.makepyfile(ANSWERS)
    ran = run("-q")
    assert ran.ret == 1
    ran.assert_outcomes(passed=3, failed=3)
    text = ran.stdout.str()
    sentence = "contradicted: “It was opened in 1987 by the Premier.” – '1987' where the evidence says '1932'"
    assert f"must be at most 0.5: {sentence}" in text
    assert "not decided: hallucination_risk: no_evidence" in text
    assert "beauty: rubric grounding has no such score; it has groundedness, faithfulness" in text
    assert "FAILED test_failures_are_one_line_with_the_sentence.py::test_wrong - AnswerIs" in text
    assert "def check(" not in text
    assert "5 answers checked: 3 passed, 1 failed, 1 undecided" in text
    assert "pass rate 75% of 4 decided, 95 % interval 30% to 95%" in text


@pytest.mark.parametrize(
    ("chosen", "code"), [(["right"], 0), (["right", "nothing_known"], 3), (["wrong", "nothing_known"], 1)]
)
def test_exit_code_tells_wrong_answers_from_open_ones(
    pytester: pytest.Pytester, run: Callable[..., Ran], chosen: list[str], code: int
) -> None:
    path = pytester.makepyfile(ANSWERS)
    assert run("-q", *(f"{path.name}::test_{name}" for name in chosen)).ret == code


def test_processes_of_xdist_report_together(pytester: pytest.Pytester, run: Callable[..., Ran]) -> None:
    pytester.makepyfile(ANSWERS)
    ran = run("-q", "-n", "2", "-k", "test_right or test_nothing_known")
    assert ran.ret == 3
    assert "2 answers checked: 1 passed, 1 undecided" in ran.stdout.str()


def test_items_of_a_set_are_checked_by_its_own_limits(pytester: pytest.Pytester, run: Callable[..., Ran]) -> None:
    pytester.makepyfile(GOLDEN.replace("ANSWER(item)", "'It was built by 4,711 people in 1811 for 99 dollars.'"))
    ran = run("-q", "-k", "35e6be0f")
    assert ran.ret == 1
    counts = ran.parseoutcomes()
    assert f"{counts['failed']} answers checked: {counts['failed']} failed" in ran.stdout.str()
    assert "hallucination_risk" in ran.stdout.str()


def recorded_answers(release: str) -> dict[str, Any]:
    path = Path(__file__).parents[4] / "golden_sets" / "mtrag-v1" / "releases" / f"{release}.jsonl"
    return {row["id"]: row["response"] for row in map(json.loads, path.read_text(encoding="utf-8").splitlines())}


def releases() -> list[str]:
    return sorted(path.stem for path in (Path(__file__).parents[4] / "golden_sets/mtrag-v1/releases").glob("*.jsonl"))


def test_gate_compares_the_answers_of_tests_with_the_baseline(
    pytester: pytest.Pytester, run: Callable[..., Ran]
) -> None:
    """The same answers as the baseline's are no regression; none at all decides nothing."""
    release = releases()[0]
    answers = pytester.path / "answers.json"
    answers.write_text(json.dumps(recorded_answers(release)), encoding="utf-8")
    lookup = f"__import__('json').load(open({str(answers)!r}))[item.id]"
    pytester.makepyfile(GOLDEN.replace("ANSWER(item)", lookup))
    ran = run("-q", "--assay-gate", "mtrag-v1", "--assay-baseline", release)
    text = ran.stdout.str()
    assert f"mtrag-v1: pytest against {release}" in text
    assert ran.ret == 0, text[-3000:]
    assert "PASS (exit 0)" in text


def test_gate_fails_where_answers_became_wrong(pytester: pytest.Pytester, run: Callable[..., Ran]) -> None:
    pytester.makepyfile(GOLDEN.replace("ANSWER(item)", "'It was built by 4,711 people in 1811 for 99 dollars.'"))
    ran = run("-q", "--assay-gate", "mtrag-v1", "--assay-baseline", releases()[0])
    assert ran.ret == 1, ran.stdout.str()[-3000:]
    assert "REGRESSED (exit 1)" in ran.stdout.str()


def test_gate_without_answers_and_sets_that_are_unknown_are_no_pass(
    pytester: pytest.Pytester, run: Callable[..., Ran]
) -> None:
    pytester.makepyfile("def test_other(): pass")
    ran = run("-q", "--assay-gate", "mtrag-v1")
    assert ran.ret == 3
    assert "mtrag-v1: no test checked an answer of this set; nothing is decided" in ran.stdout.str()
    pytester.makepyfile(GOLDEN.replace("mtrag-v1", "nowhere"))
    ran = run("-q")
    assert ran.ret != 0
    assert "unknown golden set" in ran.stdout.str() + ran.stderr.str()


def test_judge_model_that_is_down_leaves_tests_undecided(
    pytester: pytest.Pytester, run: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch
) -> None:
    with OpenAIServer() as server:
        server.script([fails(500)] * 50)
        for name, value in {"OPENAI_BASE_URL": server.url, "OPENAI_API_KEY": "k", "ASSAY_JUDGE_MODEL": "m"}.items():
            monkeypatch.setenv(name, value)
        pytester.makepyfile(
            "def test_it(assay): assay.check(question='?', contexts=['It is so.'], response='It is so.', judge='llm')"
        )
        ran = run("-q")
    assert ran.ret == 3
    assert "1 answers checked: 1 undecided" in ran.stdout.str()


def test_pytest_without_it_imports_nothing_of_assay(pytester: pytest.Pytester, run: Callable[..., Ran]) -> None:
    pytester.makepyfile(
        """
        import sys

        def test_other():
            mine = [m for m in sys.modules if m.startswith("assay.")]
            assert not [m for m in mine if "judges" in m or "golden" in m], mine
        """
    )
    ran = run("-q")
    assert ran.ret == 0, ran.stdout.str()
    assert "assay ==" not in ran.stdout.str()
