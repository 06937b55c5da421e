"""Several trace stores in one deployment: ids that name their store, and one store over all of them."""
