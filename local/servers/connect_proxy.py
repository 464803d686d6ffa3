"""An HTTP proxy on loopback that tunnels by CONNECT, or looks into the TLS that goes through it."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from base64 import b64encode
from collections.abc import Mapping

from local.servers.relay import Relay


class ConnectProxy(Relay):
    """Leads each `host:port` that it knows to a port of this machine; a context manager.

    `heads` is what it was told in the clear, request by request.
    """

    def __init__(
        self,
        targets: Mapping[str, int],
        *,
        tls: ssl.SSLContext | None = None,
        inspecting: ssl.SSLContext | None = None,
        credentials: str | None = None,
    ) -> None:
        """With `tls` it is an https proxy. `credentials` are `user:password`.

        With `inspecting` it ends the callers' TLS itself, by a certificate of its own for the
        host, and goes on in plain: what many companies' proxies do.
        """
        super().__init__(0, tls=tls)
        self._targets = targets
        self._inspecting = inspecting
        self._credentials = credentials
        self.heads: list[str] = []
        self.answer = ""
        """A status line to give instead of connecting; `close` closes, `wait` says nothing."""

    @property
    def url(self) -> str:
        return f"{'https' if self._tls else 'http'}://127.0.0.1:{self.port}"

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            self.heads.append(head)
            refused = self._refused(head)
            if refused == "wait":
                await reader.read()
            elif refused not in ("", "close"):
                writer.write(f"HTTP/1.1 {refused}\r\nContent-Length: 0\r\n\r\n".encode())
                await writer.drain()
            if refused:
                writer.close()
                return
            writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
            if self._inspecting is not None:
                await writer.start_tls(self._inspecting)
            await self._join(reader, writer, self._targets[head.split()[1]])

    def _refused(self, head: str) -> str:
        if self.answer:
            return self.answer
        method, target, *_ = head.split()
        if self._credentials is not None:
            told = b64encode(self._credentials.encode()).decode()
            if f"proxy-authorization: basic {told}".lower() not in head.lower():
                return "407 Proxy Authentication Required"
        if method != "CONNECT":
            return "405 Method Not Allowed"
        return "" if target in self._targets else "502 Bad Gateway"
