"""A folder for PYTHONPATH: its `sitecustomize` shifts the clock of chosen processes."""
