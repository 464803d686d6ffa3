"""What each failure of Redis means, in one table.

The servers' codes are those of Redis 7 and 8 and Valkey 9 (`src/server.c`, createSharedObjects). A
proxy or a moved address shows as one of the connection failures.
"""

from __future__ import annotations

import builtins
import re
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

from redis.exceptions import (
    AuthenticationError,
    BusyLoadingError,
    ConnectionError,
    DataError,
    MaxConnectionsError,
    RedisError,
    ResponseError,
    TimeoutError,
)
from redis.sentinel import MasterNotFoundError

from producer.contract.messages import Text


class Meaning(Enum):
    """What to do about a failure."""

    REDIAL = "the connection leads to the wrong server or to none: drop it and all like it"
    WAIT = "the server will answer soon: retry"
    REFUSED = "the server is up and refuses writes until the operator acts or a replica returns"
    SETTING = "a setting is wrong, here or at the server: the operator must act"
    FAULT = "the call or the data it finds is wrong: a retry changes nothing"


@dataclass(frozen=True, slots=True)
class Fault:
    """A kind of failure: its code, its meaning, and its message."""

    code: str
    meaning: Meaning
    text: Text

    @property
    def passes(self) -> bool:
        """Whether the same call may succeed in a moment."""
        return self.meaning in (Meaning.REDIAL, Meaning.WAIT)


class NotPrimary(ConnectionError):
    """The server is a replica, or has become one."""

    def __init__(self, code: str, detail: str = "") -> None:
        self.code = code
        super().__init__(detail or FAULTS[code].text.english)


class NotReady(ConnectionError):
    """The server answers, but cannot carry the call out yet."""

    def __init__(self, code: str) -> None:
        self.code = code
        super().__init__(FAULTS[code].text.english)


class NotReplicated(RedisError):
    """Too few replicas confirmed a write in time."""

    def __init__(self, confirmed: int, wanted: int) -> None:
        self.confirmed = confirmed
        self.wanted = wanted
        super().__init__(f"{confirmed} of {wanted} replicas have confirmed the write")


class OtherData(RedisError):
    """The journal is not the remembered one: it was lost, or this is another database."""

    def __init__(self, known: str, found: str | None) -> None:
        self.known = known
        self.found = found
        there = f"there is journal {found}" if found else "there is none"
        super().__init__(f"journal {known} is gone, {there}: Redis was emptied, or is another one")


_ROWS = (
    Fault("READONLY", Meaning.REDIAL, Text.REDIS_REPLICA),
    Fault("UNBLOCKED", Meaning.REDIAL, Text.REDIS_REPLICA),
    Fault("MASTERDOWN", Meaning.REDIAL, Text.REDIS_REPLICA),
    Fault("REPLICA", Meaning.REDIAL, Text.REDIS_REPLICA),  # the role in its answer to HELLO
    Fault("closed", Meaning.REDIAL, Text.REDIS_SILENT),
    Fault("timeout", Meaning.REDIAL, Text.REDIS_TIMEOUT),  # half-open, black-holed, or stalled
    Fault("unreachable", Meaning.REDIAL, Text.REDIS_SILENT),
    Fault("LOADING", Meaning.WAIT, Text.REDIS_LOADING),
    Fault("BUSY", Meaning.WAIT, Text.REDIS_BUSY),
    Fault("TRYAGAIN", Meaning.WAIT, Text.REDIS_BUSY),
    Fault("CLUSTERDOWN", Meaning.WAIT, Text.REDIS_BUSY),
    Fault("connections", Meaning.WAIT, Text.REDIS_CONNECTIONS),
    Fault("unconfirmed", Meaning.WAIT, Text.REDIS_UNREPLICATED),
    Fault("NOREPLICAS", Meaning.REFUSED, Text.REDIS_UNREPLICATED),
    Fault("MISCONF", Meaning.REFUSED, Text.REDIS_DISK),
    Fault("OOM", Meaning.REFUSED, Text.REDIS_FULL),
    Fault("NOAUTH", Meaning.SETTING, Text.REDIS_AUTH),
    Fault("WRONGPASS", Meaning.SETTING, Text.REDIS_AUTH),
    Fault("NOPERM", Meaning.SETTING, Text.REDIS_RIGHTS),
    Fault("certificate", Meaning.SETTING, Text.REDIS_CERTIFICATE),
    Fault("other data", Meaning.SETTING, Text.REDIS_OTHER_DATA),
    Fault("call", Meaning.FAULT, Text.REDIS_FAULT),
)
# OpenSSL's texts for its own verification errors, and for the server's alerts.
_CERTIFICATE = re.compile(
    "certificate[ _]verify[ _]failed|alert[ _](unknown[ _]ca|[a-z ]*certificate)", re.IGNORECASE
)
# The texts of Valkey and newer Redis, and of Redis 7.0, which answer ERR if a script lacks a right.
_DENIED_IN_SCRIPT = re.compile("ACL failure in script|The user executing the script can't")
# redis-py's texts for a connection that ended after it was made.
_CLOSED = ("Error while reading", "while writing to socket", "Connection closed by server")
FAULTS = {row.code: row for row in _ROWS}


def code_of(error: ResponseError) -> str:
    """The server's code of an error that it answered."""
    if _DENIED_IN_SCRIPT.search(str(error)):
        return "NOPERM"
    code = getattr(error, "status_code", None)
    return str(code) if code else str(error).partition(" ")[0]


def fault_of(error: BaseException) -> Fault:
    """The fault of an error raised by redis-py, this package, or the operating system."""
    if isinstance(error, NotPrimary | NotReady):
        return FAULTS[error.code]
    if isinstance(error, NotReplicated):
        return FAULTS["unconfirmed"]
    if isinstance(error, OtherData):
        return FAULTS["other data"]
    if _certificate_refused(error):
        return FAULTS["certificate"]
    if isinstance(error, ResponseError) and code_of(error) in FAULTS:
        return FAULTS[code_of(error)]
    match error:
        case BusyLoadingError():
            return FAULTS["LOADING"]
        case AuthenticationError():
            return FAULTS["NOAUTH" if error.status_code == "NOAUTH" else "WRONGPASS"]
        case MasterNotFoundError() if AuthenticationError.__name__ in str(error):
            return FAULTS["WRONGPASS"]  # from the sentinels; redis-py has it only in the text
        case MaxConnectionsError():
            return FAULTS["connections"]
        case TimeoutError() | builtins.TimeoutError():
            return FAULTS["timeout"]
        case ConnectionError() if "max number of clients" in str(error):
            return FAULTS["connections"]
        case ConnectionError() if any(text in str(error) for text in _CLOSED):
            return FAULTS["closed"]
        case DataError() | ResponseError():
            return FAULTS["call"]
        case RedisError() | OSError():
            return FAULTS["unreachable"]
    return FAULTS["call"]


def chain_of(error: BaseException | None) -> Iterator[BaseException]:
    """The error and its causes; redis-py wraps socket errors."""
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _certificate_refused(error: BaseException) -> bool:
    """Whether a certificate was rejected, here or by the server."""
    return any(
        isinstance(cause, ssl.SSLCertVerificationError) or _CERTIFICATE.search(str(cause))
        for cause in chain_of(error)
    )
