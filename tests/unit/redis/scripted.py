"""A server whose answers a test scripts, to see how a client reacts."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Self

_HELLO = {"server": "redis", "version": "7.4.0", "proto": 3, "id": 1, "mode": "standalone"}


class Error(str):
    """An error as an answer: code and text."""

    __slots__ = ()


class Hangup:
    """Instead of an answer the connection is closed."""


class Silence:
    """No answer is sent, and the connection stays open."""


Answer = Callable[[list[str]], Any]


class ScriptedServer:
    """Greets as `role` says and asks `answer` for the rest; a context manager.

    `asked` are the commands but greetings, `connections` how many were made. `greeting` is answered
    in place of a greeting, if there is one.
    """

    def __init__(
        self,
        answer: Answer,
        tls: ssl.SSLContext | None = None,
        *,
        role: str = "master",
        greeting: Any = None,
    ) -> None:
        self.answer = answer
        self.role = role
        self.greeting = greeting
        self.asked: list[list[str]] = []
        self.connections = 0
        self._tls = tls
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self._open: list[socket.socket] = []
        self._closing = False

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def asked_for(self, *names: str) -> list[list[str]]:
        """The received commands of those names."""
        return [command for command in self.asked if command[0] in names]

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self._open.append(connection)
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        try:
            if self._tls is not None:
                connection = self._tls.wrap_socket(connection, server_side=True)
                self._open.append(connection)
            self.connections += 1
            self._talk(connection)
        except (OSError, ValueError):
            pass  # the client has gone
        finally:
            connection.close()

    def _talk(self, connection: socket.socket) -> None:
        words = connection.makefile("rb")
        while line := words.readline():
            command = []
            for _ in range(int(line[1:])):
                length = int(words.readline()[1:])
                command.append(words.read(length + 2)[:-2].decode())
            answer = self._answered(command)
            if answer is Hangup:
                return
            if answer is not Silence:
                connection.sendall(_encoded(answer))

    def _answered(self, command: list[str]) -> Any:
        name = command[0].upper()
        if name == "HELLO":
            return self.greeting or {**_HELLO, "role": self.role}
        if name in ("CLIENT", "SELECT", "AUTH"):
            return True
        self.asked.append([name, *command[1:]])
        return self.answer([name, *command[1:]])

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        # A closed listener still finishes an accept that is under way.
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for connection in self._open:
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue


def _encoded(answer: Any) -> bytes:
    match answer:
        case None:
            return b"_\r\n"
        case True:
            return b"+OK\r\n"
        case int():
            return f":{answer}\r\n".encode()
        case Error():
            return f"-{answer}\r\n".encode()
        case str():
            return f"${len(answer.encode())}\r\n{answer}\r\n".encode()
        case Mapping():
            flat = [part for pair in answer.items() for part in pair]
            return f"%{len(answer)}\r\n".encode() + b"".join(map(_encoded, flat))
        case Sequence():
            return f"*{len(answer)}\r\n".encode() + b"".join(map(_encoded, answer))
    raise TypeError(type(answer))
