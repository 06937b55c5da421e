"""`assay golden` and `assay gate`."""
