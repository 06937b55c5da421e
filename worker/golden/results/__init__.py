"""What runs and gates conclude, as records."""
