"""When to try again: exponential backoff with full jitter, and when to give up."""

from __future__ import annotations

import random

# "Full jitter" draws from zero to the exponential bound (AWS Architecture Blog, "Exponential
# Backoff And Jitter"); Stripe advises exponential backoff with jitter (docs: rate-limits).
BASE_S = 0.25
CAP_S = 120.0
FLOOR_S = 0.05
# At the cap about 7 hours; an outage of Stripe's that is longer wants a person.
MAX_RETRIES = 400
# A first key may not be sent again after 23 h; nothing is tried blindly past that.
MAX_AGE_S = 23 * 3600.0
# Tries that Stripe answers with 402 processing_error, each under a further key.
MAX_BUSY = 3
# A command that kills its process or makes its handler raise.
MAX_FAULTS = 3


def full_jitter(retry: int, draw: random.Random) -> float:
    """Seconds to wait before the retry of that number, from 1."""
    bound = min(CAP_S, BASE_S * 2.0 ** min(retry, 30))
    return max(FLOOR_S, draw.uniform(0, bound))
