"""Calls in a provider's batches: half the price, and an answer within a day."""
