"""Flower: its Celery app, its settings, and what it may show and do."""
