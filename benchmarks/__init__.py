"""What a command costs, compared with other queues: `make bench`, docs/performance.md."""
