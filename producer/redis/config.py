"""Where Redis is and how to connect to it: REDIS_URL and related settings."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self, TypedDict
from urllib.parse import parse_qsl, unquote, urlsplit

from producer.redis.certificates import unusable_ca, unusable_pair

FORMS = (
    "redis://[user:password@]host[:port][/database], rediss:// for TLS, or "
    "sentinel://[user:password@]host:port,host:port/MASTER[/database] (sentinels:// for TLS)"
)
_PORT, _SENTINEL_PORT = 6379, 26379
_SENTINEL, _TLS = ("sentinel", "sentinels"), ("rediss", "sentinels")
_NAMESPACE = re.compile(r"[A-Za-z0-9_-]{1,64}")
_MASTER = re.compile(r"[A-Za-z0-9._-]+")
_VERIFY = {"none": False, "cert_none": False, "required": True, "cert_required": True}
_FILES = {"ssl_ca_certs": "ca", "ssl_certfile": "certificate", "ssl_keyfile": "key"}


class RedisConfigError(ValueError):
    """A Redis setting is wrong. The error names the setting, and never shows a password."""

    def __init__(self, name: str, reason: str) -> None:
        self.name = name
        self.reason = reason
        super().__init__(f"{name} {reason}")


@dataclass(frozen=True, slots=True)
class RedisConfig:
    """Where Redis is and how to connect to it.

    `nodes` are the addresses of the server, or of the sentinels where `master` names the primary
    they monitor. `namespace` is the prefix of every key, channel and queue. `replicas` is how many
    replicas must have a write before it counts: in memory, or on disk too with `replicas_fsync`.
    `journal_id` is the only journal to work with; with `accept_other_data` its loss is only
    logged.
    """

    url: str = field(repr=False)
    nodes: tuple[tuple[str, int], ...] = ()
    master: str = ""
    database: int = 0
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    sentinel_username: str | None = None
    sentinel_password: str | None = field(default=None, repr=False)
    tls: bool = False
    verify: bool = True
    ca: str | None = None
    certificate: str | None = None
    key: str | None = None
    server_name: str | None = None
    namespace: str = ""
    replicas: int = 0
    replicas_fsync: bool = False
    journal_id: str | None = None
    accept_other_data: bool = False

    @classmethod
    def of(cls, where: str | RedisConfig) -> RedisConfig:
        """The configuration of a URL alone. Raises RedisConfigError."""
        return where if isinstance(where, RedisConfig) else cls.from_environ({"REDIS_URL": where})

    @classmethod
    def from_environ(cls, environ: Mapping[str, str]) -> Self:
        """Read REDIS_URL, CARDS_NAMESPACE, CARDS_REPLICAS[_FSYNC], CARDS_REDIS_*, CARDS_SENTINEL_*.

        Raises:
            RedisConfigError: one of them is wrong, or REDIS_URL is missing.
        """
        url = _text(environ, "REDIS_URL")
        if not url:
            reason = "is not set; `make up` starts a Valkey and sets it"
            raise RedisConfigError("REDIS_URL", reason)
        scheme, nodes, master, database, username, password, options = _split(url)
        files = {
            "ca": _file(environ, "CARDS_REDIS_CA"),
            "certificate": _file(environ, "CARDS_REDIS_CERT"),
            "key": _file(environ, "CARDS_REDIS_KEY"),
        }
        for option, name in _FILES.items():
            if option in options:
                files[name] = files[name] or _existing("REDIS_URL", options[option])
        tls = scheme in _TLS
        verify = _verified(options)
        if not tls and (options or any(files.values())):
            reason = "must be rediss:// (or sentinels://) where certificates are named"
            raise RedisConfigError("REDIS_URL", reason)
        _usable(files)
        return cls(
            url=url,
            nodes=nodes,
            master=master,
            database=database,
            username=username,
            password=password,
            sentinel_username=_text(environ, "CARDS_SENTINEL_USER") or None,
            sentinel_password=_text(environ, "CARDS_SENTINEL_PASSWORD") or None,
            tls=tls,
            verify=verify,
            server_name=_text(environ, "CARDS_REDIS_SERVER_NAME") or None,
            namespace=_namespace(environ),
            **_replicas(environ),
            journal_id=_journal_id(environ),
            accept_other_data=_yes(environ, "CARDS_ACCEPT_OTHER_DATA"),
            **files,
        )

    @property
    def shown(self) -> str:
        """The URL without user, password and options."""
        scheme = self.url.partition("://")[0]
        nodes = ",".join(f"[{h}]:{p}" if ":" in h else f"{h}:{p}" for h, p in self.nodes)
        return f"{scheme}://{nodes}/{self.master + '/' if self.master else ''}{self.database}"

    def __json__(self) -> str:
        """How kombu serialises it when a worker sends its settings to `inspect` and Flower."""
        return self.shown

    @property
    def environ(self) -> dict[str, str]:
        """The settings from which `from_environ` builds this, for a child process."""
        settings = {
            "REDIS_URL": self.url,
            "CARDS_NAMESPACE": self.namespace.rstrip(":"),
            "CARDS_REPLICAS": str(self.replicas or ""),
            "CARDS_REPLICAS_FSYNC": "yes" if self.replicas_fsync else "",
            "CARDS_REDIS_CA": self.ca,
            "CARDS_REDIS_CERT": self.certificate,
            "CARDS_REDIS_KEY": self.key,
            "CARDS_REDIS_SERVER_NAME": self.server_name,
            "CARDS_SENTINEL_USER": self.sentinel_username,
            "CARDS_SENTINEL_PASSWORD": self.sentinel_password,
            "CARDS_JOURNAL_ID": self.journal_id,
            "CARDS_ACCEPT_OTHER_DATA": "yes" if self.accept_other_data else "",
        }
        return {name: value for name, value in settings.items() if value}


def _text(environ: Mapping[str, str], name: str) -> str:
    """The value; an empty one counts as not set, since compose files pass unset ones as empty."""
    return environ.get(name, "").strip()


def _split(
    url: str,
) -> tuple[str, tuple[tuple[str, int], ...], str, int, str | None, str | None, dict[str, str]]:
    """The URL's parts. Errors never show the value: it may contain a password."""
    wrong = RedisConfigError("REDIS_URL", f"must look like {FORMS}")
    try:
        parts = urlsplit(url)
        options = dict(parse_qsl(parts.query, keep_blank_values=True, strict_parsing=True))
    except ValueError:
        if "?" not in url:
            raise wrong from None
        raise RedisConfigError("REDIS_URL", "has options that cannot be read") from None
    if parts.scheme not in ("redis", "rediss", *_SENTINEL) or parts.fragment:
        raise wrong
    user_info, _, places = parts.netloc.rpartition("@")
    username, _, password = user_info.partition(":")
    master, database = "", parts.path.strip("/")
    if parts.scheme in _SENTINEL:
        master, _, database = database.partition("/")
        if not _MASTER.fullmatch(master):
            raise wrong
    elif "," in places:
        raise wrong
    if not re.fullmatch(r"[0-9]{0,6}", database):
        raise wrong
    default = _SENTINEL_PORT if master else _PORT
    try:
        nodes = tuple(_node(place, default) for place in places.split(","))
    except ValueError:
        raise wrong from None
    return (
        parts.scheme,
        nodes,
        master,
        int(database or 0),
        unquote(username) or None,
        unquote(password) or None,
        options,
    )


