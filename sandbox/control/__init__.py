"""What tests can set on a running sandbox."""
