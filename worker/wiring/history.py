"""The record as a deployment has it: the server that `ASSAY_DATABASE_URL` names, else a file in the data directory."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING

from assay.judges.errors import ConfigurationError
from assay.worker.config.root import ConfigRoot
from assay.worker.config.settings import Settings
from assay.worker.ports.history import History

if TYPE_CHECKING:
    from assay.worker.flow.history_writing import HistoryKeeper, HistoryReport
    from assay.worker.wiring.runtime import Runtime
    from assay.worker.wiring.stores import OpenStores


def open_record(settings: Settings, root: ConfigRoot) -> History:
    """The record of these settings. It needs no Redis, and nothing is opened before it is first asked.

    Raises:
        ConfigurationError: the address cannot be one, or its driver is not installed.
    """
    from assay.worker.history.opening import FILE, open_history

    return open_history(settings.database_url, root.data_dir(settings) / FILE)


async def keep_history(runtime: Runtime) -> HistoryReport:
    """Write what has ended into the record.

    Raises:
        StateUnavailable
    """
    from assay.worker.flow.history_trouble import HistoryTroubles
    from assay.worker.flow.history_writing import HistoryReport

    try:
        keeper = history_keeper(runtime)
    except ConfigurationError as exc:
        await HistoryTroubles(runtime.state.key_values).tell(exc, runtime.clock.now())
        return HistoryReport()
    return await keeper.tick()


def history_keeper(runtime: Runtime) -> HistoryKeeper:
    """Writes the record.

    Raises:
        ConfigurationError: as `open_record`.
    """
    from assay.worker.flow.history_owner import HistoryOwner
    from assay.worker.flow.history_writing import HistoryKeeper

    stores = runtime.stores
    return HistoryKeeper(
        ended=runtime.state.ended,
        writer=runtime.history.writer,
        reader=runtime.history.reader,
        project=runtime.store,
        store=stores.parts[0].origin,
        origin_of=_origin_of(stores) if len(stores.parts) > 1 else None,
        locks=runtime.state.locks,
        key_values=runtime.state.key_values,
        clock=runtime.clock,
        keep_for=timedelta(days=runtime.settings.history_days),
        # A folder's file is its fleet's own: `assay up` locks the folder.
        owner=HistoryOwner(runtime.history.documents, runtime.state.key_values)
        if runtime.settings.database_url
        else None,
    )


def _origin_of(stores: OpenStores) -> Callable[[str], str]:
    """What the record calls the store that a trace is in."""
    return lambda trace_id: stores.part_of(trace_id).origin
