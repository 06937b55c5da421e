"""What the fleet tells about itself: logs and metrics."""
