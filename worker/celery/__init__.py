"""Where Celery and Kombu are configured and extended."""
