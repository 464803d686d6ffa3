"""Migrations over HTTP: the API, uploads with their drivers, and the page."""
