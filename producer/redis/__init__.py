"""One way to talk to Redis, for the journal, the broker, subscriptions and Flower.

`config.py` reads where Redis is, `faults.py` says what each failure means, `connections.py` acts on
it, and `clients.py` and `kombu_transport.py` build clients from such connections.
"""

from producer.redis.config import RedisConfig, RedisConfigError
from producer.redis.faults import Fault, Meaning, fault_of

__all__ = ["Fault", "Meaning", "RedisConfig", "RedisConfigError", "fault_of"]
