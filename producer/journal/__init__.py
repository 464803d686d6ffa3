"""The journal: every accepted command, in Redis. It carries the guarantees; messages wake workers.

Each operation is a `Call`, built without touching the network and run by `Journal` (async) or
`BlockingJournal`. Every call may be repeated without harm.
"""

from producer.journal.commands.acceptance import Acceptance, Candidate, accept, accept_many, refuse
from producer.journal.commands.reads import (
    answer_read,
    read_answer,
    read_wanted,
    request_customer,
    request_read,
)
from producer.journal.commands.views import RecordDamaged, status, statuses
from producer.journal.leases.claims import (
    ClaimingStopped,
    End,
    Retry,
    claim,
    claim_many,
    claim_next,
    claim_next_many,
    complete,
    renew,
    sweep,
)
from producer.journal.leases.grants import ClaimResult, ClaimStatus, Deferred, Grant
from producer.journal.leases.rate_limit import UNLIMITED, Limits, Pace, paces, reserve
from producer.journal.operations.cancel_replay import cancel, replay
from producer.journal.operations.counts import Ended, Figures, count, figures
from producer.journal.operations.health import (
    Backlog,
    backlog,
    heartbeat,
    stopped,
    stuck_for,
    workers_seen,
    write_probe,
)
from producer.journal.operations.identity import (
    Identity,
    JournalWatch,
    first_use,
    identity,
    journal_id,
    journal_in_use,
)
from producer.journal.operations.pauses import Pause, leased, pause_lane, paused_lanes, resume_lane
from producer.journal.redis.calls import Call
from producer.journal.redis.connection import (
    BlockingJournal,
    Journal,
    JournalFault,
    JournalUnavailable,
)

__all__ = [
    "UNLIMITED",
    "Acceptance",
    "Backlog",
    "BlockingJournal",
    "Call",
    "Candidate",
    "ClaimResult",
    "ClaimStatus",
    "ClaimingStopped",
    "Deferred",
    "End",
    "Ended",
    "Figures",
    "Grant",
    "Identity",
    "Journal",
    "JournalFault",
    "JournalUnavailable",
    "JournalWatch",
    "Limits",
    "Pace",
    "Pause",
    "RecordDamaged",
    "Retry",
    "accept",
    "accept_many",
    "answer_read",
    "backlog",
    "cancel",
    "claim",
    "claim_many",
    "claim_next",
    "claim_next_many",
    "complete",
    "count",
    "figures",
    "first_use",
    "heartbeat",
    "identity",
    "journal_id",
    "journal_in_use",
    "leased",
    "paces",
    "pause_lane",
    "paused_lanes",
    "read_answer",
    "read_wanted",
    "refuse",
    "renew",
    "replay",
    "request_customer",
    "request_read",
    "reserve",
    "resume_lane",
    "status",
    "statuses",
    "stopped",
    "stuck_for",
    "sweep",
    "workers_seen",
    "write_probe",
]
