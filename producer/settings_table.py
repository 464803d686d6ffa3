"""Descriptions of the settings, for docs/configuration.md (`make config-table`).

tests/local/test_config_table.py compares names, defaults and readers with the code that reads the
settings; the allowed values come from that code's errors. Add a new setting here, or in worker/ or
local/ if only they read it.
"""

from __future__ import annotations

from dataclasses import dataclass

WEB, WORKER, FLOWER, CLIENT, CARDS = "web", "worker", "Flower", "client", "`cards`"
UP, TESTS = "`make up`", "tests"
EVERY = (WEB, WORKER, FLOWER, CLIENT, CARDS)
SENDERS = (WEB, CLIENT, CARDS)


@dataclass(frozen=True, slots=True)
class Setting:
    """An environment variable.

    `by`: the processes that read it. `default`: its default value. `otherwise`: what an unset one
    means, if no value means the same. `values`: the allowed values, if its reader's error does not
    name them. `secret`: other processes must not have it. `foreign`: a library reads it.
    """

    name: str
    meaning: str
    by: tuple[str, ...]
    default: str = ""
    otherwise: str = ""
    values: str = ""
    secret: bool = False
    foreign: bool = False


_REDIS = (
    Setting(
        "REDIS_URL",
        "address of Redis",
        (*EVERY, UP),
        otherwise="required; `make up` starts a Valkey",
        values="[forms](redis.md#settings)",
        secret=True,
    ),
    Setting(
        "CARDS_REDIS_CA",
        "CA certificate that signed Redis' certificate",
        EVERY,
        otherwise="the CAs of the machine",
        values="a PEM file",
    ),
    Setting("CARDS_REDIS_CERT", "client certificate for Redis", EVERY, values="a PEM file"),
    Setting(
        "CARDS_REDIS_KEY",
        "key of the client certificate, without a passphrase",
        EVERY,
        values="a PEM file",
        secret=True,
    ),
    Setting(
        "CARDS_REDIS_SERVER_NAME",
        "name in Redis' certificate",
        EVERY,
        otherwise="the host in `REDIS_URL`",
        values="a host name",
    ),
    Setting("CARDS_SENTINEL_USER", "user name for the sentinels", EVERY, values="text"),
    Setting(
        "CARDS_SENTINEL_PASSWORD",
        "password for the sentinels",
        EVERY,
        values="text",
        secret=True,
    ),
    Setting("CARDS_NAMESPACE", "prefix of every key, queue and channel", EVERY),
    Setting("CARDS_REPLICAS", "replicas that must confirm a write before it counts", EVERY, "0"),
    Setting(
        "CARDS_REPLICAS_FSYNC", "whether replicas confirm only once it is on disk", EVERY, "no"
    ),
    Setting(
        "CARDS_JOURNAL_ID",
        "id of the only journal to work with; `cards journal` shows it",
        EVERY,
        otherwise="the first journal found",
    ),
    Setting("CARDS_ACCEPT_OTHER_DATA", "whether to continue if the journal was lost", EVERY, "no"),
)

