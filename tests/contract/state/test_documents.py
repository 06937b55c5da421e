"""One suite for every implementation of the published documents."""

from __future__ import annotations

from assay.worker.ports.state import FleetState
from tests.contract.state.making import Run


def test_document_comes_back_as_it_was_and_an_unknown_one_is_none(run: Run) -> None:
    async def check(state: FleetState) -> None:
        await state.documents.put("d", "ä: 1")
        assert (await state.documents.get("d"), await state.documents.get("e")) == ("ä: 1", None)

    run(check)
