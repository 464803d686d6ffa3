"""The Celery app for Flower: `celery -A worker.flower flower`.

Flower needs the broker alone. With the worker's own app it would need, and have, the Stripe key.
"""

from __future__ import annotations

import os
import sys

from producer.settings import SettingsError, redis_config
from worker.monitoring import make_app

try:
    app = make_app(redis_config(os.environ))
except SettingsError as wrong:
    sys.exit(f"flower: {wrong}")
