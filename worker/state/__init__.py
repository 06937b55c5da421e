"""The shared state of a fleet: the ledger, windows, kept verdicts. Redis for many processes, memory for one."""
