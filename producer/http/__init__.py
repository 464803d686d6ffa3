"""The web process: an HTTP API over the journal. Run it with `python -m producer.http`."""
