"""`assay drift`."""
