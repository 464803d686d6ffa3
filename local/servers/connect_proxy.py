"""An HTTP proxy on loopback that tunnels CONNECT requests, or intercepts the TLS in them."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from base64 import b64encode
from collections.abc import Mapping

from local.servers.relay import Relay


class ConnectProxy(Relay):
    """Forwards each known `host:port` to a port of this machine; a context manager.

    `heads` are the requests' heads, as received.
    """

    def __init__(
        self,
        targets: Mapping[str, int],
        *,
        tls: ssl.SSLContext | None = None,
        inspecting: ssl.SSLContext | None = None,
        credentials: str | None = None,
    ) -> None:
        """With `tls`, callers reach the proxy by https. `credentials` are `user:password`.

        With `inspecting`, the proxy terminates the callers' TLS with its own certificate for the
        host and forwards plain text, as many companies' proxies do.
        """
        super().__init__(0, tls=tls)
        self._targets = targets
        self._inspecting = inspecting
        self._credentials = credentials
        self.heads: list[str] = []
        self.answer = ""
        """A status line to answer instead of connecting; `close` closes, `wait` never answers."""

    @property
    def url(self) -> str:
        return f"{'https' if self._tls else 'http'}://127.0.0.1:{self.port}"

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            self.heads.append(head)
            refusal = self._refusal(head)
            if refusal == "wait":
                await reader.read()
            elif refusal not in ("", "close"):
                writer.write(f"HTTP/1.1 {refusal}\r\nContent-Length: 0\r\n\r\n".encode())
                await writer.drain()
            if refusal:
                writer.close()
                return
            writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
            if self._inspecting is not None:
                await writer.start_tls(self._inspecting)
            await self._join(reader, writer, self._targets[head.split()[1]])

    def _refusal(self, head: str) -> str:
        if self.answer:
            return self.answer
        method, target, *_ = head.split()
        if self._credentials is not None:
            encoded = b64encode(self._credentials.encode()).decode()
            if f"proxy-authorization: basic {encoded}".lower() not in head.lower():
                return "407 Proxy Authentication Required"
        if method != "CONNECT":
            return "405 Method Not Allowed"
        return "" if target in self._targets else "502 Bad Gateway"
