"""A release whose answers were recorded beforehand."""

from __future__ import annotations

from pathlib import Path

from assay.worker.golden.sets.files import digest_of_file, read_records
from assay.worker.golden.sets.manifest import GoldenItem, Release
from assay.worker.golden.targets.port import TargetFailure, TargetResponse


class RecordedTarget:
    """Answers from a recorded release: a JSONL file of `{"id", "response", "contexts"?}`."""

    def __init__(self, path: Path) -> None:
        """Read the file.

        Raises:
            GoldenSetError: it cannot be read or parsed.
        """
        self._path = path
        self._digest = digest_of_file(path)
        self._answers: dict[str, Release] = {answer.id: answer for answer in read_records(path, Release)}

    @property
    def name(self) -> str:
        """The file's name without its ending."""
        return self._path.stem

    @property
    def identity(self) -> str:
        """The name and the file's digest."""
        return f"{self.name} ({self._digest[:12]})"

    async def respond(self, item: GoldenItem) -> TargetResponse:
        """The recorded answer."""
        answer = self._answers.get(item.id)
        if answer is None:
            raise TargetFailure(item.id, "missing", f"no recorded answer in {self._path}")
        return TargetResponse(**answer.model_dump(exclude={"id"}))

    async def close(self) -> None:
        """Nothing is held."""
