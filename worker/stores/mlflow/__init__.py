"""MLflow: traces of one experiment, and scores as assessments on them."""
