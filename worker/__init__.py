"""What carries commands out at Stripe: the Celery worker."""
