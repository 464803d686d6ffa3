"""When to retry: exponential backoff with full jitter; and when to give up."""

from __future__ import annotations

import random

# "Full jitter" draws from zero to the exponential bound (AWS Architecture Blog, "Exponential
# Backoff And Jitter"); Stripe advises exponential backoff with jitter (docs: rate-limits).
BASE_S = 0.25
CAP_S = 120.0
FLOOR_S = 0.05
# At the cap about 7 hours; a longer outage of Stripe needs an operator.
MAX_RETRIES = 400
# The first key may not be sent again after 23 h; later attempts would be blind.
MAX_AGE_S = 23 * 3600.0
# Attempts that Stripe answers with 402 processing_error, each under a further key.
MAX_BUSY = 3
# Attempts in which the handler raises.
MAX_FAULTS = 3


def full_jitter(retry: int, draw: random.Random) -> float:
    """Seconds to wait before a retry; `retry` counts from 1."""
    bound = min(CAP_S, BASE_S * 2.0 ** min(retry, 30))
    return max(FLOOR_S, draw.uniform(0, bound))
