"""The Celery app for Flower: `celery -A worker.flower flower`.

Flower needs the broker alone. With the worker's own app it would need, and have, the Stripe key.
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
except SettingsError as wrong:
    sys.exit(f"flower: {wrong}")
