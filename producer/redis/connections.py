"""Connections that lead to the primary, blocking and async, with TLS and without.

redis-py drops a connection only on I/O errors: one to a primary that has become a replica would
stay, and answer READONLY for ever (redis-py #460, #935). Here a replica is a connection error. It
is recognised by its refusal of a write, and by the role in its answer to HELLO. HELLO is sent on
connecting, and again before a command if the last answer is older than a second, since a
connection that only reads meets no refusal.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection
from typing import TYPE_CHECKING, Any

import redis
import redis.asyncio
from redis.exceptions import ConnectionError, ResponseError, TimeoutError

from producer.redis.faults import FAULTS, Meaning, NotPrimary, NotReady, code_of
from producer.redis.primary import ROLE_CHECK_S, Primary

# Errors that may pass if the call is repeated; others concern one call.
_WAITING = frozenset(code for code, fault in FAULTS.items() if fault.meaning is Meaning.WAIT)
_REPLICA = frozenset(("READONLY", "UNBLOCKED", "MASTERDOWN"))


if TYPE_CHECKING:
    _Base = Any
else:
    _Base = object


class _PrimaryConnection(_Base):  # type: ignore[misc]
    """What both kinds share. `waits` are further codes on which the connection is dropped."""

    def __init__(
        self,
        *,
        primary: Primary,
        server_name: str | None = None,
        waits: Collection[str] = (),
        disconnected: Callable[[Any], None] | None = None,
        **options: Any,
    ) -> None:
        self._primary = primary
        self._server_name = server_name
        self._waits = _WAITING | frozenset(waits)
        self._disconnected = disconnected
        self._generation = -1
        self._role_checked = 0.0
        super().__init__(**options)

    def _failure(self, error: ResponseError) -> ConnectionError | None:
        """The connection error that an error answer means; None if it concerns only the call."""
        code = code_of(error)
        if code in _REPLICA:
            self._primary.suspect(self._generation)
            return NotPrimary(code)
        return NotReady(code) if code in self._waits else None

    def _check_role(self, hello: Any) -> None:
        """Raise NotPrimary if the answer to HELLO shows a replica."""
        if isinstance(hello, list):  # RESP2
            hello = dict(zip(hello[::2], hello[1::2], strict=True))
        role = hello.get("role") or hello.get(b"role")
        if role in ("replica", b"replica", "slave", b"slave"):
            self._primary.suspect(self._generation)
            raise NotPrimary("REPLICA")
        self._role_checked = time.monotonic()

    @property
    def outdated(self) -> bool:
        """Whether the connection is known to lead to the wrong server, or to none."""
        return bool(self._generation != self._primary.generation)

    @property
    def _role_unsure(self) -> bool:
        return time.monotonic() - self._role_checked >= ROLE_CHECK_S


class _Blocking(_PrimaryConnection):
    """A blocking connection."""

    def connect(self) -> None:
        """Connect, or reconnect if this connection is outdated.

        Raises:
            NotPrimary: it is outdated, and kombu must subscribe again: kombu keeps a connection
                for as long as it lives, and hides its subscriptions from redis-py.
        """
        if self._sock is not None and self.outdated:
            self.disconnect()
            if self._disconnected is not None:
                raise NotPrimary("REPLICA")
        super().connect()

    def _connect(self) -> Any:
        self._generation = self._primary.generation
        if self._primary.moves:
            self.host, self.port = self._primary.locate()
        return super()._connect()

    def _wrap_socket_with_ssl(self, sock: Any) -> Any:
        host = self.host
        self.host = self._server_name or host
        try:
            return super()._wrap_socket_with_ssl(sock)
        finally:
            self.host = host

    def on_connect_check_health(self, check_health: bool = True) -> None:
        """Check the server's role by HELLO."""
        super().on_connect_check_health(check_health=check_health)
        self._send_ping()

    def check_health(self) -> None:
        """Check that the server is still the primary, if the last check is older than a second."""
        if self.outdated:
            self.disconnect()
            raise NotPrimary("REPLICA")
        if self._role_unsure:
            self._send_ping()

    def _send_ping(self) -> None:
        self.send_command("HELLO", check_health=False)
        try:
            self._check_role(self.read_response())
        except NotPrimary:
            self.disconnect()
            raise

    def read_response(self, *args: Any, **options: Any) -> Any:
        """The answer to a command. Raises NotPrimary and NotReady besides what redis-py does."""
        try:
            return super().read_response(*args, **options)
        except TimeoutError:
            self._primary.suspect(self._generation)
            raise
        except ResponseError as error:
            failure = self._failure(error)
            if failure is None:
                raise
            self.disconnect()
            raise failure from None

    def disconnect(self, *args: Any, **options: Any) -> None:
        """Close the socket, and notify kombu."""
        super().disconnect(*args, **options)
        if self._disconnected is not None:
            self._disconnected(self)


class _Async(_PrimaryConnection):
    """A connection of an asyncio loop."""

    async def connect(self) -> None:
        """Connect, or reconnect if this connection is outdated."""
        if self.is_connected and self.outdated:
            await self.disconnect()
        await super().connect()

    async def _connect(self) -> None:
        self._generation = self._primary.generation
        if self._primary.moves:
            self.host, self.port = await self._primary.locate_async()
        await super()._connect()

    def _connection_arguments(self) -> Any:
        arguments = super()._connection_arguments()
        if self._server_name is not None and "ssl" in arguments:
            return {**arguments, "server_hostname": self._server_name}
        return arguments

    async def on_connect_check_health(self, check_health: bool = True) -> None:
        """Check the server's role by HELLO."""
        await super().on_connect_check_health(check_health=check_health)
        await self._send_ping()

    async def check_health(self) -> None:
        """Check that the server is still the primary, if the last check is older than a second."""
        if self.outdated:
            await self.disconnect(nowait=True)
            raise NotPrimary("REPLICA")
        if self._role_unsure:
            await self._send_ping()

    async def _send_ping(self) -> None:
        await self.send_command("HELLO", check_health=False)
        try:
            self._check_role(await self.read_response())
        except NotPrimary:
            await self.disconnect(nowait=True)
            raise

    async def read_response(self, *args: Any, **options: Any) -> Any:
        """The answer to a command. Raises NotPrimary and NotReady besides what redis-py does."""
        try:
            return await super().read_response(*args, **options)
        except TimeoutError:
            self._primary.suspect(self._generation)
            raise
        except ResponseError as error:
            failure = self._failure(error)
            if failure is None:
                raise
            await self.disconnect(nowait=True)
            raise failure from None


class BlockingConnection(_Blocking, redis.Connection):
    """Over TCP."""


class BlockingTlsConnection(_Blocking, redis.SSLConnection):
    """Over TLS."""


class AsyncConnection(_Async, redis.asyncio.Connection):
    """Over TCP, on an asyncio loop."""


class AsyncTlsConnection(_Async, redis.asyncio.SSLConnection):
    """Over TLS, on an asyncio loop."""
