"""What the tick of signals does: rates, costs and SLOs of the record, computed and kept."""

from __future__ import annotations

from functools import lru_cache, partial
from typing import TYPE_CHECKING

from assay.judges.errors import ConfigurationError
from assay.worker.config.deployment import Deployment
from assay.worker.ports.history import History
from assay.worker.records.reports import Report
from assay.worker.wiring.runtime import Runtime

if TYPE_CHECKING:
    from assay.worker.signals.keeping import SignalsKeeper
    from assay.worker.signals.quality import Scope
    from assay.worker.signals.slos.snapshot import SloWatch


async def keep_signals(runtime: Runtime) -> Report:
    """Compute what is due. Nothing where the record cannot be opened: who writes it tells of that.

    Raises:
        StateUnavailable
    """
    try:
        keeper = signals_keeper(runtime)
    except ConfigurationError:
        return Report()
    return await keeper.tick()


def signals_keeper(runtime: Runtime) -> SignalsKeeper:
    """Keeps the signals of a deployment.

    Raises:
        ConfigurationError: the record's address cannot be one.
    """
    from assay.worker.signals.cost.ticking import CostScope
    from assay.worker.signals.keeping import SignalsKeeper
    from assay.worker.signals.quality_parts import cost_part, day_part, long_part, slo_part

    state, deployment, reader = runtime.state, runtime.deployment, runtime.history.reader
    scope = scope_of(deployment)
    return SignalsKeeper(
        parts=(
            day_part(reader, state.ledger_reader, state.key_values, scope),
            slo_part(partial(_watch_of(runtime.history).snapshot, deployment)),
            cost_part(reader, state.windows, CostScope.of(deployment)),
            long_part(reader, scope),
        ),
        key_values=state.key_values,
        locks=state.locks,
        clock=runtime.clock,
    )


@lru_cache(maxsize=1)
def _watch_of(record: History) -> SloWatch:
    """The watch over objectives of this process, which has one record."""
    from assay.worker.signals.slos.snapshot import SloWatch

    return SloWatch(record.reader)


def scope_of(deployment: Deployment) -> Scope:
    """What signals are told of."""
    from assay.worker.config.objectives import objectives_of
    from assay.worker.signals.quality import Scope
    from assay.worker.signals.quality_rates import FlagPolicy

    policies = {}
    for case in deployment.use_cases:
        aim = objectives_of(deployment, case.name).get("quality")
        allows = deployment.alerts.allow_uncalibrated or (aim is not None and aim.allow_uncalibrated)
        limit, allowed = (USUAL_CUT, None) if aim is None else (aim.limit, aim.allowed)
        policies[case.name] = FlagPolicy(USUAL_CUT if limit is None else limit, allowed, allow_uncalibrated=allows)
    return Scope(policies, {case.name: deployment.rubrics_of(case) for case in deployment.use_cases})


USUAL_CUT = 0.15
"""From this risk on an answer is flagged in a use case that has no objective of quality."""
