"""What a command costs, beside what others charge: `make bench`, docs/performance.md."""
