"""The only module that knows Redis key names: for Python, and as a preamble for the Lua scripts.

CARDS_NAMESPACE, where it is set, is put before each name, and before the names of queues.

Releases that run side by side share the stored names, so these stay.

| key | type | what it holds |
|---|---|---|
| `cards:command:ID` | hash | the journal row of a command |
| `cards:pending:CUSTOMER` | sorted set | ids of the customer's open commands, by sequence |
| `cards:customer:CUSTOMER` | hash | the customer's lease (fields below) |
| `cards:history:CUSTOMER` | string | ids of the customer's ended commands, the newest last |
| `cards:stripe-events:CUSTOMER` | hash | the customer's newest 20 Stripe events, by their id |
| `cards:callback:ID` | string | the URL to notify of the command's end |
| `cards:callbacks` | sorted set | ends to report to a URL: time (ms) and id, by when to try (ms) |
| `cards:watch` | sorted set | customers, by when a worker must claim for them (ms) |
| `cards:queued:QUEUE` | sorted set | ids whose message has not been received yet, by sequence |
| `cards:flow:FLOW` | string | number of the bulk queue of a flow |
| `cards:flows` | sorted set | numbers of the bulk queues, by when they were last sent to (ms) |
| `cards:limit:SCOPE` | hash | the rate limit of the account or an endpoint (`rate_limit.lua`) |
| `cards:mark` | hash | per queue the highest sequence received; per lane the last attempt |
| `cards:idempotency:DIGEST` | string | command id and body digest of an `Idempotency-Key` |
| `cards:failed` | sorted set | ids of failed commands, by when they failed (ms) |
| `cards:later` | hash | per customer and slot of a failed default: what was applied since |
| `cards:dead-letters` | list | the newest 1,000 messages that cannot be carried out |
| `cards:dead-letter-counts` | hash | how many there ever were, by reason |
| `cards:repeats` | hash | per lane, messages that arrived after their command had ended |
| `cards:damaged` | sorted set | ids whose row was found damaged, by when (ms) |
| `cards:stop` | hash | why and until when claiming is stopped (Stripe refused our API key) |
| `cards:counts` | hash | counts for monitoring (`operations/counts.py`) |
| `cards:retried` | sorted set | open commands that were retried, by when first (ms) |
| `cards:paused` | hash | per paused lane: since when (ms), and the reason |
| `cards:held:LANE` | sorted set | customers whose next command is of a paused lane |
| `cards:workers` | sorted set | worker names, by when they were last seen (ms) |
| `cards:sequence` | string | the last number given to a command or a fencing token |
| `cards:untold` | sorted set | ends without an attempt, to report to Flower, by their time (ms) |
| `cards:skipping` | sorted set | unfinished migrations that skip newer defaults |
| `cards:set:CUSTOMER SLOT` | string | meanwhile: when a command outside them last set it (ms) |
| `cards:migrations` | sorted set | ids of migrations, by when they were created (ms) |
| `cards:migration:ID` | hash | a migration: its state, its driver, counts of rows by state |
| `cards:migration-ledger:ID` | string | the state of each row, in four bits |
| `cards:migration-ended:ID` | sorted set | ended commands not yet recorded, by row number |
| `cards:migration-codes:ID` | hash | how many rows were not applied, by code |
| `cards:migration-details:ID` | hash | code and message of the first rows that were not applied |
| `cards:migration-results:ID` | list | its recorded rows, packed, by driver |
| `cards:migration-plan:ID` | string | the plan made of its file before anything was sent, as JSON |
| `cards:forgotten` | sorted set | ids of migrations forgotten in the last 30 days, by when (ms) |
| `cards:session:DIGEST` | string | a web session: the name of its token |
| `cards:read:ID` | string | a read's answer, or that it is still wanted |
| `cards:journal` | string | the journal's id, written at first use |
| `cards:journal-since` | string | when that was (ms) |
| `cards:barrier` | string | written before replicas are waited for, always the same |
| `cards:changed:ID` | channel | each state the command enters |
| `/DB.celeryev/ROUTING` | channel | Celery's events, where kombu's fan-out exchange has them |
| `celery-task-meta-ID` | string and channel | the envelope, as Celery's backend stores it |

Lua (`KEY_DUE`) and the dictionaries below (`due`) call a key by its stored name, but for these:

| key | name in Lua |
|---|---|
| `cards:stripe-events:CUSTOMER` | `KEY_EVENTS` |
| `cards:watch` | `KEY_DUE` |
| `cards:mark` | `KEY_HIGH_WATER` |
| `cards:later` | `KEY_APPLIED_SINCE` |
| `cards:held:LANE` | `KEY_PAUSED_CUSTOMERS` |
| `cards:untold` | `KEY_UNREPORTED` |
| `cards:skipping` | `KEY_SKIP_IF_NEWER` |
| `cards:set:CUSTOMER SLOT` | `KEY_LAST_SET` |
| `cards:migration-results:ID` | `KEY_RECORDED` |
| `celery-task-meta-ID` | `KEY_RESULT` |

Stored fields whose names differ from the terms of docs/glossary.md:

| key | field | meaning |
|---|---|---|
| `cards:customer:` | `fence` | the fencing token of the last lease |
| | `until` | when the lease expires (ms); 0 without a lease |
| | `open` | the command that is running or unsettled: it goes first |
| | `called` | the customer's high-water mark: the highest sequence delivered |
| | `start` | when the granted request may be sent (ms) |
| `cards:command:` | `tries` | attempts |
| | `closed` | the fencing token of the last completed attempt |
| | `strikes` | leases that expired since an attempt was completed |
| | `struck` | the fencing token of the lease that expired last |
| | `sent` | when the first attempt that may have had an effect was granted (ms) |
| | `look` | set by a replay: look up first whether the command took effect |
| | `told` | a Stripe event confirmed the request of the running attempt |
| | `keyno` | the suffix of the idempotency key, less one; none for the first key |
| | `tryN` | one of the last 20 attempts that led to a retry |
| | `first`, `before` | the customer is to be read first; the default that was found |
| | `since`, `expected` | when the migration was created; the default it expects |
| `cards:mark` | `try:LANE` | when a command of the lane was last attempted (ms) |
"""

