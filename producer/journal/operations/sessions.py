"""Web sessions. Only digests of their ids are stored, so the journal cannot reveal an id."""

from __future__ import annotations

from producer.journal.redis import keys
from producer.journal.redis.calls import Call


def begin_session(digest: str, name: str, *, keep_s: int) -> Call[None]:
    """Store a session of the token of that name, for `keep_s` seconds."""
    command = ("SET", keys.session(digest), name, "PX", keep_s * 1000)
    return Call(lambda _: None, commands=[command])


def session_lives(digest: str) -> Call[bool]:
    """Whether the session was stored, and has neither ended nor expired."""
    return Call(lambda answers: bool(answers[0]), commands=[("EXISTS", keys.session(digest))])


def end_session(digest: str) -> Call[None]:
    """End the session. Durable: a failover must not bring it back."""
    return Call(lambda _: None, commands=[("DEL", keys.session(digest))], durable=True)
