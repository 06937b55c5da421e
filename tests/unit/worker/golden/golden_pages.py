"""Gate results with hostile, long and repeated answers, for the tests of the HTML page."""

from __future__ import annotations

import asyncio
from pathlib import Path

from assay.judges.schema import Claim, ClaimVerdict, Evidence, Scored, Span
from assay.worker.config.root import ConfigRoot, packaged_root
from assay.worker.config.settings import Settings
from assay.worker.golden.gate.session import GoldenSession
from assay.worker.golden.report.gate_record import gate_result
from assay.worker.golden.results.gate_result import GateResult, Pair
from assay.worker.golden.results.run_result import ItemResult
from assay.worker.golden.sets.lock import load_golden_set
from assay.worker.golden.targets import target_for
from assay.worker.wiring.judges import build_evaluator
from benchmarks import build_golden_set
from tests.unit.worker.golden.golden_sets import a_set, answers, compared, exam_of, run_release

HOSTILE = (
    "</script><script>window.pwned = 1</script><!-- <style>*{display:none}</style> ]]> "
    '"\'><img src=x onerror="window.pwned=1"><a href="javascript:window.pwned=1">x</a> {{ 7*7 }} {% raw %} '
    "\u2028\u2029 \u202eevil\u2066 \U000e0041\U000e0042 \ufeff \x00\x1b[31m &lt;b&gt; \U000e0101 e\u0301 👩\u200d💻"
)


def judged(result: ItemResult, text: str, contexts: tuple[str, ...], *claims: Claim) -> ItemResult:
    """The same result for another answer, with other claims."""
    outcome = result.outcome
    assert isinstance(outcome, Scored)
    assert outcome.verdict is not None
    verdict = outcome.verdict.model_copy(update={"claims": claims})
    return result.model_copy(
        update={
            "response": text,
            "contexts": contexts,
            "reasons": (text[:200],),
            "outcome": outcome.model_copy(update={"verdict": verdict, "comment": text[:200]}),
        }
    )


def claim(start: int, end: int, verdict: ClaimVerdict = ClaimVerdict.NOT_FOUND, text: str = "a claim") -> Claim:
    """A claim over a range of the answer, resting on the start of the first passage."""
    evidence = (Evidence(context=0, start=0, end=12),)
    return Claim(
        text=text, span=Span(start=start, end=end), verdict=verdict, evidence=evidence, source="local", reason=text
    )


def hostile_gate(tmp_path: Path) -> GateResult:
    """A gate whose every text tries to become markup, script, or something that cannot be seen."""
    golden = a_set(tmp_path, {"old": answers(), "new": answers(bad=9, q20="fail")}, gate={"must_pass": ["q3"]})
    result = compared(run_release(golden, "old"), run_release(golden, "new"), golden, exam_of(golden))
    pairs = [
        pair.model_copy(
            update={
                "question": HOSTILE,
                "tags": (HOSTILE, "plain"),
                "candidate": tuple(
                    one if one.outcome is None or not isinstance(one.outcome, Scored) else _hostile_side(one)
                    for one in pair.candidate
                ),
            }
        )
        for pair in result.pairs
    ]
    names = {"reasons": (HOSTILE,), "warnings": (HOSTILE,), "candidate": HOSTILE, "pairs": tuple(pairs)}
    return result.model_copy(update=names)


def _hostile_side(one: ItemResult) -> ItemResult:
    marks = (
        claim(0, 20, ClaimVerdict.CONTRADICTED, HOSTILE),
        claim(10, 40),
        claim(30, 10_000, ClaimVerdict.SUPPORTED),
        claim(len(HOSTILE) + 5, len(HOSTILE) + 9),
    )
    return judged(one, HOSTILE, (HOSTILE, "a second passage"), *marks)


def stuffed_gate(tmp_path: Path, text: str) -> GateResult:
    """A gate of 40 items whose answers and passages are all this text."""
    golden = a_set(tmp_path, {"old": answers(), "new": answers(bad=3)})
    result = compared(run_release(golden, "old"), run_release(golden, "new"), golden, exam_of(golden))
    many = tuple(claim(n * 10, n * 10 + 9, text=text[:300]) for n in range(2_000))
    pairs = [
        pair.model_copy(update={"candidate": tuple(judged(one, text, (text,) * 3, *many) for one in pair.candidate)})
        for pair in result.pairs
    ]
    return result.model_copy(update={"pairs": tuple(pairs)})


def real_gate(tmp_path: Path, items: int) -> GateResult:
    """The shipped set's gate by the local judge, its items repeated until there are so many."""
    settings = Settings(data_dir=tmp_path)
    root = ConfigRoot(path=packaged_root())
    golden = load_golden_set(build_golden_set.OUT, build_golden_set.grounding_rubric)

    async def work() -> GateResult:
        evaluator = build_evaluator(golden.rubric, root, settings)
        session = GoldenSession(golden, evaluator, concurrency=8, run_id="20261121T000000-abcdef")
        try:
            sides = [target_for(golden, release=name) for name in ("human-reference", "gpt-4o")]
            return gate_result(await session.gate(*sides))
        finally:
            await evaluator.judge.close()

    result = asyncio.run(work())
    pairs = [_named(result.pairs[n % len(result.pairs)], n) for n in range(items)]
    return result.model_copy(update={"pairs": tuple(pairs), "n": items})


def _named(pair: Pair, number: int) -> Pair:
    return pair.model_copy(update={"id": f"{pair.id}-{number}"})
