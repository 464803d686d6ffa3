"""The web process: an HTTP shim over the journal. `python -m producer.http` runs it."""