from __future__ import annotations

from producer.journal.redis.buckets import END_S
from producer.journal.redis.endpoints import Endpoint
from producer.journal.redis.queues import FLOW_QUEUES


class Key(str):
    """The name of a key or channel; the journal puts the namespace before it."""

    __slots__ = ()


_PATTERNS = {
    "command": "cards:command:",
    "pending": "cards:pending:",
    "customer": "cards:customer:",
    "history": "cards:history:",
    "callback": "cards:callback:",
    "events": "cards:stripe-events:",
    "queued": "cards:queued:",
    "idempotency": "cards:idempotency:",
    "changed": "cards:changed:",
    "read": "cards:read:",
    "session": "cards:session:",
    "flow": "cards:flow:",
    "limit": "cards:limit:",
    "last_set": "cards:set:",
    "paused_customers": "cards:held:",
    "migration": "cards:migration:",
    "ledger": "cards:migration-ledger:",
    "ended": "cards:migration-ended:",
    "codes": "cards:migration-codes:",
    "details": "cards:migration-details:",
    "recorded": "cards:migration-results:",
    "plan": "cards:migration-plan:",
    # celery.backends.base.KeyValueStoreBackend.task_keyprefix
    "result": "celery-task-meta-",
}
_SINGLES = {
    "due": "cards:watch",
    "callbacks": "cards:callbacks",
    "high_water": "cards:mark",
    "failed": "cards:failed",
    "applied_since": "cards:later",
    "damaged": "cards:damaged",
    "repeats": "cards:repeats",
    "dead_letters": "cards:dead-letters",
    "dead_letter_counts": "cards:dead-letter-counts",
    "stop": "cards:stop",
    "paused": "cards:paused",
    "counts": "cards:counts",
    "retried": "cards:retried",
    "workers": "cards:workers",
    "sequence": "cards:sequence",
    "unreported": "cards:untold",
    "flows": "cards:flows",
    "migrations": "cards:migrations",
    "skip_if_newer": "cards:skipping",
    "forgotten": "cards:forgotten",
    "journal": "cards:journal",
    "journal_since": "cards:journal-since",
}

