"""The report of a period as one self-contained page."""
