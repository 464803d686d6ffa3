"""The journal: every accepted command, in Redis. It carries the guarantees; messages only wake.

Each operation is a `Call`, made without touching the network and run by `Journal` (async) or
`BlockingJournal`. All of them may be repeated without harm.
"""

from producer.journal.admission import Acceptance, Candidate, accept, accept_many, refuse
from producer.journal.calls import Call
from producer.journal.connection import (
    BlockingJournal,
    Journal,
    JournalFault,
    JournalUnavailable,
)
from producer.journal.counts import Ended, Figures, count, figures
from producer.journal.grants import Grant, InHand, Taken, TakenAs
from producer.journal.identity import (
    Identity,
    JournalWatch,
    first_use,
    identity,
    journal_id,
    journal_in_use,
)
from producer.journal.leases import (
    Again,
    End,
    KeyStopped,
    close,
    renew,
    resume,
    resume_many,
    sweep,
    take,
    take_many,
)
from producer.journal.limits import UNLIMITED, Limits, Pace, paces, reserve
from producer.journal.operations import (
    Backlog,
    backlog,
    cancel,
    heartbeat,
    replay,
    stopped,
    stuck_for,
    workers_seen,
    write_probe,
)
from producer.journal.pauses import Pause, leased, pause_lane, paused_lanes, resume_lane
from producer.journal.reads import (
    answer_read,
    read_answer,
    read_wanted,
    request_customer,
    request_read,
)
from producer.journal.views import RecordDamaged, status, statuses

__all__ = [
    "UNLIMITED",
    "Acceptance",
    "Again",
    "Backlog",
    "BlockingJournal",
    "Call",
    "Candidate",
    "End",
    "Ended",
    "Figures",
    "Grant",
    "Identity",
    "InHand",
    "Journal",
    "JournalFault",
    "JournalUnavailable",
    "JournalWatch",
    "KeyStopped",
    "Limits",
    "Pace",
    "Pause",
    "RecordDamaged",
    "Taken",
    "TakenAs",
    "accept",
    "accept_many",
    "answer_read",
    "backlog",
    "cancel",
    "close",
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
    "resume",
    "resume_lane",
    "resume_many",
    "status",
    "statuses",
    "stopped",
    "stuck_for",
    "sweep",
    "take",
    "take_many",
    "workers_seen",
    "write_probe",
]
