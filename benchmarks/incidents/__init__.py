"""Simulated weeks of a deployment, with and without incidents, seen through the signals and rules of the product."""
