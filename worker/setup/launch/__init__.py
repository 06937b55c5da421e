"""What should be so before a deployment is relied on, and what should be kept up afterwards."""
