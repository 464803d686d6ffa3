"""Two servers behind a relay, as tests of failovers use them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from local.processes.waiting import until
from local.servers.asking import is_primary
from local.servers.replication import Old, Open, Pair

pytestmark = [pytest.mark.integration, pytest.mark.extended]


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    with Pair(tmp_path_factory.mktemp("pair")) as made:
        yield made


def client_of(pair: Pair, timeout: float = 5.0) -> redis.Redis:
    """A client that retries nothing."""
    return redis.Redis.from_url(pair.url, socket_timeout=timeout, retry=Retry(NoBackoff(), 0))


@pytest.mark.parametrize("old", Old)
def test_a_failover_loses_nothing_that_the_replica_had(pair: Pair, old: Old) -> None:
    """In every state of the old primary, a new connection finds the data and may write."""
    with client_of(pair) as client:
        client.set("before", old.name)
        client.execute_command("WAIT", 1, 0)
        was = pair.primary
        assert pair.fail_over(old) is pair.primary is not was
    with client_of(pair) as client:
        assert client.get("before") == old.name.encode()
        client.set("after", old.name)
    pair.restore()
    assert pair.replica is was
    assert not is_primary(was)


@pytest.mark.parametrize("old", [Old.DEMOTED, Old.CUT_OFF])
def test_a_demoted_primary_keeps_its_connections(pair: Pair, old: Old) -> None:
    """An open connection can read but not write; a BRPOP on it ends with UNBLOCKED."""
    with client_of(pair) as client, client_of(pair) as blocked:
        client.set("key", "value")
        connection = blocked.connection_pool.get_connection()
        connection.send_command("BRPOP", "nothing", 0)
        until(lambda: client.info("clients")["blocked_clients"], "BRPOP blocks")
        pair.fail_over(old)
        with pytest.raises(redis.ResponseError, match="UNBLOCKED"):
            connection.read_response()
        blocked.connection_pool.release(connection)
        assert client.get("key") == b"value"
        with pytest.raises(redis.exceptions.ReadOnlyError):
            client.set("key", "other")
        pair.restore()


def test_publications_do_not_reach_a_primary_that_is_cut_off(pair: Pair) -> None:
    """A subscription at a replica of no server stays open and silent; a demoted one hears."""
    for old, hears in ((Old.DEMOTED, True), (Old.CUT_OFF, False)):
        with client_of(pair) as client, client.pubsub() as heard:
            heard.subscribe("channel")
            assert heard.get_message(timeout=5)
            pair.fail_over(old)
            if hears:
                pair.restore()
            with client_of(pair) as other:
                other.publish("channel", "said")
                # A publication is replicated before any later write.
                other.set("mark", old.name)
            message = heard.get_message(timeout=5 if hears else 0.2)
            assert bool(message) is hears
        pair.restore()


def test_swallowed_connections_are_silent_and_open(pair: Pair) -> None:
    """Open connections hang, even if the server was killed; new ones are answered."""
    for old in (Old.DEMOTED, Old.KILLED):
        with client_of(pair, timeout=0.3) as client:
            client.ping()
            pair.fail_over(old, Open.SWALLOWED)
            with pytest.raises(redis.TimeoutError):
                client.ping()
            with client_of(pair) as other:
                assert other.ping()
        pair.restore()


def test_cut_connections_are_reset(pair: Pair) -> None:
    """Open connections end at once."""
    with client_of(pair) as client:
        connection = client.connection_pool.get_connection()
        pair.fail_over(Old.DEMOTED, Open.CUT)
        with pytest.raises(redis.ConnectionError):
            connection.read_response(timeout=5)
        connection.disconnect()
    pair.restore()
