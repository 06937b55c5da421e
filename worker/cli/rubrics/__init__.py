"""`assay rubrics`."""
