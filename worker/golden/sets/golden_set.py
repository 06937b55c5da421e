"""Loading a golden set: manifest, items and anchors, checked against each other."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

from pydantic import JsonValue

from assay.judges.rubric import Rubric
from assay.judges.schema import Record, Sample
from assay.worker.golden.sets.baseline import Baseline, baseline_digests, read_baseline
from assay.worker.golden.sets.clusters import clusters_of, tag_prefix
from assay.worker.golden.sets.files import GoldenSetError, digest_of, digest_of_file, read_mapping, read_records
from assay.worker.golden.sets.manifest import Anchor, GateSettings, GoldenItem, Manifest
from assay.worker.statistics.noninferiority import items_for_margin, smallest_margin

LOCK = "golden.lock"


class GoldenSet(Record):
    """A golden set in memory. `digests` says what it is made of, part by part; see `compute_digests`."""

    directory: Path
    manifest: Manifest
    rubric: Rubric
    items: tuple[GoldenItem, ...]
    anchors: tuple[Anchor, ...]
    baseline: Baseline | None = None
    digests: dict[str, str]

    @property
    def name(self) -> str:
        """The set's name, which is its directory's."""
        return self.manifest.name

    @property
    def digest(self) -> str:
        """One digest of everything that decides about an item; runs are comparable only where it is equal.

        The baseline's is left out: it is a run's input, not the set's.
        """
        parts = {part: digest for part, digest in self.digests.items() if part != "baseline"}
        return digest_of(parts)

    @property
    def clusters(self) -> dict[str, str]:
        """Which cluster each item belongs to, by the item's id."""
        return clusters_of(self.items, self.manifest.gate.cluster_by)

    @property
    def has_baseline(self) -> bool:
        """Whether there is something to compare with that nobody has to name."""
        return self.baseline is not None or self.manifest.baseline is not None

    def release_path(self, release: str) -> Path:
        """Where a recorded release lies."""
        return release_path(self.directory, release)

    def releases(self) -> tuple[str, ...]:
        """Names of the recorded releases, sorted."""
        return tuple(sorted(path.stem for path in (self.directory / "releases").glob("*.jsonl")))

    def anchor_sample(self, anchor: Anchor) -> Sample:
        """What the judge sees of an anchor."""
        if anchor.sample is not None:
            return anchor.sample
        item = next(item for item in self.items if item.id == anchor.item)
        return item_sample(item, response=anchor.response or "", contexts=item.contexts)


def item_sample(item: GoldenItem, *, response: str, contexts: tuple[str, ...]) -> Sample:
    """The sample made of an item and an answer to it."""
    return Sample(
        id=item.id,
        question=item.question,
        history=item.history,
        contexts=contexts,
        response=response,
        reference=item.reference,
    )


def read_golden_set(directory: Path, rubric_named: Callable[[str], Rubric]) -> GoldenSet:
    """Read a golden set without asking its lock; only freezing needs this, everything else `load_golden_set`.

    Args:
        directory: `golden_sets/<name>`.
        rubric_named: finds the rubric the manifest names.

    Raises:
        GoldenSetError: a file is missing, cannot be parsed, or contradicts another.
        RubricError: from `rubric_named`.
    """
    manifest = _read_manifest(directory)
    rubric = rubric_named(manifest.rubric)
    items = read_records(directory / "items.jsonl", GoldenItem)
    anchors_file = directory / "anchors.jsonl"
    anchors = read_records(anchors_file, Anchor) if anchors_file.exists() else ()
    _cross_check(directory, manifest, rubric, items, anchors)
    golden = GoldenSet(
        directory=directory,
        manifest=manifest,
        rubric=rubric,
        items=items,
        anchors=anchors,
        baseline=read_baseline(directory),
        digests={},
    )
    return golden.model_copy(update={"digests": compute_digests(golden)})


def compute_digests(golden: GoldenSet) -> dict[str, str]:
    """sha256 of each part that must not change silently: files by their bytes, settings by their values.

    Raises:
        GoldenSetError: a file of the baseline cannot be read.
    """
    directory, manifest = golden.directory, golden.manifest
    digests = {
        "items": digest_of_file(directory / "items.jsonl"),
        "pass_when": digest_of({name: limit.model_dump() for name, limit in manifest.pass_when.items()}),
        "gate": digest_of(gate_settings(golden)),
        "rubric": golden.rubric.judging_hash(),
    }
    if golden.anchors:
        digests["anchors"] = digest_of_file(directory / "anchors.jsonl")
    if golden.baseline is not None:
        digests["baseline"] = digest_of(baseline_digests(golden.baseline))
    elif manifest.baseline is not None:
        digests["baseline"] = digest_of_file(release_path(directory, manifest.baseline))
    return digests


