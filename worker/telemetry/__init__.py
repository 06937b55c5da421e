"""What the fleet tells about itself: what each task did, logs and metrics."""
