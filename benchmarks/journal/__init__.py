"""What commands cost Redis: acceptance, capacity, memory, growth, replicas."""
