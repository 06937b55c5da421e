"""Assay: an asynchronous LLM-as-a-judge worker fleet. `assay.judges` scores, `assay.worker` is the fleet around it."""
