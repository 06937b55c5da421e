"""How often a model repeats the verdicts of the prompt's examples instead of judging.

In a benchmark::

    copied = sum(copies_example([claim.verdict for claim in claims]) for claims in replies)

A row of two sentences may well have the verdicts of an example by chance. So a share says something only beside the
share among the labels, or among the replies of a model that judges.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

from assay.judges.llm.grounding.prompt import EXAMPLES


def example_orders() -> tuple[tuple[str, ...], ...]:
    """The verdicts of each example, sentence by sentence, e.g. `supported`, `not_checkworthy`."""
    return tuple(tuple(next(iter(entry)) for entry in json.loads(text)["sentences"]) for text in EXAMPLES)


def copies_example(verdicts: Sequence[str]) -> bool:
    """Whether a reply's verdicts begin as those of an example do.

    Args:
        verdicts: of all sentences in order, as the model gave them, `not_checkworthy` among them.
    """
    return any(len(verdicts) >= len(order) and tuple(verdicts[: len(order)]) == order for order in example_orders())
