"""`python -m assay.worker.cli`."""

from assay.worker.cli import main

main()
