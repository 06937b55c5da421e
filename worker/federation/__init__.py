"""Several stores as one: each trace id tells whose it is, and a store that fails holds no other."""
