"""What the settings mean, for docs/configuration.md (`make config-table`).

Names, defaults and who reads them are held against the readers by tests/local/test_config_table.py,
and the values that a setting may have are told by the readers themselves. A new setting gets its
line here, or in worker/ or local/ if it is only theirs.
"""

from __future__ import annotations

from dataclasses import dataclass

WEB, WORKER, FLOWER, CLIENT, CARDS = "web", "worker", "Flower", "client", "`cards`"
UP, TESTS = "`make up`", "tests"
EVERY = (WEB, WORKER, FLOWER, CLIENT, CARDS)
SENDERS = (WEB, CLIENT, CARDS)


@dataclass(frozen=True, slots=True)
class Setting:
    """A variable of the environment.

    `by`: who reads it. `default`: the value that leaving it out is the same as. `otherwise`: what
    leaving it out means where no value does. `values`: what it may be, where its reader's refusal
    does not say. `secret`: to be kept from everybody else. `foreign`: a library reads it.
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
        "where Redis is",
        (*EVERY, UP),
        otherwise="required; `make up` starts a Valkey",
        values="[forms](redis.md#settings)",
        secret=True,
    ),
    Setting(
        "CARDS_REDIS_CA",
        "the CA that signed the server's certificate",
        EVERY,
        otherwise="the CAs of the machine",
        values="a PEM file",
    ),
    Setting("CARDS_REDIS_CERT", "the certificate shown to the server", EVERY, values="a PEM file"),
    Setting(
        "CARDS_REDIS_KEY", "its key, without a passphrase", EVERY, values="a PEM file", secret=True
    ),
    Setting(
        "CARDS_REDIS_SERVER_NAME",
        "the name in the server's certificate",
        EVERY,
        otherwise="the host in `REDIS_URL`",
        values="a host name",
    ),
    Setting("CARDS_SENTINEL_USER", "the sentinels' user", EVERY, values="text"),
    Setting(
        "CARDS_SENTINEL_PASSWORD", "the sentinels' password", EVERY, values="text", secret=True
    ),
    Setting("CARDS_NAMESPACE", "stands before every key, queue and channel", EVERY),
    Setting("CARDS_REPLICAS", "replicas that must have a write before it counts", EVERY, "0"),
    Setting("CARDS_REPLICAS_FSYNC", "whether on their disks, too", EVERY, "no"),
    Setting(
        "CARDS_JOURNAL_ID",
        "the only journal to work with; `cards journal` shows it",
        EVERY,
        otherwise="the one found first",
    ),
    Setting("CARDS_ACCEPT_OTHER_DATA", "whether to go on where the journal was lost", EVERY, "no"),
)

_SHARED = (
    Setting("CARDS_LOG_FORMAT", "how log lines are written", (*SENDERS, WORKER), "text"),
    Setting(
        "CARDS_SIGNING_KEYS",
        "what commands and reads are [signed](signatures.md) with; the first signs, all verify",
        (*SENDERS, WORKER),
        otherwise="nothing is signed or looked at",
        values="keys of at least 32 printable ASCII characters, comma-separated",
        secret=True,
    ),
    Setting(
        "CARDS_REQUIRE_SIGNATURES",
        "whether what is not signed is refused",
        (*SENDERS, WORKER),
        "no",
    ),
    Setting(
        "CARDS_SIGNATURE_MAX_AGE",
        "how long after it was signed a command may be begun",
        (*SENDERS, WORKER),
        "691200",
    ),
    Setting("CARDS_LANGUAGE", "the language of messages", (*SENDERS, WORKER), "es"),
    Setting(
        "CARDS_SENDER",
        "the name of this service; idempotency keys are its own",
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
        "where migrations' files and results lie; on a disk that stays",
        (WEB, CARDS),
        ".cards-migrations",
        values="a folder",
    ),
    Setting(
        "CARDS_MIGRATION_RESULTS_MB",
        "how much of [what is recorded of a migration's rows](migrations.md#on-another-machine) "
        "Redis keeps for other machines, in MiB a migration; 0 keeps nothing",
        (WEB, CARDS),
        "256",
    ),
    Setting(
        "CARDS_MIGRATION_RESULTS_DAYS",
        "for how many days after the migration's end",
        (WEB, CARDS),
        "90",
    ),
)

_WEB = (
    Setting(
        "HOST",
        "where web listens",
        (WEB, UP),
        "127.0.0.1",
        values="an address; other than loopback only with tokens",
    ),
    Setting("PORT", "the port there", (WEB, UP), "8000"),
    Setting(
        "CARDS_OPERATIONS_PORT",
        "a port of their own for `/metrics`, `/docs` and `/openapi.json`",
        (WEB,),
        otherwise="they are at `PORT`",
    ),
    Setting(
        "CARDS_API_TOKENS",
        "who may ask",
        (WEB,),
        otherwise="everybody, on loopback",
        values="[tokens](http.md#tokens), comma-separated",
        secret=True,
    ),
    Setting(
        "CARDS_API_TOKENS_FILE",
        "more of them",
        (WEB,),
        values="a file of tokens, one a line",
        secret=True,
    ),
    Setting("CARDS_API_RPS", "what each token's name may ask of each web process", (WEB,), "0"),
    Setting("CARDS_HOSTS", "names that web is reached by", (WEB,)),
    Setting("CARDS_DOCS", "whether `/docs` and `/openapi.json` are anywhere", (WEB,), "on"),
    Setting("CARDS_METRICS", "whether `/metrics` is anywhere", (WEB,), "on"),
    Setting(
        "CARDS_SHUTDOWN_DELAY",
        "how long web answers after SIGTERM, not ready, for [balancers](deploying.md)",
        (WEB,),
        "0",
    ),
    Setting("CARDS_UPLOAD_LIMIT", "the largest upload", (WEB,), "1073741824"),
    Setting(
        "TMPDIR",
        "where plans of migrations are made, which take as much room as the file",
        (WEB, CARDS),
        otherwise="the machine's",
        values="a folder",
        foreign=True,
    ),
)

_HTTP = (
    Setting("CARDS_HTTP_HEAD_LIMIT", "bytes of a request's line and headers", (WEB,), "32768"),
    Setting("CARDS_HTTP_HEAD_TIMEOUT", "how long they may take", (WEB,), "15"),
    Setting("CARDS_HTTP_BODY_TIMEOUT", "how long a body may bring nothing", (WEB,), "30"),
    Setting("CARDS_HTTP_BODY_RATE", "bytes a second that a body has to bring", (WEB,), "4096"),
    Setting(
        "CARDS_HTTP_ANSWER_TIMEOUT",
        "how long an answer that fills all buffers may wait for its reader",
        (WEB,),
        "30",
    ),
    Setting("CARDS_HTTP_KEEP_ALIVE", "how long a connection is kept between requests", (WEB,), "5"),
    Setting("CARDS_HTTP_CONNECTIONS", "connections in all", (WEB,), "5000"),
    Setting("CARDS_HTTP_CONNECTIONS_PER_ADDRESS", "of one address", (WEB,), "4000"),
    Setting(
        "CARDS_HTTP_UNFINISHED_PER_ADDRESS",
        "of one address with a part of a head and, a second later, not the rest",
        (WEB,),
        "100",
    ),
    Setting(
        "CARDS_HTTP_TRUSTED_PROXIES",
        "whose `X-Forwarded-For` is believed ([behind a proxy](http-server.md#behind-a-proxy))",
        (WEB,),
    ),
)

_TRACED = (WEB, WORKER)
_TRACING = (
    Setting(
        "OTEL_EXPORTER_OTLP_ENDPOINT",
        "where traces are sent ([tracing](tracing.md)); setting it turns tracing on",
        _TRACED,
        otherwise="no traces",
        values="a URL",
        foreign=True,
    ),
    Setting(
        "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
        "the same, for traces alone",
        _TRACED,
        values="a URL",
        foreign=True,
    ),
    Setting(
        "OTEL_TRACES_EXPORTER",
        "which exporters",
        _TRACED,
        otherwise="otlp, where there is an endpoint",
        values="otlp, console or none, separated by commas",
        foreign=True,
    ),
    Setting(
        "OTEL_EXPORTER_OTLP_PROTOCOL",
        "how they are sent",
        _TRACED,
        otherwise="http/protobuf",
        values="http/protobuf",
        foreign=True,
    ),
    Setting(
        "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL",
        "the same, for traces alone",
        _TRACED,
        values="http/protobuf",
        foreign=True,
    ),
    Setting(
        "OTEL_SERVICE_NAME",
        "the name in traces",
        _TRACED,
        otherwise="card-commands-web, card-commands-worker",
        values="a name",
        foreign=True,
    ),
    Setting(
        "OTEL_RESOURCE_ATTRIBUTES",
        "what else is said of the process; a `service.name` here is the name",
        _TRACED,
        values="name=value, separated by commas",
        foreign=True,
    ),
    Setting(
        "OTEL_TRACES_SAMPLER",
        "which traces are kept",
        _TRACED,
        otherwise="all of them",
        values="a sampler of OpenTelemetry's",
        foreign=True,
    ),
    Setting(
        "OTEL_TRACES_SAMPLER_ARG",
        "what the sampler is given, such as a share",
        _TRACED,
        values="0 to 1",
        foreign=True,
    ),
    Setting("OTEL_SDK_DISABLED", "true: no traces", _TRACED, values="true or false", foreign=True),
)

_EVENTS = (
    Setting(
        "CARDS_STRIPE_WEBHOOK_SECRETS",
        "signing secrets of [Stripe's events](events.md#from-stripe)",
        (WEB,),
        otherwise="`/stripe/events` is 404",
        secret=True,
    ),
    Setting(
        "CARDS_STRIPE_CONTEXT",
        "the account that is acted on; an organisation's key (`sk_org_…`) needs it. Web takes "
        "[Stripe's events](events.md#from-stripe) of that account then",
        (WEB, WORKER),
        otherwise="the key's own account",
        values="acct_…, or several separated by /",
    ),
    Setting(
        "CARDS_CALLBACKS",
        "whether a request may name a [URL to be told](events.md#to-whoever-asked) of its end",
        (WEB,),
        "no",
    ),
    Setting(
        "CARDS_CALLBACK_ALLOW_PRIVATE",
        "whether also at a private address, and without TLS",
        (WEB, WORKER),
        "no",
    ),
)

_OWN = (
    Setting(
        "CARDS_REASONS_LANGUAGE",
        "set by web for a child that makes a report: the language of its reasons",
        (CARDS,),
        "en",
        values="es or en",
    ),
)

SETTINGS = (*_REDIS, *_SHARED, *_WEB, *_HTTP, *_TRACING, *_EVENTS, *_OWN)
