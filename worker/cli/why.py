"""`assay why`: every decision about one trace."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assay.judges.errors import ConfigurationError
from assay.worker.cli.context import (
    ConfigOption,
    JsonOption,
    TraceArgument,
    console,
    print_json,
    settings_and_root,
    with_runtime,
)
from assay.worker.cli.streams import print_error
from assay.worker.config.deployment import Deployment
from assay.worker.config.redaction import redaction_for
from assay.worker.ports.store_errors import StoreUnavailable
from assay.worker.reporting.terminal.why import story_lines, unknown_words
from assay.worker.reporting.why import TraceStory, tell, with_record
from assay.worker.setup.meant_traces import several_have_it, traces_meant

if TYPE_CHECKING:
    from assay.worker.wiring.runtime import Runtime


def why(trace: TraceArgument, config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Tell every decision that was made about one trace.

    What the trace says itself is shown as the store has it, whatever `redact` says.
    """

    async def read(runtime: Runtime) -> TraceStory:
        return await story_of(trace, runtime)

    story = with_runtime(config, read)
    if story.trace is not None:
        _warn(settings_and_root(config)[1].deployment(), story)
    if as_json:
        print_json(story)
    else:
        for line in story_lines(story):
            # An address or a command is copied whole. All else is wrapped at words.
            console.print(line, highlight=False, soft_wrap="://" in line or "assay backfill" in line)
    if not story.is_known:
        raise ConfigurationError(unknown_words(story))


async def story_of(trace: str, runtime: Runtime) -> TraceStory:
    """The story of the trace that is meant, in whichever store it is.

    Raises:
        ConfigurationError: several stores have a trace of that id.
        StoreUnavailable: no store that answers has it, and one does not answer.
    """
    known: list[TraceStory] = []
    unknown: list[TraceStory] = []
    failed: StoreUnavailable | None = None
    for trace_id in traces_meant(runtime.stores, trace):
        try:
            story = await _story_in(trace_id, runtime)
        except StoreUnavailable as exc:
            failed = exc
            continue
        (known if story.is_known else unknown).append(story)
    if len(known) > 1:
        raise ConfigurationError(several_have_it(runtime.stores, trace, [story.trace_id for story in known]))
    if not known and failed is not None:
        raise failed
    if failed is not None:
        print_error(f"assay: a store was left out, which may have a trace of that id, too: {failed}")
    return (known or unknown)[0]


async def _story_in(trace_id: str, runtime: Runtime) -> TraceStory:
    """The story of one trace of one store."""
    state, part = runtime.state, runtime.stores.part_of(trace_id)
    story = await tell(
        trace_id,
        runtime.deployment.of_store(part.place.name),
        store=part.store,
        ledger=state.ledger_reader,
        windows=state.windows.of(part.mark),
        verdicts=state.verdicts,
        now=runtime.clock.now(),
    )
    try:
        reader = runtime.history.reader
    except ConfigurationError as exc:
        return story.model_copy(update={"record_unread": str(exc)})
    return await with_record(story, reader)


def _warn(deployment: Deployment, story: TraceStory) -> None:
    """That what people paste into a ticket may hold private values, where `redact` keeps them from judges."""
    case = deployment.use_case(story.use_case) if story.use_case else None
    if not redaction_for(deployment, case).is_empty:
        print_error("assay: the trace's own words are shown as the store has them, without `redact`")
