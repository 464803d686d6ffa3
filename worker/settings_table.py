"""What the settings of worker and Flower mean (see `producer.settings_table`)."""

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
    Setting("STRIPE_API_BASE", "where Stripe is", (WORKER, UP), otherwise="Stripe"),
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
        "FLOWER_BASIC_AUTH",
        "who may see Flower",
        (FLOWER,),
        otherwise="everybody",
        values="user:password",
        secret=True,
        foreign=True,
    ),
)
