"""Certificates for tests, made by the `openssl` command: of a CA, a server and a client."""

from __future__ import annotations

import ssl
import subprocess
from dataclasses import dataclass
from pathlib import Path

_DAYS = 2
_EXTENSIONS = {
    "ca": "basicConstraints=critical,CA:true\nkeyUsage=critical,keyCertSign,cRLSign",
    "server": "subjectAltName={names}\nextendedKeyUsage=serverAuth",
    "client": "extendedKeyUsage=clientAuth",
}


class NoOpensslError(Exception):
    """The `openssl` command is missing or failed. The message says which."""


@dataclass(frozen=True, slots=True)
class Identity:
    """Paths of a certificate and its key, both PEM."""

    certificate: Path
    key: Path


@dataclass(frozen=True, slots=True)
class Certificates:
    """Certificates for both sides of TLS, and a CA that has signed none of them."""

    ca: Identity
    server: Identity
    client: Identity
    wrong_ca: Identity

    def server_context(self, identity: Identity | None = None) -> ssl.SSLContext:
        """A server's context with its certificate, or with another identity."""
        chosen = identity or self.server
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(chosen.certificate, chosen.key)
        return context

    @classmethod
    def make(
        cls,
        directory: Path,
        names: str = "IP:127.0.0.1,DNS:localhost,DNS:redis.test",
        *,
        days: int = _DAYS,
    ) -> Certificates:
        """Write the certificates into a directory. Raises NoOpensslError.

        `names` are the server's names, as in a `subjectAltName`; `days` is how long the
        certificates are valid: with -1 they expired yesterday.
        """
        directory.mkdir(parents=True, exist_ok=True)
        ca = _authority(directory, "ca")
        return cls(
            ca=ca,
            server=_signed(directory, "server", ca, names, days),
            client=_signed(directory, "client", ca, names, days),
            wrong_ca=_authority(directory, "wrong-ca"),
        )


def _authority(directory: Path, name: str) -> Identity:
    made = _request(directory, name)
    _sign(directory, name, _EXTENSIONS["ca"], _DAYS, "-signkey", str(made.key))
    return made


def _signed(directory: Path, name: str, ca: Identity, names: str, days: int) -> Identity:
    made = _request(directory, name)
    by = ["-CA", str(ca.certificate), "-CAkey", str(ca.key), "-CAcreateserial"]
    _sign(directory, name, _EXTENSIONS[name].format(names=names), days, *by)
    return made


def _request(directory: Path, name: str) -> Identity:
    key = directory / f"{name}.key"
    out = ["-keyout", str(key), "-out", str(directory / f"{name}.csr")]
    _openssl("req", "-new", "-newkey", "rsa:2048", "-nodes", "-subj", f"/CN=test {name}", *out)
    key.chmod(0o600)
    return Identity(directory / f"{name}.pem", key)


def _sign(directory: Path, name: str, extensions: str, days: int, *by: str) -> None:
    file = directory / f"{name}.ext"
    file.write_text(extensions + "\n")
    ends = ["-days", str(days), "-sha256", "-extfile", str(file)]
    files = ["-in", str(directory / f"{name}.csr"), "-out", str(directory / f"{name}.pem")]
    _openssl("x509", "-req", *files, *ends, *by)


def _openssl(*arguments: str) -> None:
    try:
        done = subprocess.run(["openssl", *arguments], capture_output=True, text=True, check=False)
    except OSError as error:
        raise NoOpensslError(f"the `openssl` command cannot be run: {error}") from None
    if done.returncode:
        raise NoOpensslError(f"openssl {arguments[0]} failed: {done.stderr.strip()}")
