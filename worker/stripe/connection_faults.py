"""Why there is no connection to Stripe, in a text that tells an operator what to change."""

from __future__ import annotations

import socket
import ssl

import aiohttp

from worker.stripe.certificate_authorities import OWN
from worker.stripe.proxies import Proxy

# X509_V_ERR_*, as OpenSSL numbers them.
_NOT_YET_VALID, _EXPIRED = 9, 10
_UNKNOWN_AUTHORITY = (2, 18, 19, 20, 21)
_OTHER_NAME = (62, 64)
_NO_TLS = (
    "HTTP_REQUEST",
    "PACKET_LENGTH_TOO_LONG",
    "RECORD_LAYER_FAILURE",
    "UNKNOWN_PROTOCOL",
    "WRONG_VERSION_NUMBER",
)
_OLD_TLS = (
    "NO_PROTOCOLS_AVAILABLE",
    "TLSV1_ALERT_PROTOCOL_VERSION",
    "UNSUPPORTED_PROTOCOL",
    "VERSION_TOO_LOW",
)


def describe(error: Exception, host: str, proxy: Proxy | None, seconds: float) -> str:
    """One line. `host` is Stripe's, `seconds` is the connect timeout."""
    # Never the text of aiohttp's errors: it may quote the proxy's URL.
    if isinstance(error, aiohttp.ClientHttpProxyError) and proxy is not None:
        return f"the proxy {proxy.url} {_describe_status(error.status, proxy)}"
    if isinstance(error, aiohttp.ClientConnectorError) and error.host != host and proxy:
        host, proxy = f"the proxy {proxy.url}", None
    peer = f"{host} through the proxy {proxy.url}" if proxy else host
    match error:
        case aiohttp.ClientConnectorCertificateError():
            return f"TLS with {peer} failed: {_describe_certificate(error.certificate_error)}"
        case aiohttp.ClientConnectorSSLError():
            return f"TLS with {peer} failed: {_describe_tls(error)}"
        case TimeoutError():
            return f"no connection to {peer} within {seconds:g} s"
        case aiohttp.ClientConnectorDNSError():
            return f"no address is known of {peer}"
        case aiohttp.ClientConnectorError(os_error=socket.gaierror()):
            return f"no address is known of {peer}"
        case aiohttp.ClientConnectorError(os_error=cause):
            return f"no connection to {peer} ({type(cause).__name__})"
    return f"no connection to {peer} ({type(error).__name__})"


def _describe_status(status: int, proxy: Proxy) -> str:
    if status == 407:
        reason = "wants a user and password" if proxy.user is None else "refused user and password"
        return f"{reason} (407): {proxy.setting} is to hold them"
    return f"answered {status} instead of connecting"


def _describe_certificate(error: Exception) -> str:
    if not isinstance(error, ssl.SSLCertVerificationError):
        return "its certificate is none for that name"
    code = error.verify_code
    text = "certificate verify failed: " + error.verify_message.rstrip(".")
    if code in _UNKNOWN_AUTHORITY:
        return f"{text}; if a proxy inspects TLS, {OWN} is to name the file of its CA"
    if code in _OTHER_NAME:
        return f"{text}; another server answers there"
    if code in (_NOT_YET_VALID, _EXPIRED):
        return f"{text}; is the clock of this machine right?"
    return text


def _describe_tls(error: aiohttp.ClientConnectorSSLError) -> str:
    reason = getattr(error.os_error, "reason", None) or type(error.os_error).__name__
    if reason in _NO_TLS:
        return f"it does not speak TLS there ({reason})"
    if reason in _OLD_TLS:
        return f"it speaks no TLS 1.2 or newer ({reason})"
    return reason
