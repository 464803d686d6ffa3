"""A server with TLS: a Redis or Valkey built with it, or the embedded Valkey behind a relay.

The embedded Valkey has no TLS. If no server on the machine has, a relay terminates TLS; clients
see the same TLS, and `kind` says which of the two it is.
"""

from __future__ import annotations

import shutil
import socket
import ssl
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Self

from local.processes.ports import free_port
from local.servers.certificates import Certificates
from local.servers.relay import Relay
from local.servers.valkey import ValkeyServer, pongs, valkey_argv

_PROGRAMS = ("valkey-server", "redis-server")
_TRIAL_S = 10.0


def tls_program() -> str | None:
    """A server program on this machine that was built with TLS."""
    return next(filter(_has_tls, filter(None, map(shutil.which, _PROGRAMS))), None)


def _has_tls(program: str) -> bool:
    # With a TLS port but no certificate it exits at once, naming the missing file.
    with tempfile.TemporaryDirectory() as folder:
        argv = [program, "--port", "0", "--tls-port", str(free_port()), "--dir", folder]
        try:
            done = subprocess.run(argv, capture_output=True, timeout=_TRIAL_S, check=False)
        except (OSError, subprocess.TimeoutExpired):
            return False
    return b"tls-cert-file" in done.stdout


class TlsServer:
    """A server that requires TLS; a context manager.

    With `client_certificates` it also requires a client certificate signed by the same CA.
    """

    def __init__(
        self,
        directory: Path,
        *,
        client_certificates: bool = False,
        config: Mapping[str, str] | None = None,
        password: str | None = None,
    ) -> None:
        """`config` and `password` are as for `ValkeyServer`. Raises NoOpensslError."""
        self.certificates = Certificates.make(directory / "certificates")
        self._relay: Relay | None = None
        program = tls_program()
        self.server: ValkeyServer
        if program is not None:
            self.kind = f"{Path(program).name} with TLS"
            self.server = _Native(
                directory / "server", program, self.certificates, client_certificates
            )
            self.server.config.update(config or {})
            self.server.password = password
            self.port = self.server.port
        else:
            self.kind = "the embedded Valkey behind a relay with TLS: no server here has TLS"
            self.server = ValkeyServer(directory / "server", config=config, password=password)
            self._relay = Relay(
                self.server.port, tls=_server_context(self.certificates, client_certificates)
            )
            self.port = self._relay.port

    @property
    def url(self) -> str:
        """The rediss:// URL, without paths of certificates."""
        secret = f":{self.server.password}@" if self.server.password is not None else ""
        return f"rediss://{secret}127.0.0.1:{self.port}/0"

    def start(self) -> Self:
        self.server.start()
        if self._relay is not None:
            self._relay.start()
        return self

    def stop(self) -> None:
        if self._relay is not None:
            self._relay.stop()
        self.server.stop()

    def __enter__(self) -> Self:
        try:
            return self.start()
        except BaseException:
            self.stop()
            raise

    def __exit__(self, *_: object) -> None:
        self.stop()


class _Native(ValkeyServer):
    """A server whose only port requires TLS."""

    def __init__(
        self, directory: Path, program: str, certificates: Certificates, client_certificates: bool
    ) -> None:
        super().__init__(directory)
        self._program = program
        self._certificates = certificates
        self.config |= {
            "tls-port": str(self.port),
            "tls-cert-file": str(certificates.server.certificate),
            "tls-key-file": str(certificates.server.key),
            "tls-ca-cert-file": str(certificates.ca.certificate),
            "tls-auth-clients": "yes" if client_certificates else "no",
        }

    def _argv(self) -> list[str]:
        return [self._program, *valkey_argv(self.directory, 0, self.config)[1:]]

    def _answers(self) -> bool:
        context = ssl.create_default_context(cafile=self._certificates.ca.certificate)
        client = self._certificates.client
        context.load_cert_chain(client.certificate, client.key)
        address = ("127.0.0.1", self.port)
        try:
            with (
                socket.create_connection(address, timeout=1.0) as plain,
                context.wrap_socket(plain, server_hostname="127.0.0.1") as connection,
            ):
                return pongs(connection, self.password)
        except OSError:
            return False


def _server_context(certificates: Certificates, client_certificates: bool) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates.server.certificate, certificates.server.key)
    if client_certificates:
        context.load_verify_locations(certificates.ca.certificate)
        context.verify_mode = ssl.CERT_REQUIRED
    return context
