"""One way to talk to Redis, for the journal, the broker, subscriptions and Flower.

`config.py` says where Redis is, `faults.py` what each of its failures means, `connections.py` what
a connection does about it, and `clients.py` and `kombu_transport.py` make clients of connections.
"""

from producer.redis.config import RedisConfig, RedisConfigError
from producer.redis.faults import Fault, Meaning, fault_of

__all__ = ["Fault", "Meaning", "RedisConfig", "RedisConfigError", "fault_of"]
