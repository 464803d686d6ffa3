"""How each failure of Redis is handled: the error, the retries, the connection."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import chain, repeat
from typing import Any

import pytest
from redis.exceptions import (
    AuthenticationError,
    ConnectionError,
    DataError,
    MaxConnectionsError,
    RedisError,
    ResponseError,
    TimeoutError,
)

from producer.journal import JournalFault, JournalUnavailable
from producer.redis.faults import (
    FAULTS,
    Meaning,
    NotPrimary,
    NotReady,
    NotReplicated,
    OtherData,
    fault_of,
)
from tests.unit.redis.both_journals import KINDS, Asking, get, put
from tests.unit.redis.scripted import Error, Hangup, ScriptedServer, Silence

RETRIES = 2


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A silent server times out quickly, and calls are retried at once."""
    monkeypatch.setattr("producer.redis.clients.ANSWER_TIMEOUT_S", 0.2)
    monkeypatch.setattr("producer.journal.redis.connection._BACKOFF.compute", lambda failures: 0.0)


@pytest.fixture(params=KINDS)
def asking(request: pytest.FixtureRequest) -> Iterator[Callable[..., Asking]]:
    """Makes journals of either kind."""
    made = []

    def make(url: str, retries: int = RETRIES) -> Asking:
        made.append(Asking(request.param, url, retries=retries))
        return made[-1]

    yield make
    for one in made:
        one.close()


def answers(*first: Any, then: Any) -> Callable[[list[str]], Any]:
    """One answer after the other, then the last one for ever."""
    coming = chain(first, repeat(then))
    return lambda command: next(coming)


# The server's answer, the fault's code, and whether the call is retried on a new connection.
ANSWERS = [
    (Error("READONLY You can't write against a read only replica."), "READONLY", True),
    (Error("UNBLOCKED force unblock from blocking operation"), "UNBLOCKED", True),
    (Error("MASTERDOWN Link with MASTER is down"), "MASTERDOWN", True),
    (Hangup, "closed", True),
    (Silence, "timeout", True),
    (Error("LOADING Redis is loading the dataset in memory"), "LOADING", True),
    (Error("BUSY Redis is busy running a script."), "BUSY", True),
    (Error("TRYAGAIN Multiple keys request during rehashing of slot"), "TRYAGAIN", True),
    (Error("CLUSTERDOWN The cluster is down"), "CLUSTERDOWN", True),
    (Error("NOREPLICAS Not enough good replicas to write."), "NOREPLICAS", False),
    (Error("MISCONF Redis is configured to save RDB snapshots"), "MISCONF", False),
    (Error("OOM command not allowed when used memory > 'maxmemory'."), "OOM", False),
    (Error("NOAUTH Authentication required."), "NOAUTH", False),
    (Error("NOPERM User cards has no permissions to run the 'set' command"), "NOPERM", False),
    (Error("ERR ACL failure in script: No permissions to access a key script"), "NOPERM", False),
    (Error("ERR The user executing the script can't run this command"), "NOPERM", False),
    (Error("WRONGTYPE Operation against a key holding the wrong kind"), "call", False),
    (Error("ERR unknown command 'GET'"), "call", False),
]


@pytest.mark.parametrize(("answer", "code", "again"), ANSWERS)
def test_errors_and_retries(
    asking: Callable[..., Asking], answer: Any, code: str, again: bool
) -> None:
    """Errors that may pass are retried, each time on a new connection; others are not."""
    with ScriptedServer(answers(then=answer)) as server:
        (error,) = asking(server.url).ask(get())
        kind = JournalFault if FAULTS[code].meaning is Meaning.FAULT else JournalUnavailable
        assert type(error) is kind, error
        assert fault_of(error.cause).code == code
        tries = RETRIES + 1 if again else 1
        assert len(server.asked_for("GET")) == tries
        assert server.connections == tries


@pytest.mark.parametrize(("answer", "code", "again"), ANSWERS)
def test_a_recovered_server_answers_the_next_call(
    asking: Callable[..., Asking], answer: Any, code: str, again: bool
) -> None:
    """The caller does not see an error that passes; after another one the next call succeeds."""
    with ScriptedServer(answers(answer, then="value")) as server:
        journal = asking(server.url)
        (first,) = journal.ask(get())
        assert (first == "value") is again
        assert journal.ask(get()) == ["value"]
        # An error of one call does not concern the connection, except for a refused password.
        renewed = again or code == "NOAUTH"
        assert server.connections == (2 if renewed else 1)


@pytest.mark.parametrize("retries", [0, RETRIES])
def test_a_replica_is_recognised_by_its_greeting(
    asking: Callable[..., Asking], retries: int
) -> None:
    """No call is sent to a server that greets as a replica."""
    with ScriptedServer(answers(then="value"), role="replica") as server:
        journal = asking(server.url, retries)
        (error,) = journal.ask(get())
        assert error.fault.code == "REPLICA"
        assert server.asked == []
        assert server.connections == retries + 1
        server.role = "master"
        assert journal.ask(get()) == ["value"]


