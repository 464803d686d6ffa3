"""Finds the wrong setting when Redis refuses us, or we refuse its certificate.

A process probes at its start, and exits if a setting is wrong. Other failures, above all an
unreachable Redis, pass by themselves or are reported later.
"""

from __future__ import annotations

import socket
import ssl

from redis.exceptions import RedisError
from redis.sentinel import MasterNotFoundError

from producer.redis.clients import blocking_client
from producer.redis.config import RedisConfig, RedisConfigError
from producer.redis.faults import chain_of, fault_of

_PATIENCE_S = 1.0
_HOST_MISMATCH, _IP_MISMATCH = 62, 64  # X509_V_ERR_*, of OpenSSL's x509_vfy.h
_OUT_OF_DATE = (9, 10)
_MISMATCHES = ("Hostname mismatch", "IP address mismatch")


def probe(config: RedisConfig) -> None:
    """Ping Redis once, for at most a few seconds.

    Raises:
        RedisConfigError: a certificate, the user or the password is refused.
    """
    client = blocking_client(config, patience_s=_PATIENCE_S)
    try:
        client.ping()
    except (RedisError, OSError) as error:
        wrong = wrong_setting(error, config)
        if wrong is not None:
            raise wrong from None
    finally:
        client.close()


def wrong_setting(error: BaseException, config: RedisConfig) -> RedisConfigError | None:
    """The setting that the operator must change to prevent such a failure; None if none.

    May connect once more, for at most two seconds, to find out.
    """
    match fault_of(error).code:
        case "certificate":
            return _certificate(error, config)
        case "NOAUTH" | "WRONGPASS":
            return _credentials(error, config)
        case "closed" | "unreachable" if config.tls:
            return _refused_certificate(config)
    return None


def _certificate(error: BaseException, config: RedisConfig) -> RedisConfigError:
    text = " ".join(map(str, chain_of(error)))
    codes = {getattr(cause, "verify_code", None) for cause in chain_of(error)}
    if "alert" in text.lower():
        if config.certificate is None:
            reason = f"is not set, and {config.shown} demands a certificate of its clients"
        else:
            reason = f"names a certificate that {config.shown} does not accept"
        return RedisConfigError("CARDS_REDIS_CERT", reason)
    if codes & {_HOST_MISMATCH, _IP_MISMATCH} or any(mismatch in text for mismatch in _MISMATCHES):
        name = config.server_name or "the host in REDIS_URL"
        reason = f"must be a name in the server's certificate, which is not for {name}"
        return RedisConfigError("CARDS_REDIS_SERVER_NAME", reason)
    if codes & set(_OUT_OF_DATE) or "expired" in text or "not yet valid" in text:
        reason = f"leads to {config.shown}, whose certificate is out of date"
        return RedisConfigError("REDIS_URL", reason)
    if config.ca is None:
        reason = f"is not set, and no CA known here signed the certificate of {config.shown}"
    else:
        reason = f"names a CA that did not sign the certificate of {config.shown}"
    return RedisConfigError("CARDS_REDIS_CA", reason)


def _credentials(error: BaseException, config: RedisConfig) -> RedisConfigError:
    if isinstance(error, MasterNotFoundError):
        if config.sentinel_password is None:
            reason = f"is not set, and the sentinels of {config.shown} demand it"
        else:
            reason = f"or CARDS_SENTINEL_USER is refused by the sentinels of {config.shown}"
        return RedisConfigError("CARDS_SENTINEL_PASSWORD", reason)
    if config.password is None:
        reason = f"holds no password, and {config.shown} demands one"
    else:
        reason = f"holds a user or password that {config.shown} refuses"
    return RedisConfigError("REDIS_URL", reason)


def _refused_certificate(config: RedisConfig) -> RedisConfigError | None:
    """Whether the server closes the connection because our certificate is missing or rejected.

    With TLS 1.3 its alert follows the handshake, and a client that writes first may never read it.
    """
    context = ssl.create_default_context(cafile=config.ca)
    if not config.verify:
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    if config.certificate is not None:
        context.load_cert_chain(config.certificate, config.key)
    host, port = config.nodes[0]
    try:
        with (
            socket.create_connection((host, port), timeout=_PATIENCE_S) as plain,
            context.wrap_socket(plain, server_hostname=config.server_name or host) as connection,
        ):
            connection.recv(1)
    except OSError as error:
        return _certificate(error, config) if fault_of(error).code == "certificate" else None
    return None
