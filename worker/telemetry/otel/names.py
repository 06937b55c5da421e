"""The one table of attribute names that we write: the present GenAI conventions, the older ones, and our own.

The conventions are in development and have no release. Who reads what others write has a table of its own:
`assay.worker.extraction.names.dialects`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from opentelemetry.util.types import AttributeValue

from assay.worker.otlp import evaluation_names


class Name(NamedTuple):
    """What an attribute is called.

    Attributes:
        now: by the present conventions, or by us.
        old: by those of before 1.28 or 1.37. None: it had none.
    """

    now: str
    old: str | None = None


OPERATION = Name("gen_ai.operation.name")
PROVIDER = Name("gen_ai.provider.name", "gen_ai.system")
MODEL_ASKED = Name("gen_ai.request.model")
MODEL_SERVED = Name("gen_ai.response.model")
INPUT_TOKENS = Name("gen_ai.usage.input_tokens", "gen_ai.usage.prompt_tokens")
OUTPUT_TOKENS = Name("gen_ai.usage.output_tokens", "gen_ai.usage.completion_tokens")
CACHED_TOKENS = Name("gen_ai.usage.cache_read.input_tokens")
REASONING_TOKENS = Name("gen_ai.usage.reasoning.output_tokens")
TOKEN_TYPE = Name("gen_ai.token.type")
ERROR = Name("error.type")

EVALUATION = Name(evaluation_names.EVALUATION)
SCORE = Name(evaluation_names.VALUE)
LABEL = Name(evaluation_names.LABEL)
EXPLANATION = Name(evaluation_names.EXPLANATION)
EVALUATION_EVENT = evaluation_names.EVENT

TASK = Name("assay.task")
USE_CASE, RUBRIC, REVISION, JUDGE, TIER, PI, STRATUM, COST = (
    Name(evaluation_names.PROVENANCE[key])
    for key in ("use_case", "rubric", "revision", "judge", "tier", "pi", "stratum", "cost_usd")
)
SCORE_ID = Name(evaluation_names.SCORE_ID)
JUDGED_TRACE = Name(evaluation_names.JUDGED_TRACE)
JUDGED_SPAN = Name(evaluation_names.JUDGED_SPAN)
OUTCOME = Name("assay.outcome")
REASON = Name("assay.reason")
ENDPOINT = Name("assay.judge.endpoint")
PURPOSE = Name("assay.purpose")

CALL_SECONDS = "gen_ai.client.operation.duration"
CALL_TOKENS = "gen_ai.client.token.usage"
SECONDS_BUCKETS = (0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92)
"""As the conventions have them: doubling from 0.01 s."""
TOKENS_BUCKETS = (1, 4, 16, 64, 256, 1024, 4096, 16384, 65536, 262144, 1048576, 4194304, 16777216, 67108864)
"""As the conventions have them: powers of 4."""

Attributes = dict[str, AttributeValue]


class Naming(NamedTuple):
    """How attributes are written.

    Attributes:
        has_old: whether the older name stands beside the present one, where there was another.
    """

    has_old: bool = False

    def of(self, values: Mapping[Name, AttributeValue | None]) -> Attributes:
        """Attributes by their names. What is not known is left out."""
        attributes: Attributes = {name.now: value for name, value in values.items() if value is not None}
        if self.has_old:
            attributes |= {
                name.old: value for name, value in values.items() if name.old is not None and value is not None
            }
        return attributes
