"""What an evaluation is called in OpenTelemetry's attributes: names of the GenAI conventions, and our own.

The one table of them: who writes results and who reads them back take the names from here.
"""

from __future__ import annotations

from collections.abc import Mapping

EVENT = "gen_ai.evaluation.result"
EVALUATION = "gen_ai.evaluation.name"
VALUE = "gen_ai.evaluation.score.value"
LABEL = "gen_ai.evaluation.score.label"
EXPLANATION = "gen_ai.evaluation.explanation"

SCORE_ID = "assay.score.id"
WRITTEN_AT = "assay.score.written_at"
"""When a score was written, in nanoseconds since 1970. Of two spans of one score the later one counts."""
JUDGED_TRACE = "assay.judged.trace_id"
JUDGED_SPAN = "assay.judged.observation_id"
ENVIRONMENT = "deployment.environment.name"

METADATA = "assay.metadata."
"""Before the key of a plain value, e.g. `assay.metadata.sample`."""
NESTED_METADATA = "assay.metadata_json."
"""Before the key of a list or mapping, which is written as JSON: few backends keep such values."""

PROVENANCE: Mapping[str, str] = {
    "rubric": "assay.rubric",
    "rubric_hash": "assay.rubric.hash",
    "revision": "assay.evaluator.revision",
    "pi": "assay.selection.probability",
    "stratum": "assay.selection.stratum",
    "use_case": "assay.use_case",
    "judge": "assay.judge",
    "tier": "assay.tier",
    "cost_usd": "assay.cost.usd",
}
"""Keys of a score's metadata that have an attribute of their own."""

SERVICE = "assay"
"""Name of the service, and of the instrumentation scope, that evaluations come from."""
