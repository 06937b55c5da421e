"""Signals: rows of the record in, numbers about traffic out, each with its n and its bounds."""
