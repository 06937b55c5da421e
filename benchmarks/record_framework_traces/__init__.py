"""Records the traces of frameworks: see `__main__.py`."""
