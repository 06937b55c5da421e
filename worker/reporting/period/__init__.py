"""A period of the record as people read it: rates, trend, worst answers, what it took."""
