"""A golden set as a dataset of the trace store, both ways: as it is frozen, and as people made one there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from assay.judges.errors import ConfigurationError
from assay.worker.extraction import documents
from assay.worker.extraction.messages import messages_of
from assay.worker.extraction.texts import text_of
from assay.worker.golden.sets.golden_set import GoldenSet
from assay.worker.golden.sets.manifest import GoldenItem
from assay.worker.ports.datasets import Dataset, DatasetItem


def dataset_of(golden: GoldenSet) -> Dataset:
    """What the store is to hold of a frozen set."""
    return Dataset(
        name=golden.name,
        description=golden.manifest.description or f"Golden set {golden.name}",
        metadata={"assay_set_digest": golden.digest, "licence": golden.manifest.labels.licence},
        items=tuple(_dataset_item(item) for item in golden.items),
    )


def golden_item(item: DatasetItem, *, dataset: str) -> GoldenItem:
    """The golden item that a dataset item stands for: one of ours, or somebody's in any of the common shapes.

    Args:
        item: as the store gave it.
        dataset: what the dataset is called in an error, as `STORE: dataset 'legal'`.

    Raises:
        ConfigurationError: it has no question.
    """
    if item.is_ours and isinstance(item.input, dict):
        expected = item.expected if isinstance(item.expected, dict) else {}
        notes = {key: value for key, value in item.metadata.items() if key in {"contexts", "tags", "source_id"}}
        return GoldenItem.model_validate({"id": item.id, **item.input, **expected, **notes})
    question = text_of(item.input, role="user")
    if question is None:
        raise ConfigurationError(
            f"{dataset}: item {item.id!r}: input holds no question; give it as a text, "
            'as {"question": ...} or as messages'
        )
    tags = item.metadata.get("tags")
    return GoldenItem.model_validate(
        {
            "id": item.id,
            "question": question,
            "history": _history(item.input, question),
            "contexts": _contexts(item.input, item.metadata),
            "reference": text_of(item.expected, role="assistant"),
            "tags": [tag for tag in tags if isinstance(tag, str)] if isinstance(tags, list) else [],
            "source_id": item.source_trace_id,
        }
    )


def _dataset_item(item: GoldenItem) -> DatasetItem:
    """All fields, always: what a push leaves out would keep its old value in the store."""
    whole = item.model_dump(mode="json")
    return DatasetItem(
        id=item.id,
        input={key: whole[key] for key in ("question", "history")},
        expected={key: whole[key] for key in ("expect", "reference", "must_include", "must_not_include")},
        metadata={key: whole[key] for key in ("contexts", "tags", "source_id")},
        is_ours=True,
    )


def _history(value: Any, question: str) -> list[dict[str, str]]:
    turns = [turn for turn in messages_of(value) or [] if turn.role in {"user", "assistant"} and turn.text.strip()]
    if turns and turns[-1].role == "user" and turns[-1].text == question:
        turns = turns[:-1]
    return [{"role": turn.role, "content": turn.text} for turn in turns]


def _contexts(value: Any, metadata: Mapping[str, Any]) -> Sequence[str]:
    sources = [source for source in (value, metadata) if isinstance(source, dict)]
    places = [source.get(key) for source in sources for key in ("contexts", "context", "documents")]
    texts = [text for place in places for text, _ in documents.passages(place, keep_objects=False)]
    return list(dict.fromkeys(texts))
