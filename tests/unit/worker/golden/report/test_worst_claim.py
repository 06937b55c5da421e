"""One rule says which claim is the worst: the score's comment, the gate's reports and the page name the same one."""

from __future__ import annotations

from pathlib import Path

from assay.judges.comments import comment
from assay.judges.schema import Claim, ClaimVerdict, Outcome, Sample, Scored, Severity, Span
from assay.worker.golden.report.html.page import gate_page
from assay.worker.golden.report.junit import gate_junit
from assay.worker.golden.report.markdown import gate_markdown
from tests.unit.worker.golden.golden_sets import BAD, WrittenJudge, a_set, answers, compared, exam_of, run_release

CONTRADICTED = Claim(
    text="The mayor wore a red hat.",
    span=Span(start=0, end=4),
    verdict=ClaimVerdict.CONTRADICTED,
    severity=Severity.MINOR,
    source="local",
)
NOT_FOUND = Claim(
    text="The bridge may collapse today.",
    span=Span(start=4, end=8),
    verdict=ClaimVerdict.NOT_FOUND,
    severity=Severity.CRITICAL,
    source="local",
)


class TwoClaims(WrittenJudge):
    """Finds two claims in a bad answer: a contradicted one of no weight, and a grave one that is not found."""

    async def evaluate(self, sample: Sample) -> Outcome:
        outcome = await super().evaluate(sample)
        if not isinstance(outcome, Scored) or outcome.verdict is None or sample.response != BAD:
            return outcome
        verdict = outcome.verdict.model_copy(update={"claims": (NOT_FOUND, CONTRADICTED)})
        return outcome.model_copy(update={"verdict": verdict, "comment": comment(sample, verdict)})


def test_comment_gate_report_and_page_name_the_same_claim(tmp_path: Path) -> None:
    golden = a_set(tmp_path, {"old": answers(), "new": answers(1)})
    before, after_all = (run_release(golden, release, TwoClaims()) for release in ("old", "new"))
    result = compared(before, after_all, golden, exam_of(golden))
    (changed,) = result.discordant
    after = changed.candidate[0]
    assert isinstance(after.outcome, Scored)
    assert CONTRADICTED.text in after.outcome.comment
    assert NOT_FOUND.text not in after.outcome.comment
    assert after.worst_claim == CONTRADICTED
    for report in (gate_markdown(result), gate_junit(result)):
        assert CONTRADICTED.text in report
        assert NOT_FOUND.text not in report
    assert f'<p class="comment">contradicted: “{CONTRADICTED.text}”' in gate_page(result)
