"""Which items of a set belong together: turns of one conversation and questions on one document move together."""

from __future__ import annotations

from collections.abc import Iterable

from assay.worker.golden.sets.manifest import GoldenItem

_TAG = "tag:"
_LONGEST_NAME = 60


def tag_prefix(cluster_by: str) -> str | None:
    """The prefix of the tags that name a cluster (`doc-` of `tag:doc-`); None where something else names it."""
    return cluster_by.removeprefix(_TAG) if cluster_by.startswith(_TAG) else None


def shown_name(cluster: str) -> str:
    """What people call a cluster, short and without signs that a terminal would obey: `faq-3` of `source_id faq-3`."""
    name = cluster.partition(" ")[2]
    return "".join(sign if sign.isprintable() else "\N{REPLACEMENT CHARACTER}" for sign in name[:_LONGEST_NAME])


def clusters_of(items: Iterable[GoldenItem], cluster_by: str) -> dict[str, str]:
    """The cluster of each item, by its id. An item that names none is a cluster of its own.

    Args:
        items: of one set.
        cluster_by: `gate.cluster_by` of its manifest.
    """
    prefix = tag_prefix(cluster_by)
    clusters = {}
    for item in items:
        name = None
        if prefix is not None:
            name = next((tag for tag in item.tags if tag.startswith(prefix)), None)
        elif cluster_by == "source_id":
            name = item.source_id
        # Marked, so that a source called like an item's id is not taken for that item.
        clusters[item.id] = f"item {item.id}" if name is None else f"{cluster_by.partition(':')[0]} {name}"
    return clusters
