"""The weekly message as one self-contained page."""
