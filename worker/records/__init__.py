"""Records of the worker, values only: traces, scores, the ledger, messages, windows."""
