"""Checks TLS files before a connection uses them."""

from __future__ import annotations

import ssl


def unusable_ca(path: str) -> str | None:
    """Why the file cannot be used as a CA's; None if it can."""
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(path)
    except PermissionError:
        return "names a file that may not be read"
    except OSError:  # ssl.SSLError is one
        return "names a file that holds no PEM certificate"
    return None


def unusable_pair(certificate: str, key: str) -> tuple[str, str] | None:
    """Which of `certificate` and `key` cannot be used, and why; None if both can."""
    reason = unusable_ca(certificate)
    if reason is not None:
        return "certificate", reason
    try:
        # Without a password OpenSSL would ask for one at the terminal.
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.load_cert_chain(certificate, key, password=lambda: "")
    except PermissionError:
        return "key", "names a file that may not be read"
    except ssl.SSLError as error:
        if error.reason == "KEY_VALUES_MISMATCH":
            return "key", "holds a key of another certificate"
        return "key", "names a file that holds no PEM key without a passphrase"
    except OSError:
        return "key", "names a file that cannot be read"
    return None
