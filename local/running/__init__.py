"""What `make up` runs."""
