"""How the record's tables came to be: one file for each change of their format. Alembic runs them in order."""
