"""Sessions of the page: which there are. Their ids are known by digest, and so of no use here."""

from __future__ import annotations

from typing import Any

from producer.journal.redis import keys
from producer.journal.redis.calls import Call


def begin_session(digest: str, name: str, *, keep_s: int) -> Call[None]:
    """Note a session, of the token of that name, for so many seconds."""
    command = ("SET", keys.session(digest), name, "PX", keep_s * 1000)
    return Call(lambda _: None, commands=[command])


def session_lives(digest: str) -> Call[bool]:
    """Whether it was begun, and neither ended nor too old."""
    return Call(_there, commands=[("EXISTS", keys.session(digest))])


def end_session(digest: str) -> Call[None]:
    """Forget it. Durable: a failover must not bring it back."""
    return Call(lambda _: None, commands=[("DEL", keys.session(digest))], durable=True)


def _there(answers: Any) -> bool:
    return bool(answers[0])
