"""Describes the settings of worker and Flower (see `producer.settings_table`)."""

from __future__ import annotations

from producer.settings_table import CARDS, FLOWER, UP, WORKER, Setting

SETTINGS = (
    Setting(
        "STRIPE_API_KEY",
        "the account's key",
        (WORKER, UP),
        otherwise="required; `make up` starts a sandbox",
        values="a secret or restricted key",
        secret=True,
    ),
    Setting(
        "CARDS_CALLBACK_SECRETS",
        "what [callbacks](events.md#to-whoever-asked) are signed with",
        (WORKER,),
        otherwise="none is sent",
        secret=True,
    ),
    Setting("STRIPE_API_BASE", "where Stripe is", (WORKER, UP), otherwise="Stripe"),
    Setting(
        "HTTPS_PROXY",
        "the [proxy](stripe-connection.md#behind-a-proxy) before an https address; lower case, too",
        (WORKER,),
        values="URL",
        secret=True,
    ),
    Setting(
        "HTTP_PROXY",
        "the proxy before a stand-in's http address",
        (WORKER,),
        values="URL",
        secret=True,
    ),
    Setting("ALL_PROXY", "the proxy where neither is set", (WORKER,), values="URL", secret=True),
    Setting(
        "NO_PROXY", "what is reached without", (WORKER,), values="domains, addresses, networks"
    ),
    Setting(
        "CARDS_STRIPE_CA",
        "whose certificates are believed at Stripe's address",
        (WORKER,),
        otherwise="`SSL_CERT_FILE`, or those of Stripe's SDK",
        values="a PEM file",
    ),
    Setting("SSL_CERT_FILE", "the same, of other programs too", (WORKER,), values="a PEM file"),
    Setting("SSL_CERT_DIR", "more of them", (WORKER,), values="a folder as OpenSSL keeps it"),
    Setting("CARDS_STRIPE_TIMEOUT", "how long a request may take", (WORKER,), "20"),
    Setting(
        "CARDS_STRIPE_RPS",
        "what the account allows",
        (WORKER, CARDS),
        otherwise="by the key: live 100, test 25; 0 at a stand-in",
    ),
    Setting(
        "CARDS_STRIPE_ENDPOINT_RPS",
        "what it allows each endpoint",
        (WORKER, CARDS),
        otherwise="25; 0 at a stand-in",
    ),
    Setting("CARDS_INTERACTIVE_SHARE", "what the interactive lane has for itself", (WORKER,), "20"),
    Setting("CARDS_BULK_SHARE", "what the bulk lane always keeps", (WORKER,), "10"),
    Setting("CARDS_WORKER_CONCURRENCY", "commands at work at once", (WORKER,), "50"),
    Setting(
        "CARDS_LEASE", "after which a killed worker's customers are free again", (WORKER,), "15"
    ),
    Setting(
        "STRIPE_LOG",
        "of Stripe's SDK, which would print tokens",
        (WORKER,),
        values="must not be set",
    ),
    Setting(
        "CARDS_FLOWER_CONTROL",
        "whether Flower may steer workers and send tasks",
        (FLOWER,),
        "off",
        values="on or off",
    ),
    Setting(
        "FLOWER_ADDRESS",
        "where Flower listens; other than loopback only with a password",
        (FLOWER,),
        otherwise="everywhere",
        values="an address",
        foreign=True,
    ),
    Setting(
        "FLOWER_AUTH_PROVIDER",
        "and `FLOWER_AUTH`: another way to let people in",
        (FLOWER,),
        values="[Flower's](operations-local.md)",
        foreign=True,
    ),
    Setting(
        "FLOWER_UNAUTHENTICATED_API",
        "whether its API is open without a password, on loopback alone",
        (FLOWER,),
        "false",
        values="true or false",
        foreign=True,
    ),
    Setting(
        "FLOWER_BASIC_AUTH",
        "who may see Flower",
        (FLOWER,),
        otherwise="everybody, on loopback",
        values="user:password",
        secret=True,
        foreign=True,
    ),
)
