"""What `assay cost` tells."""
