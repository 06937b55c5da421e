"""Providers and servers of models as they answer, each with what it takes and where that is documented or reported."""
