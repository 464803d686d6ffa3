"""Administrative commands to a server, each on its own connection."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from local.servers.valkey import ValkeyServer

_ANSWER_S = 2.0


def ask(server: ValkeyServer, *command: str | int) -> Any:
    """Send one command; return its answer. Raises redis.exceptions.RedisError."""
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
    """The answer to INFO replication. Raises like `ask`."""
    found: dict[str, Any] = ask(server, "INFO", "replication")
    return found


def is_primary(server: ValkeyServer) -> bool:
    """Whether the server has the role of a primary; False if it does not answer."""
    from redis.exceptions import RedisError

    try:
        return bool(replication(server)["role"] == "master")
    except RedisError:
        return False


def follows(server: ValkeyServer, primary: ValkeyServer) -> bool:
    """Whether the server is a replica of that primary and has replicated all its writes."""
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
