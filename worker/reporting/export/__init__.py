"""The record as files for notebooks, spreadsheets and data lakes."""