@pytest.mark.parametrize(
    ("greeting", "code", "tries"),
    [
        (Error("ERR max number of clients reached"), "connections", RETRIES + 1),
        (Error("WRONGPASS invalid username-password pair or user is disabled."), "WRONGPASS", 1),
        (Error("NOAUTH HELLO must be called with the client already authenticated"), "NOAUTH", 1),
        (Error("LOADING Redis is loading the dataset in memory"), "LOADING", RETRIES + 1),
        (Hangup, "closed", RETRIES + 1),
        (Silence, "timeout", RETRIES + 1),
    ],
)
def test_a_server_that_refuses_the_greeting(
    asking: Callable[..., Asking], greeting: Any, code: str, tries: int
) -> None:
    """A refused greeting is reported with its cause, and retried if that may help."""
    with ScriptedServer(answers(then="value"), greeting=greeting) as server:
        (error,) = asking(server.url).ask(get())
        assert error.fault.code == code, error.cause
        assert server.connections == tries


@pytest.mark.parametrize("text", ["OOM command not allowed", "NOPERM no", "WRONGTYPE wrong"])
def test_one_calls_error_is_not_that_of_others(asking: Callable[..., Asking], text: str) -> None:
    """Other calls of the round trip are answered, and sent only once."""

    def answer(command: list[str]) -> Any:
        return Error(text) if command[0] == "SET" else command[1]

    with ScriptedServer(answer) as server:
        first, refused, last = asking(server.url).ask(get("one"), put(), get("two"))
        assert (first, last) == ("one", "two")
        assert isinstance(refused, JournalUnavailable | JournalFault)
        assert len(server.asked) == 3
        assert server.connections == 1


def test_a_connection_that_ended_unnoticed_is_replaced(asking: Callable[..., Asking]) -> None:
    """A connection that the server has closed since its last answer costs the caller nothing."""
    with ScriptedServer(answers("one", Hangup, then="two")) as server:
        journal = asking(server.url)
        assert journal.ask(get()) == ["one"]
        assert journal.ask(get()) == ["two"]
        assert server.connections == 2


def test_a_refused_script_is_not_loaded_for_ever(asking: Callable[..., Asking]) -> None:
    """If loading a script is refused, that is the answer, without a loop."""
    from producer.contract import Lane
    from producer.journal import stopped  # plain commands
    from producer.journal.migrations.records import oldest_waiting

    def answer(command: list[str]) -> Any:
        if command[0] == "SCRIPT":
            return Error("NOPERM User cards has no permissions to run the 'script|load' command")
        if command[0] == "EVALSHA":
            return Error("NOSCRIPT No matching script.")
        return [None, None, None]

    with ScriptedServer(answer) as server:
        refused, other = asking(server.url).ask(oldest_waiting(Lane.BULK), stopped())
        assert refused.fault.code == "NOPERM"
        assert other is None
        assert len(server.asked_for("SCRIPT")) == 1
        assert len(server.asked_for("EVALSHA")) == 2


def test_every_fault_has_an_error() -> None:
    """Each code is the fault of some error of redis-py, ours, or the system's."""
    errors: dict[str, list[BaseException]] = {
        code: [ResponseError("x", status_code=code)]
        for code in FAULTS
        if code.isupper() and code not in ("REPLICA", "NOAUTH", "WRONGPASS")
    }
    errors |= {
        "REPLICA": [NotPrimary("REPLICA")],
        "NOAUTH": [AuthenticationError("x", status_code="NOAUTH")],
        "WRONGPASS": [AuthenticationError("x", status_code="WRONGPASS"), AuthenticationError("x")],
        "closed": [ConnectionError("Connection closed by server.")],
        "timeout": [TimeoutError("x"), builtin_timeout()],
        "unreachable": [OSError(113, "No route to host"), ConnectionError("x"), RedisError("x")],
        "connections": [MaxConnectionsError("x"), ConnectionError("max number of clients reached")],
        "unconfirmed": [NotReplicated(0, 1)],
        "certificate": [ConnectionError("[SSL: CERTIFICATE_VERIFY_FAILED] x"), alert()],
        "other data": [OtherData("a", None)],
        "call": [DataError("x"), ResponseError("WRONGTYPE x"), ValueError("x")],
    }
    assert set(errors) == set(FAULTS)
    for code, several in errors.items():
        assert {fault_of(one).code for one in several} == {code}
    assert fault_of(NotReady("LOADING")).code == "LOADING"
    assert all(fault.text.english for fault in FAULTS.values())


def builtin_timeout() -> BaseException:
    import builtins

    return builtins.TimeoutError()


def alert() -> BaseException:
    return ConnectionError("Error while reading: (1, '[SSL: TLSV1_ALERT_UNKNOWN_CA] tlsv1 alert')")
