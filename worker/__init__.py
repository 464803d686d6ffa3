"""The Celery worker, which executes commands at Stripe."""
