"""Child processes, free ports, and polling."""