BARRIER = Key("cards:barrier")
JOURNAL = Key(_SINGLES["journal"])
JOURNAL_SINCE = Key(_SINGLES["journal_since"])
FAILED = Key(_SINGLES["failed"])
CALLBACKS = Key(_SINGLES["callbacks"])
DAMAGED = Key(_SINGLES["damaged"])
DEAD_LETTERS = Key(_SINGLES["dead_letters"])
DEAD_LETTER_COUNTS = Key(_SINGLES["dead_letter_counts"])
REPEATS = Key(_SINGLES["repeats"])
FORGOTTEN = Key(_SINGLES["forgotten"])
MIGRATIONS = Key(_SINGLES["migrations"])
PAUSED = Key(_SINGLES["paused"])
RETRIED = Key(_SINGLES["retried"])
STOP = Key(_SINGLES["stop"])
DUE = Key(_SINGLES["due"])
WORKERS = Key(_SINGLES["workers"])


def command(command_id: str) -> Key:
    """The row of a command."""
    return Key(_PATTERNS["command"] + command_id)


def command_of_row(row: str) -> str:
    """The command whose row has that key, as the server names it."""
    return row.partition(_PATTERNS["command"])[2]


def pending(customer: str) -> Key:
    """The customer's open commands."""
    return Key(_PATTERNS["pending"] + customer)


def result(command_id: str) -> Key:
    """The command's result, where Celery's results backend reads it."""
    return Key(_PATTERNS["result"] + command_id)


def changed(command_id: str) -> Key:
    """The channel on which the command's changes of state are published."""
    return Key(_PATTERNS["changed"] + command_id)


def command_of_channel(channel: str) -> str:
    """The command whose changes the channel carries."""
    return channel.removeprefix(_PATTERNS["changed"])


def read(read_id: str) -> Key:
    """The answer to a read."""
    return Key(_PATTERNS["read"] + read_id)


def session(digest: str) -> Key:
    """A web session."""
    return Key(_PATTERNS["session"] + digest)


def stripe_events(customer: str) -> Key:
    """The newest Stripe events about the customer."""
    return Key(_PATTERNS["events"] + customer)


def callback(command_id: str) -> Key:
    """The URL to notify of the command's end."""
    return Key(_PATTERNS["callback"] + command_id)


def queue(name: str) -> Key:
    """The list of a Celery queue's messages."""
    return Key(name)


def events(database: int, routing_key: str) -> Key:
    """The channel of Celery's events (kombu.transport.redis.Channel._get_publish_topic)."""
    return Key(f"/{database}.celeryev/{routing_key}")


def queued(queue: str) -> Key:
    """The commands whose message is in the queue and has not been received."""
    return Key(_PATTERNS["queued"] + queue)


def limit(scope: str) -> Key:
    """The rate limit of `account`, or of an endpoint."""
    return Key(_PATTERNS["limit"] + scope)


def migration(migration_id: str) -> Key:
    """The record of a migration."""
    return Key(_PATTERNS["migration"] + migration_id)


def codes(migration_id: str) -> Key:
    """How many rows of a migration were not applied, by code."""
    return Key(_PATTERNS["codes"] + migration_id)


def details(migration_id: str) -> Key:
    """Code and message of the first rows of a migration that were not applied."""
    return Key(_PATTERNS["details"] + migration_id)


def recorded(migration_id: str) -> Key:
    """A migration's recorded rows, in frames."""
    return Key(_PATTERNS["recorded"] + migration_id)


def plan(migration_id: str) -> Key:
    """The plan made of the migration's file before anything was sent."""
    return Key(_PATTERNS["plan"] + migration_id)


def lua_preamble(namespace: str = "") -> str:
    """These names as Lua locals, `KEY_COMMAND .. id`, ..., `KEY_DUE`; and other constants."""
    named = {**_PATTERNS, **_SINGLES, "queue": ""}
    constants = [f"local KEY_{name.upper()} = '{namespace}{key}'" for name, key in named.items()]
    constants += [f"local ENDPOINT_{endpoint.name} = '{endpoint}'" for endpoint in Endpoint]
    constants.append(f"local FLOW_QUEUES = {FLOW_QUEUES}")
    bounds = ", ".join(str(int(seconds * 1000)) for seconds in END_S)
    constants.append(f"local END_BUCKETS = {{{bounds}}}")
    return "\n".join(constants) + "\n"
