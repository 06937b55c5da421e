"""What a use case keeps to itself: private values are replaced before any judge sees a text."""
