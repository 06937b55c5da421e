"""The embedded trace store: one SQLite file that takes traces in and carries the scores written on them."""
