"""The record in SQL: SQLite on one machine, PostgreSQL for a fleet. Nobody else knows SQL of it."""
