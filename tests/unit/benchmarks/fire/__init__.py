"""Tests of scripts in `benchmarks/` whose output is kept in the repository."""
