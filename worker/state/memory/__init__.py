"""The shared state in the memory of one process: for tests, notebooks and commands without Redis."""
