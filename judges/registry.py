"""The judges by name: how each is built from a rubric and the models it names.

A new judge is a folder `judges/NAME/` and one line here. Its name stands in `rubric/plan.py:JudgeName`, which is what
a rubric's `judge.tiers` may hold.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal

from assay.judges.base import Judge
from assay.judges.errors import ConfigurationError
from assay.judges.models.base import ChatModel
from assay.judges.rubric import JudgeName, ModelAt, Rubric

OpenModel = Callable[[ModelAt], ChatModel]
"""Gives the chat model a rubric names. It knows the endpoints and their keys. Judges do not."""

Build = Callable[[Rubric, OpenModel], Judge]
"""Builds a judge for one rubric. It imports the judge when it is called: a model's SDK takes half a second."""


def build_judge(rubric: Rubric, tier: JudgeName, open_model: OpenModel) -> Judge:
    """The judge of one tier of a rubric.

    Args:
        rubric: what is judged. A rubric of method `checks` has a judge of its own, whatever its tier.
        tier: the judge's name.
        open_model: gives the models that the judge asks. Not called where it asks none.

    Raises:
        ConfigurationError: the rubric does not say what the judge needs, or a model cannot be opened.
    """
    return JUDGES["checks" if rubric.method == "checks" else tier](rubric, open_model)


def _checks(rubric: Rubric, open_model: OpenModel) -> Judge:
    from assay.judges.checks import ChecksJudge

    del open_model
    return ChecksJudge(rubric)


def _local(rubric: Rubric, open_model: OpenModel) -> Judge:
    from assay.judges.local import LocalJudge

    del rubric, open_model
    return LocalJudge()


def _decision(rubric: Rubric, open_model: OpenModel) -> Judge:
    raise ConfigurationError(f"rubric {rubric.name}: judge.tiers: decision models cannot be asked yet")


def _llm(rubric: Rubric, open_model: OpenModel) -> Judge:
    if rubric.judge.llm is None:
        raise ConfigurationError(f"rubric {rubric.name}: judge.llm: missing; add `llm: {{model: ...}}`")
    return _asking(rubric, open_model(rubric.judge.llm))


def _panel(rubric: Rubric, open_model: OpenModel) -> Judge:
    from assay.judges.panel import PanelJudge

    if rubric.judge.panel is None:
        raise ConfigurationError(f"rubric {rubric.name}: judge.panel: missing; add `panel: {{models: [...]}}`")
    members = {member.model: _asking(rubric, open_model(member)) for member in rubric.judge.panel.members}
    return PanelJudge(members, decide=rubric.judge.panel.decide)


def _asking(rubric: Rubric, model: ChatModel) -> Judge:
    """The judge that asks one model in the rubric's method."""
    from assay.judges.llm.graded.judge import GradedJudge
    from assay.judges.llm.grounding.judge import LlmJudge
    from assay.judges.prices import PriceTable

    judge = GradedJudge if rubric.method == "graded" else LlmJudge
    return judge(model, PriceTable.load())


JUDGES: Mapping[JudgeName | Literal["checks"], Build] = {
    "checks": _checks,
    "local": _local,
    "decision": _decision,
    "llm": _llm,
    "panel": _panel,
}
"""Every judge by its name."""
