"""The judges by name: how each is built from a rubric and the models it names.

A new judge is a folder `judges/NAME/` and one line here. Its name stands in `rubric/plan.py:JudgeName`, which is what
a rubric's `judge.tiers` may hold.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Literal, NamedTuple

from assay.judges.base import Judge
from assay.judges.errors import ConfigurationError
from assay.judges.models.base import ChatModel
from assay.judges.rubric import JudgeName, LlmOptions, ModelAt, Rubric

if TYPE_CHECKING:
    from assay.judges.llm.statements.forms import StatementForm
    from assay.judges.prices import PriceTable

OpenModel = Callable[[ModelAt], ChatModel]
"""Gives the chat model a rubric names. It knows the endpoints and their keys. Judges do not."""

WindowOf = Callable[[ModelAt], int | None]
"""Tokens of prompt and completion that a model's endpoint takes together. None where that is not known."""


class Making(NamedTuple):
    """What a judge is made of.

    Attributes:
        rubric: what is judged.
        open_model: gives the models that the judge asks.
        prices: what their calls cost.
        window_of: how long a call to a model may be.
    """

    rubric: Rubric
    open_model: OpenModel
    prices: PriceTable | None
    window_of: WindowOf

    def price_table(self) -> PriceTable:
        """The prices given, else those shipped with the package."""
        from assay.judges.prices import PriceTable

        return self.prices or PriceTable.load()


Build = Callable[[Making], Judge]
"""Builds a judge for one rubric. It imports the judge when it is called: those that ask a model take longer."""


def build_judge(
    rubric: Rubric,
    tier: JudgeName,
    open_model: OpenModel,
    *,
    prices: PriceTable | None = None,
    window_of: WindowOf | None = None,
) -> Judge:
    """The judge of one tier of a rubric.

    Args:
        rubric: what is judged. A rubric of method `checks` has a judge of its own, whatever its tier.
        tier: the judge's name.
        open_model: gives the models that the judge asks. Not called where it asks none.
        prices: what model calls cost. None: the table shipped with the package.
        window_of: the context window of a model, which bounds the size of one call.

    Raises:
        ConfigurationError: the rubric does not say what the judge needs, or a model cannot be opened.
    """
    return JUDGES["checks" if rubric.method == "checks" else tier](
        Making(rubric, open_model, prices, window_of or (lambda _: None))
    )


def _checks(making: Making) -> Judge:
    from assay.judges.checks import ChecksJudge

    return ChecksJudge(making.rubric)


def _local(making: Making) -> Judge:
    from assay.judges.local import LocalJudge

    del making
    return LocalJudge()


def _decision(making: Making) -> Judge:
    from assay.judges.llm.statements.forms import DecisionForm

    options = making.rubric.judge.decision
    if options is None:
        raise ConfigurationError(
            f"rubric {making.rubric.name}: judge.decision: missing; add `decision: {{model: ...}}`"
        )
    return _stating(making, options, DecisionForm())


def _llm(making: Making) -> Judge:
    options = making.rubric.judge.llm
    if options is None:
        raise ConfigurationError(f"rubric {making.rubric.name}: judge.llm: missing; add `llm: {{model: ...}}`")
    if options.ask == "table":
        return _asking(making, options)
    from assay.judges.llm.statements.forms import SentenceForm

    if making.rubric.method != "grounding":
        raise ConfigurationError(f"rubric {making.rubric.name}: judge.llm.ask: sentences is for method grounding alone")
    return _stating(making, options, SentenceForm())


def _panel(making: Making) -> Judge:
    from assay.judges.panel import PanelJudge

    options = making.rubric.judge.panel
    if options is None:
        raise ConfigurationError(f"rubric {making.rubric.name}: judge.panel: missing; add `panel: {{models: [...]}}`")
    members = {member.model: _asking(making, member) for member in options.members}
    return PanelJudge(members, decide=options.decide)


def _asking(making: Making, named: ModelAt) -> Judge:
    """The judge that asks one model in the rubric's method."""
    from assay.judges.llm.graded.judge import GradedJudge
    from assay.judges.llm.grounding.judge import LlmJudge
    from assay.judges.llm.grounding.window import graded_limits_for, grounding_limits_for

    model, prices, window = making.open_model(named), making.price_table(), making.window_of(named)
    max_tokens = (making.rubric.judge.llm or LlmOptions(model=named.model)).max_tokens
    if making.rubric.method == "graded":
        return GradedJudge(model, prices, limits=None if window is None else graded_limits_for(window, max_tokens))
    return LlmJudge(model, prices, limits=None if window is None else grounding_limits_for(window, max_tokens))


def _stating(making: Making, named: ModelAt, form: StatementForm) -> Judge:
    """The judge that asks a model how likely each statement is. Its answers are short, whatever is asked."""
    from assay.judges.llm.grounding.window import statement_limits_for
    from assay.judges.llm.statements.judge import StatementJudge

    window = making.window_of(named)
    limits = None if window is None else statement_limits_for(window)
    return StatementJudge(making.open_model(named), making.price_table(), form, limits=limits)


JUDGES: Mapping[JudgeName | Literal["checks"], Build] = {
    "checks": _checks,
    "local": _local,
    "decision": _decision,
    "llm": _llm,
    "panel": _panel,
}
"""Every judge by its name."""
