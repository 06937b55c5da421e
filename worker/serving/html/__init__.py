"""The pages: what templates are filled with, and the templates."""
