"""Limits of calls to judge models: rates, concurrency, budgets and breakers, as policy over the account's port."""
