"""The Celery app for Flower: `celery -A worker.flower flower`.

Flower needs only the broker. With the worker's own app it would need the Stripe key, too.
"""

from __future__ import annotations

import os
import sys

from producer.settings import SettingsError, admitted, redis_config
from worker.flower.broker import make_app
from worker.flower.guard import guard

guard()
try:
    _redis = redis_config(os.environ)
    admitted(_redis)
    app = make_app(_redis)
except SettingsError as error:
    sys.exit(f"flower: {error}")
