"""Copies of a deployment's files, taken while the fleet runs, and their way back. Redis and PostgreSQL copy themselves.

What is copied is what lies in the data directory, and the embedded store's file wherever it lies.
"""
