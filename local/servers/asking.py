"""What is said to a server by whoever runs it, over a connection of its own each time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from local.servers.valkey import ValkeyServer

_ANSWER_S = 2.0


def ask(server: ValkeyServer, *command: str | int) -> Any:
    """The answer to one command. Raises redis.exceptions.RedisError."""
    import redis
    from redis.backoff import NoBackoff
    from redis.retry import Retry

    with redis.Redis(
        port=server.port,
        password=server.password,
        decode_responses=True,
        socket_timeout=_ANSWER_S,
        retry=Retry(NoBackoff(), 0),
    ) as client:
        return client.execute_command(*command)


def replication(server: ValkeyServer) -> dict[str, Any]:
    """INFO replication. Raises as `ask` does."""
    found: dict[str, Any] = ask(server, "INFO", "replication")
    return found


def is_primary(server: ValkeyServer) -> bool:
    """Whether it takes itself for one; False where it does not answer."""
    from redis.exceptions import RedisError

    try:
        return bool(replication(server)["role"] == "master")
    except RedisError:
        return False


def follows(server: ValkeyServer, primary: ValkeyServer) -> bool:
    """Whether it is a replica of that primary and has everything that was written there."""
    from redis.exceptions import RedisError

    try:
        theirs, ours = replication(primary), replication(server)
    except RedisError:
        return False
    return bool(
        ours["role"] == "slave"
        and ours["master_port"] == primary.port
        and ours["master_link_status"] == "up"
        and ours["slave_repl_offset"] >= theirs["master_repl_offset"]
    )