_SHARED = (
    Setting("CARDS_LOG_FORMAT", "format of log lines", (*SENDERS, WORKER), "text"),
    Setting(
        "CARDS_SIGNING_KEYS",
        "keys that [sign](signatures.md) commands and reads; the first signs, all verify",
        (*SENDERS, WORKER),
        otherwise="nothing is signed or verified",
        values="keys of at least 32 printable ASCII characters, comma-separated",
        secret=True,
    ),
    Setting(
        "CARDS_REQUIRE_SIGNATURES",
        "whether unsigned commands and reads are refused",
        (*SENDERS, WORKER),
        "no",
    ),
    Setting(
        "CARDS_SIGNATURE_MAX_AGE",
        "maximum age of a command's signature at its start",
        (*SENDERS, WORKER),
        "691200",
    ),
    Setting("CARDS_LANGUAGE", "language of messages", (*SENDERS, WORKER), "es"),
    Setting(
        "CARDS_SENDER",
        "name of this service; each sender has its own idempotency keys",
        (*SENDERS, WORKER),
        values="a letter, then letters, digits, `.`, `_` and `-`",
    ),
    Setting(
        "CARDS_STATUS_TTL",
        "how long an ended command, its result and its idempotency key are kept",
        (*SENDERS, WORKER),
        "172800",
    ),
    Setting(
        "CARDS_BULK_STATUS_TTL",
        "the same in the bulk lane",
        (*SENDERS, WORKER),
        "86400",
    ),
    Setting(
        "CARDS_MIGRATIONS_DIR",
        "folder of migrations' files and results; must be on a persistent disk",
        (WEB, CARDS),
        ".cards-migrations",
        values="a folder",
    ),
    Setting(
        "CARDS_MIGRATION_RESULTS_MB",
        "how much of each migration's [recorded rows](migrations.md#on-another-machine) Redis "
        "keeps for other machines, in MiB; 0 keeps nothing",
        (WEB, CARDS),
        "256",
    ),
    Setting(
        "CARDS_MIGRATION_RESULTS_DAYS",
        "how long Redis keeps them after the migration's end, in days",
        (WEB, CARDS),
        "90",
    ),
)

_WEB = (
    Setting(
        "HOST",
        "address on which web listens",
        (WEB, UP),
        "127.0.0.1",
        values="an address; other than loopback only with tokens",
    ),
    Setting("PORT", "port on which web listens", (WEB, UP), "8000"),
    Setting(
        "CARDS_OPERATIONS_PORT",
        "separate port for `/metrics`, `/docs` and `/openapi.json`",
        (WEB,),
        otherwise="they are at `PORT`",
    ),
    Setting(
        "CARDS_API_TOKENS",
        "tokens that give access to the API",
        (WEB,),
        otherwise="everybody has access, on loopback only",
        values="[tokens](http.md#tokens), comma-separated",
        secret=True,
    ),
    Setting(
        "CARDS_API_TOKENS_FILE",
        "file of further tokens",
        (WEB,),
        values="a file with one token per line",
        secret=True,
    ),
    Setting("CARDS_API_RPS", "request rate of each token's name at each web process", (WEB,), "0"),
    Setting("CARDS_HOSTS", "host names under which clients reach web", (WEB,)),
    Setting("CARDS_DOCS", "whether web serves `/docs` and `/openapi.json`", (WEB,), "on"),
    Setting("CARDS_METRICS", "whether web serves `/metrics`", (WEB,), "on"),
    Setting(
        "CARDS_SHUTDOWN_DELAY",
        "how long web still answers after SIGTERM, as not ready, for "
        "[load balancers](deploying.md)",
        (WEB,),
        "0",
    ),
    Setting("CARDS_UPLOAD_LIMIT", "maximum size of an upload", (WEB,), "1073741824"),
    Setting(
        "TMPDIR",
        "folder in which migrations are planned, which needs as much space as the file",
        (WEB, CARDS),
        otherwise="the system's",
        values="a folder",
        foreign=True,
    ),
)

_HTTP = (
    Setting(
        "CARDS_HTTP_HEAD_LIMIT",
        "maximum size of a request's line and headers, in bytes",
        (WEB,),
        "32768",
    ),
    Setting("CARDS_HTTP_HEAD_TIMEOUT", "maximum time to receive the headers", (WEB,), "15"),
    Setting("CARDS_HTTP_BODY_TIMEOUT", "maximum pause within a body", (WEB,), "30"),
    Setting("CARDS_HTTP_BODY_RATE", "minimum rate of a body, in bytes a second", (WEB,), "4096"),
    Setting(
        "CARDS_HTTP_ANSWER_TIMEOUT",
        "how long an answer may wait for a client that does not read, once all buffers are full",
        (WEB,),
        "30",
    ),
    Setting(
        "CARDS_HTTP_KEEP_ALIVE",
        "how long an idle connection stays open between requests",
        (WEB,),
        "5",
    ),
    Setting("CARDS_HTTP_CONNECTIONS", "maximum number of connections", (WEB,), "5000"),
    Setting(
        "CARDS_HTTP_CONNECTIONS_PER_ADDRESS",
        "maximum number of connections from one address",
        (WEB,),
        "4000",
    ),
    Setting(
        "CARDS_HTTP_UNFINISHED_PER_ADDRESS",
        "maximum number of connections from one address with headers that are incomplete for more "
        "than a second",
        (WEB,),
        "100",
    ),
    Setting(
        "CARDS_HTTP_TRUSTED_PROXIES",
        "proxies whose `X-Forwarded-For` is trusted "
        "([behind a proxy](http-server.md#behind-a-proxy))",
        (WEB,),
    ),
)

