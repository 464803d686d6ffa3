"""Child processes, ports, and waiting for them."""
