"""What commands cost a worker: CPU, pace, latency, HTTP clients, observability."""
