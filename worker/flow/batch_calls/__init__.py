"""Judge calls that wait for a provider's batch: gathered, sent, looked after and collected."""
