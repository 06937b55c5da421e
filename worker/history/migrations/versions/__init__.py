"""The changes, each named after the format that it leads to."""
