"""Migrations over HTTP: the API, uploads, and the child processes that work on them."""
