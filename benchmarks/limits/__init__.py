"""How well the lanes share a worker and the rate limit."""