_TRACED = (WEB, WORKER)
_TRACING = (
    Setting(
        "OTEL_EXPORTER_OTLP_ENDPOINT",
        "URL that traces are sent to; it turns [tracing](tracing.md) on",
        _TRACED,
        otherwise="no traces",
        values="a URL",
        foreign=True,
    ),
    Setting(
        "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
        "the same, for traces only",
        _TRACED,
        values="a URL",
        foreign=True,
    ),
    Setting(
        "OTEL_TRACES_EXPORTER",
        "exporters of traces",
        _TRACED,
        otherwise="otlp, if there is an endpoint",
        values="otlp, console or none, separated by commas",
        foreign=True,
    ),
    Setting(
        "OTEL_EXPORTER_OTLP_PROTOCOL",
        "protocol of the exporter",
        _TRACED,
        otherwise="http/protobuf",
        values="http/protobuf",
        foreign=True,
    ),
    Setting(
        "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL",
        "the same, for traces only",
        _TRACED,
        values="http/protobuf",
        foreign=True,
    ),
    Setting(
        "OTEL_SERVICE_NAME",
        "service name in traces",
        _TRACED,
        otherwise="card-commands-web, card-commands-worker",
        values="a name",
        foreign=True,
    ),
    Setting(
        "OTEL_RESOURCE_ATTRIBUTES",
        "further attributes of the process; a `service.name` sets the service name",
        _TRACED,
        values="name=value, separated by commas",
        foreign=True,
    ),
    Setting(
        "OTEL_TRACES_SAMPLER",
        "sampler of traces",
        _TRACED,
        otherwise="all traces are kept",
        values="an OpenTelemetry sampler",
        foreign=True,
    ),
    Setting(
        "OTEL_TRACES_SAMPLER_ARG",
        "argument of the sampler, such as a ratio",
        _TRACED,
        values="0 to 1",
        foreign=True,
    ),
    Setting(
        "OTEL_SDK_DISABLED",
        "whether tracing is disabled",
        _TRACED,
        values="true or false",
        foreign=True,
    ),
)

_EVENTS = (
    Setting(
        "CARDS_STRIPE_WEBHOOK_SECRETS",
        "signing secrets of [Stripe events](events.md#from-stripe)",
        (WEB,),
        otherwise="`/stripe/events` is 404",
        secret=True,
    ),
    Setting(
        "CARDS_STRIPE_CONTEXT",
        "Stripe account to act on; an organisation's key (`sk_org_…`) needs it. Web then accepts "
        "[Stripe events](events.md#from-stripe) of that account",
        (WEB, WORKER),
        otherwise="the key's own account",
        values="acct_…, or several separated by /",
    ),
    Setting(
        "CARDS_CALLBACKS",
        "whether a request may name a [callback URL](events.md#to-whoever-asked) to notify of its "
        "end",
        (WEB,),
        "no",
    ),
    Setting(
        "CARDS_CALLBACK_ALLOW_PRIVATE",
        "whether callback URLs may have a private address, and no TLS",
        (WEB, WORKER),
        "no",
    ),
)

_OWN = (
    Setting(
        "CARDS_REASONS_LANGUAGE",
        "set by web for a child process that writes a report: the language of its reasons",
        (CARDS,),
        "en",
        values="es or en",
    ),
)

SETTINGS = (*_REDIS, *_SHARED, *_WEB, *_HTTP, *_TRACING, *_EVENTS, *_OWN)
