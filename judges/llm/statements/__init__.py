"""Judges by one statement at a time: what a model says is the probability that the evidence supports it."""
