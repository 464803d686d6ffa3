"""What migrations cost: planning a file, and running it."""
