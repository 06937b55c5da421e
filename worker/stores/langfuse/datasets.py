"""Datasets of a Langfuse project: pushed item by item, and read as they stood at a moment.

An item keeps its own id in its metadata: ids of dataset items are one space for the whole project.
"""

from __future__ import annotations

import hashlib
import re
from datetime import datetime
from functools import partial
from typing import Any

from pydantic import JsonValue

from assay.judges.errors import ConfigurationError
from assay.worker.ports.datasets import Dataset, DatasetItem, PushReport
from assay.worker.stores.langfuse import sdk
from assay.worker.stores.langfuse.client import LangfuseClient, NotThere
from assay.worker.stores.langfuse.patient_calls import PatientCalls

OURS = "assay_item"
"""The key of the metadata under which an item of ours keeps its id."""
LONGEST_ID = 255

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
"""Control characters (C0 without tab and line ends, DEL, C1), e.g. the \x80\x99 of `Clerkâ\x80\x99s`."""


class LangfuseDatasets:
    """`assay.worker.ports.datasets.Datasets` of one project."""

    def __init__(self, client: LangfuseClient) -> None:
        self._client = client
        self._patiently = PatientCalls()

    async def push(self, dataset: Dataset) -> PushReport:
        """Make the dataset equal to this one, and read it back."""
        from langfuse.api import DatasetStatus

        create = partial(sdk.call, self._client, "datasets", "create", name=dataset.name)
        row = await self._patiently(partial(create, description=dataset.description, metadata=dataset.metadata))
        wanted = {item_id(dataset.name, item.id): item for item in dataset.items}
        there = await self._items(dataset.name, None)
        # What is there as it should be is not sent again, so that the dataset's versions tell real changes.
        changed = {i: item for i, item in wanted.items() if i not in there or not _is_same(there[i], item)}
        gone = [i for i, row in there.items() if i not in wanted and _is_ours(row)]
        fields: dict[str, dict[str, Any]] = {i: {"status": DatasetStatus("ARCHIVED")} for i in gone}
        fields |= {i: {"status": DatasetStatus("ACTIVE"), **_body(item)} for i, item in changed.items()}
        send = partial(sdk.call, self._client, "dataset_items", "create", dataset_name=dataset.name)
        for i, values in fields.items():
            await self._patiently(partial(send, id=i, **values))
        shown = await self._items(dataset.name, None)
        return PushReport(
            dataset=dataset.name,
            dataset_id=row.id,
            items=len(wanted),
            sent=len(changed),
            archived=len(gone),
            missing=tuple(item.id for i, item in wanted.items() if i not in shown),
            differing=tuple(item.id for i, item in wanted.items() if i in shown and not _is_same(shown[i], item)),
        )

    async def pull(self, name: str, version: datetime | None) -> tuple[DatasetItem, ...]:
        """The items as they stand or stood, in the order of their ids in the project."""
        try:
            rows = await self._items(name, version)
        except NotThere as exc:
            raise ConfigurationError(f"Langfuse: dataset {name!r}: there is none; see Datasets in the project") from exc
        if not rows:
            when = f" at {version.isoformat()}" if version else ""
            raise ConfigurationError(f"Langfuse: dataset {name!r}: holds no active item{when}; name another time")
        return tuple(_item_of(row) for _, row in sorted(rows.items()))

    async def _items(self, dataset: str, version: datetime | None) -> dict[str, Any]:
        when = {} if version is None else {"version": version}
        listing = sdk.pages(
            self._client, "dataset_items", "list", dataset_name=dataset, patiently=self._patiently, **when
        )
        return {row.id: row async for page in listing for row in page if row.status.value == "ACTIVE"}


def item_id(dataset: str, item: str) -> str:
    """The id of an item in the project: readable, or a digest where it would be too long."""
    plain = f"{dataset}:{item}"
    if len(plain) <= LONGEST_ID:
        return plain
    return f"{dataset}:{hashlib.sha256(item.encode()).hexdigest()}"


def _item_of(row: Any) -> DatasetItem:
    metadata = row.metadata if isinstance(row.metadata, dict) else {}
    return DatasetItem(
        id=metadata[OURS] if _is_ours(row) else row.id,
        input=row.input,
        expected=row.expected_output,
        metadata={key: value for key, value in metadata.items() if key != OURS},
        source_trace_id=row.source_trace_id,
        is_ours=_is_ours(row),
    )


def _body(item: DatasetItem) -> dict[str, Any]:
    """The fields of a dataset item; all of them, always: what is left out would keep its old value."""
    return {"input": item.input, "expected_output": item.expected, "metadata": {OURS: item.id, **item.metadata}}


def _is_same(row: Any, item: DatasetItem) -> bool:
    """Whether the server shows an item as it was sent, but for what the server takes out of every text."""
    shown = {"input": row.input, "expected_output": row.expected_output, "metadata": row.metadata}
    return as_kept(shown) == as_kept(_body(item))


def as_kept(value: JsonValue) -> JsonValue:
    """A value without the control characters that the server takes out of dataset items, in keys as well."""
    if isinstance(value, str):
        return _CONTROL.sub("", value)
    if isinstance(value, dict):
        return {_CONTROL.sub("", key): as_kept(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [as_kept(inner) for inner in value]
    return value


def _is_ours(row: Any) -> bool:
    return isinstance(row.metadata, dict) and OURS in row.metadata
