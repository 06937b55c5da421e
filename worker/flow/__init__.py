"""The use cases of a trace: sweep, selection, assess, record, verify, reconcile. They know no vendor."""
