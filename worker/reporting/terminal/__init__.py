"""What `worker/reporting` reads, as it looks in a terminal."""
