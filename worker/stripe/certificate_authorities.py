"""The certificate authorities that are trusted for Stripe, or for a proxy in between."""

from __future__ import annotations

import os
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from producer.settings import SettingsError

OWN = "CARDS_STRIPE_CA"
_FILE, _FOLDER = "SSL_CERT_FILE", "SSL_CERT_DIR"


@dataclass(frozen=True, slots=True)
class Authorities:
    """A file of certificates in PEM, a folder of them as OpenSSL keeps it, or neither.

    They replace the CAs that Stripe's SDK brings.
    """

    file: str | None = None
    folder: str | None = None

    @classmethod
    def from_environ(cls, environ: Mapping[str, str]) -> Self:
        """Read CARDS_STRIPE_CA, or without it SSL_CERT_FILE and SSL_CERT_DIR.

        Raises:
            SettingsError: one of them names something that cannot be used.
        """
        for name in (OWN, _FILE):
            if file := environ.get(name, "").strip():
                _check_file(name, file)
                break
        folder = "" if file and name == OWN else environ.get(_FOLDER, "").strip()
        for path in folder.split(os.pathsep) if folder else ():
            if not os.path.isdir(path):
                raise SettingsError(_FOLDER, "names a folder that is not there")
        return cls(file or None, folder or None)

    def context(self, bundled: str) -> ssl.SSLContext:
        """TLS 1.2 or newer, verified by these CAs, or by those in the `bundled` file."""
        if self.file is None and self.folder is None:
            return ssl.create_default_context(cafile=bundled)
        return ssl.create_default_context(cafile=self.file, capath=self.folder)

    @property
    def shown(self) -> str:
        """Where the CAs come from, for the log."""
        named = [path for path in (self.file, self.folder) if path]
        return f"the CAs in {' and '.join(named)}" if named else "the CAs of Stripe's SDK"


def _check_file(name: str, path: str) -> None:
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(path)
    except PermissionError:
        raise SettingsError(name, "names a file that may not be read") from None
    except ssl.SSLError:
        raise SettingsError(name, "names a file that holds no PEM certificate") from None
    except OSError:
        raise SettingsError(name, "names a file that cannot be read") from None
