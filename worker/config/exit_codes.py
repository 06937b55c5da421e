"""Exit codes that a process gives and its supervisor reads. Those of the commands are in `worker/cli`."""

from __future__ import annotations

EXIT_RENEW = 75
"""A worker asks to be started again: its memory had grown to ASSAY_MEMORY_LIMIT_MB (EX_TEMPFAIL). It ended in order."""
