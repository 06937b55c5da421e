"""A first golden set, made of a table of questions or of flagged traces."""
