"""A golden set as a Langfuse dataset, both ways: pushed as it is frozen, and read as it stood at a moment.

An item keeps its id of the golden set in its metadata: ids of dataset items are one space for the whole project.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any

from assay.judges.errors import ConfigurationError
from assay.judges.schema import Record
from assay.worker.extraction import documents
from assay.worker.extraction.messages import messages_of
from assay.worker.extraction.texts import text_of
from assay.worker.golden.sets.golden_set import GoldenSet
from assay.worker.golden.sets.manifest import GoldenItem
from assay.worker.ports.waiting import patiently
from assay.worker.stores.langfuse import sdk
from assay.worker.stores.langfuse.client import LangfuseClient, NotThere

OURS = "assay_item"
LONGEST_ID = 255


class PushReport(Record):
    """What a push did; `missing` are items of the set that the dataset does not show as they were sent."""

    dataset: str
    dataset_id: str
    items: int
    sent: int
    archived: int
    missing: tuple[str, ...] = ()


async def push(client: LangfuseClient, golden: GoldenSet) -> PushReport:
    """Make the dataset of a golden set equal to it, and read it back.

    Items that are there as they should be are not sent again, so that the dataset's versions tell real changes. Items
    of ours that the set no longer has are archived; what people added by hand stays.

    Raises:
        StoreUnavailable, StoreRejected
    """
    from langfuse.api import DatasetStatus

    metadata = {"assay_set_digest": golden.digest, "licence": golden.manifest.labels.licence}
    description = golden.manifest.description or f"Golden set {golden.name}"
    create = partial(sdk.call, client, "datasets", "create", name=golden.name)
    dataset = await patiently(partial(create, description=description, metadata=metadata))
    wanted = {item_id(golden.name, item.id): item for item in golden.items}
    there = await _items(client, golden.name, None)
    changed = {i: item for i, item in wanted.items() if i not in there or not _is_same(there[i], item)}
    gone = [
        i for i, row in there.items() if i not in wanted and isinstance(row.metadata, dict) and OURS in row.metadata
    ]
    fields: dict[str, dict[str, Any]] = {i: {"status": DatasetStatus("ARCHIVED")} for i in gone}
    fields |= {i: {"status": DatasetStatus("ACTIVE"), **_body(item)} for i, item in changed.items()}
    for i, values in fields.items():
        send = partial(sdk.call, client, "dataset_items", "create", dataset_name=golden.name, id=i, **values)
        await patiently(send)
    shown = await _items(client, golden.name, None)
    missing = tuple(item.id for i, item in wanted.items() if i not in shown or not _is_same(shown[i], item))
    return PushReport(
        dataset=golden.name,
        dataset_id=dataset.id,
        items=len(wanted),
        sent=len(changed),
        archived=len(gone),
        missing=missing,
    )


async def pull(client: LangfuseClient, dataset: str, version: datetime | None) -> tuple[GoldenItem, ...]:
    """The items of a dataset, as they stand or as they stood at a moment, in the order of their ids.

    Raises:
        ConfigurationError: there is no such dataset, it is empty, or an item has no question.
        StoreUnavailable, StoreRejected
    """
    try:
        found = await _items(client, dataset, version)
    except NotThere as exc:
        raise ConfigurationError(f"Langfuse: dataset {dataset!r}: there is none; see Datasets in the project") from exc
    if not found:
        when = f" at {version.isoformat()}" if version else ""
        raise ConfigurationError(f"Langfuse: dataset {dataset!r}: holds no active item{when}; name another time")
    return tuple(golden_item(row) for _, row in sorted(found.items()))


def item_id(dataset: str, item: str) -> str:
    """The id of an item in the project: readable, or a digest where it would be too long."""
    plain = f"{dataset}:{item}"
    if len(plain) <= LONGEST_ID:
        return plain
    return f"{dataset}:{hashlib.sha256(item.encode()).hexdigest()}"


def golden_item(row: Any) -> GoldenItem:
    """The golden item that a dataset item stands for: one of ours, or somebody's in any of the common shapes.

    Raises:
        ConfigurationError: it has no question.
    """
    metadata: Mapping[str, Any] = row.metadata if isinstance(row.metadata, dict) else {}
    if OURS in metadata and isinstance(row.input, dict):
        expected = row.expected_output if isinstance(row.expected_output, dict) else {}
        rest = {key: value for key, value in metadata.items() if key in {"contexts", "tags", "source_id"}}
        return GoldenItem.model_validate({"id": metadata[OURS], **row.input, **expected, **rest})
    question = text_of(row.input, role="user")
    if question is None:
        raise ConfigurationError(
            f"Langfuse: dataset {row.dataset_name!r}: item {row.id!r}: input holds no question; give it as a text, "
            'as {"question": ...} or as messages'
        )
    tags = metadata.get("tags")
    return GoldenItem.model_validate(
        {
            "id": row.id,
            "question": question,
            "history": _history(row.input, question),
            "contexts": _contexts(row.input, metadata),
            "reference": text_of(row.expected_output, role="assistant"),
            "tags": [tag for tag in tags if isinstance(tag, str)] if isinstance(tags, list) else [],
            "source_id": row.source_trace_id,
        }
    )


def _body(item: GoldenItem) -> dict[str, Any]:
    """The fields of a dataset item; all of them, always: what is left out would keep its old value."""
    whole = item.model_dump(mode="json")
    return {
        "input": {key: whole[key] for key in ("question", "history")},
        "expected_output": {key: whole[key] for key in ("expect", "reference", "must_include", "must_not_include")},
        "metadata": {OURS: item.id, **{key: whole[key] for key in ("contexts", "tags", "source_id")}},
    }


def _is_same(row: Any, item: GoldenItem) -> bool:
    return {"input": row.input, "expected_output": row.expected_output, "metadata": row.metadata} == _body(item)


async def _items(client: LangfuseClient, dataset: str, version: datetime | None) -> dict[str, Any]:
    when = {} if version is None else {"version": version}
    listing = sdk.pages(client, "dataset_items", "list", dataset_name=dataset, is_patient=True, **when)
    return {row.id: row async for page in listing for row in page if row.status.value == "ACTIVE"}


def _history(value: Any, question: str) -> list[dict[str, str]]:
    messages = [one for one in messages_of(value) or [] if one.role in {"user", "assistant"} and one.text.strip()]
    if messages and messages[-1].role == "user" and messages[-1].text == question:
        messages = messages[:-1]
    return [{"role": one.role, "content": one.text} for one in messages]


def _contexts(value: Any, metadata: Mapping[str, Any]) -> Sequence[str]:
    sources = [source for source in (value, metadata) if isinstance(source, dict)]
    places = [source.get(key) for source in sources for key in ("contexts", "context", "documents")]
    found = [text for place in places for text, _ in documents.passages(place, keep_objects=False)]
    return list(dict.fromkeys(found))
