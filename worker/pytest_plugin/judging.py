"""The judges of one pytest process: built once for each rubric, on one loop of their own.

A model's connections belong to the loop they were opened in. So all calls are made in one, whether the test is
asynchronous or not.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, TypeVar

from assay.judges.errors import ConfigurationError
from assay.judges.evaluate import Evaluator
from assay.judges.rubric import JudgeName, Rubric
from assay.judges.schema import Outcome, Sample
from assay.worker.batch.run import choose_rubric
from assay.worker.config.deployment import CONFIG_FILE
from assay.worker.config.root import ConfigRoot, find_root
from assay.worker.config.settings import Settings, load_settings
from assay.worker.golden.sets.golden_set import GoldenSet
from assay.worker.wiring.golden_calls import load_set
from assay.worker.wiring.judges import build_evaluator

T = TypeVar("T")

CLOSE_WITHIN_S = 10.0


class Judges:
    """Evaluators by rubric, and the golden sets that items come from."""

    def __init__(self, config: Path | None = None) -> None:
        """Read settings and root.

        Raises:
            ConfigurationError
        """
        if config is not None and not (config / CONFIG_FILE).is_file():
            raise ConfigurationError(f"{config}: --assay-config: holds no {CONFIG_FILE}; name the directory that does")
        self.settings: Settings = load_settings()
        self.root: ConfigRoot = find_root(config, self.settings)
        self._evaluators: dict[tuple[str, str | None], Evaluator] = {}
        self._sets: dict[str, GoldenSet] = {}
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="assay-judges", daemon=True)
        self._thread.start()

    def golden_set(self, name: str) -> GoldenSet:
        """A set, held against its lock.

        Raises:
            ConfigurationError
        """
        if name not in self._sets:
            self._sets[name] = load_set(self.root, self.settings, name)
        return self._sets[name]

    def evaluator(self, rubric: str | Rubric | None, judge: JudgeName | None) -> Evaluator:
        """The evaluator of a rubric.

        Raises:
            ConfigurationError
        """
        if not isinstance(rubric, Rubric):
            rubric = choose_rubric(self.root, self.settings.rubric_variables(), rubric=rubric, judge=judge)
        key = (rubric.content_hash(), judge)
        if key not in self._evaluators:
            self._evaluators[key] = build_evaluator(rubric, self.root, self.settings, tier=judge)
        return self._evaluators[key]

    def judged(self, sample: Sample, evaluator: Evaluator) -> Outcome:
        """What became of a sample; the test waits for it."""
        return self.waited_for(evaluator.evaluate(sample))

    def waited_for(self, work: Coroutine[Any, Any, T]) -> T:
        """The result of a coroutine on the judges' loop. Ctrl-C cancels it."""
        future = asyncio.run_coroutine_threadsafe(work, self._loop)
        try:
            return future.result()
        except BaseException:
            future.cancel()
            raise

    def close(self) -> None:
        """Close connections, and end the loop."""
        asyncio.run_coroutine_threadsafe(self._close(), self._loop).result(CLOSE_WITHIN_S)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(CLOSE_WITHIN_S)
        self._loop.close()

    async def _close(self) -> None:
        """Let what was cancelled end, then close."""
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        for evaluator in self._evaluators.values():
            await evaluator.judge.close()