def gate_settings(golden: GoldenSet) -> dict[str, JsonValue]:
    """Every setting that decides how two runs are compared.

    The default of `cluster_by` stands in it where items do share a source. Where each stands alone it changes nothing,
    and sets that were frozen before there was such a key are still as frozen.
    """
    gate = golden.manifest.gate
    settings = {**gate.model_dump(mode="json"), "repeats": golden.manifest.repeats}
    alone = len(set(golden.clusters.values())) == len(golden.items)
    if alone and gate.cluster_by == GateSettings().cluster_by:
        del settings["cluster_by"]
    return settings


def release_path(directory: Path, release: str) -> Path:
    """Where a recorded release of the set in `directory` lies."""
    return directory / "releases" / f"{release}.jsonl"


def _read_manifest(directory: Path) -> Manifest:
    path = directory / "manifest.yaml"
    manifest = read_mapping(path, Manifest)
    if manifest.name != directory.resolve().name:
        raise GoldenSetError(
            path, "name", f"is {manifest.name!r} but the directory is {directory.name!r}; use one name"
        )
    return manifest


def _cross_check(
    directory: Path, manifest: Manifest, rubric: Rubric, items: Iterable[GoldenItem], anchors: Iterable[Anchor]
) -> None:
    """What one file says of another must hold."""
    ids = {item.id for item in items}
    path = directory / "manifest.yaml"
    for name in manifest.pass_when:
        if name not in rubric.scores:
            known = ", ".join(rubric.scores)
            raise GoldenSetError(
                path, f"pass_when.{name}", f"rubric {rubric.name!r} gives no such score; it has {known}"
            )
    if manifest.gate.primary != "pass_rate" and manifest.gate.primary not in rubric.scores:
        known = ", ".join(rubric.scores)
        raise GoldenSetError(path, "gate.primary", f"rubric {rubric.name!r} gives no such score; it has {known}")
    _check_margin(path, manifest, len(ids))
    _check_clusters(path, manifest, items)
    for item_id in manifest.gate.must_pass:
        if item_id not in ids:
            raise GoldenSetError(
                path, "gate.must_pass", f"no item {item_id!r} in items.jsonl; add it or remove the name"
            )
    for anchor in anchors:
        if anchor.item is not None and anchor.item not in ids:
            remedy = f"no item {anchor.item!r} in items.jsonl; name an item or give the whole `sample`"
            raise GoldenSetError(directory / "anchors.jsonl", f"anchor {anchor.id!r}: item", remedy)


def _check_clusters(path: Path, manifest: Manifest, items: Iterable[GoldenItem]) -> None:
    """A prefix of tags must tell of some items which cluster they belong to, and never name two."""
    prefix = tag_prefix(manifest.gate.cluster_by)
    if prefix is None:
        return
    tagged = {item.id: [tag for tag in item.tags if tag.startswith(prefix)] for item in items}
    double = next((name for name, tags in tagged.items() if len(tags) > 1), None)
    if double is not None:
        remedy = f"item {double!r} has {', '.join(tagged[double])}; leave one tag that begins with {prefix!r}"
        raise GoldenSetError(path, "gate.cluster_by", remedy)
    if not any(tagged.values()):
        remedy = f"no item has a tag that begins with {prefix!r}; mend the prefix, or write source_id"
        raise GoldenSetError(path, "gate.cluster_by", remedy)


def _check_margin(path: Path, manifest: Manifest, n: int) -> None:
    """A margin that so few items can never show is refused before anything is asked."""
    margin, alpha = manifest.gate.margin, manifest.gate.alpha
    if margin is None or margin > smallest_margin(n, alpha=alpha):
        return
    best = f"with {n} items the drop may be {smallest_margin(n, alpha=alpha):.1%} even if not one item changes"
    remedy = (
        f"{margin:g} can never be shown: {best}; use {items_for_margin(margin, alpha=alpha)} items or a wider margin"
    )
    raise GoldenSetError(path, "gate.margin", remedy)