def _node(place: str, default_port: int) -> tuple[str, int]:
    """Host and port. Raises ValueError."""
    parts = urlsplit(f"//{place}")
    if not parts.hostname or parts.port == 0 or not re.fullmatch(r"[\w.:%-]+", parts.hostname):
        raise ValueError
    return parts.hostname, parts.port or default_port


def _verified(options: dict[str, str]) -> bool:
    """Whether the URL's options have the certificate verified. Unknown options are an error."""
    verify = True
    for name, value in options.items():
        if name == "ssl_cert_reqs":
            found = _VERIFY.get(value.lower())
            if found is None:
                raise RedisConfigError("REDIS_URL", f"{name} must be required or none")
            verify = found
        elif name not in _FILES:
            known = ", ".join(("ssl_cert_reqs", *_FILES))
            shown = name if re.fullmatch(r"\w{1,40}", name) else "an option"
            raise RedisConfigError("REDIS_URL", f"has {shown}, which is not one of {known}")
    return verify


def _file(environ: Mapping[str, str], name: str) -> str | None:
    text = _text(environ, name)
    return _existing(name, text) if text else None


def _existing(name: str, path: str) -> str:
    if not Path(path).is_file():
        raise RedisConfigError(name, f"names no file: {path[:200]!r}")
    return path


def _usable(files: Mapping[str, str | None]) -> None:
    """Raise RedisConfigError unless TLS can use these files."""
    ca, certificate, key = (files[name] for name in ("ca", "certificate", "key"))
    if certificate and not key:
        raise RedisConfigError("CARDS_REDIS_KEY", "is not set, but CARDS_REDIS_CERT is")
    if key and not certificate:
        raise RedisConfigError("CARDS_REDIS_CERT", "is not set, but CARDS_REDIS_KEY is")
    if ca and (reason := unusable_ca(ca)):
        raise RedisConfigError("CARDS_REDIS_CA", reason)
    if certificate and key and (found := unusable_pair(certificate, key)):
        name, reason = found
        raise RedisConfigError(f"CARDS_REDIS_{'KEY' if name == 'key' else 'CERT'}", reason)


def _namespace(environ: Mapping[str, str]) -> str:
    text = _text(environ, "CARDS_NAMESPACE").rstrip(":")
    if text and not _NAMESPACE.fullmatch(text):
        raise RedisConfigError(
            "CARDS_NAMESPACE", "must be of at most 64 letters, digits, hyphens and underscores"
        )
    return f"{text}:" if text else ""


class _Replicas(TypedDict):
    replicas: int
    replicas_fsync: bool


def _replicas(environ: Mapping[str, str]) -> _Replicas:
    text, fsync = _text(environ, "CARDS_REPLICAS"), _yes(environ, "CARDS_REPLICAS_FSYNC")
    if text and not re.fullmatch(r"[0-9]", text):
        raise RedisConfigError("CARDS_REPLICAS", "must be a number from 0 to 9")
    if fsync and not int(text or 0):
        raise RedisConfigError("CARDS_REPLICAS_FSYNC", "needs CARDS_REPLICAS, which is not set")
    return {"replicas": int(text or 0), "replicas_fsync": fsync}


def _journal_id(environ: Mapping[str, str]) -> str | None:
    text = _text(environ, "CARDS_JOURNAL_ID")
    if text and not re.fullmatch(r"[0-9a-f]{32}", text):
        raise RedisConfigError("CARDS_JOURNAL_ID", "must be of 32 hexadecimal digits, as shown")
    return text or None


def _yes(environ: Mapping[str, str], name: str) -> bool:
    match _text(environ, name).lower():
        case "yes" | "true" | "1":
            return True
        case "" | "no" | "false" | "0":
            return False
        case _:
            raise RedisConfigError(name, "must be yes or no")
