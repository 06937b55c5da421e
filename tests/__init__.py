"""All tests. Processes of a test run share the cores, as those of a fleet do: each multiplies with one thread."""

from assay.worker.config.math_threads import bound_math_threads

bound_math_threads()
