"""Our worker without metrics; with UNLOGGED set also without a log of commands.

`celery -A benchmarks.peers.blind_worker worker`, instead of `worker.app`.
"""

from __future__ import annotations

import logging
import os
from typing import Any

import worker.composition
import worker.execution.customer_loop
from producer.journal import Grant
from worker.observability.measurements import Measurements


class NoMeasurements(Measurements):
    """Counts nothing."""

    def requested(self, *_: Any) -> None:
        """Not counted."""

    def waited(self, *_: Any) -> None:
        """Not counted."""

    def started(self, *_: Any) -> None:
        """Not counted."""


def _no_log_context(grant: Grant) -> None:
    """The log's lines are about no command."""


worker.composition.Measurements = NoMeasurements  # type: ignore[attr-defined]
if "UNLOGGED" in os.environ:
    worker.execution.customer_loop.set_log_context = _no_log_context  # type: ignore[attr-defined]
    logging.getLogger("worker").setLevel(logging.WARNING)

# Importing the app creates it, with the replacements above.
from worker.app import app  # noqa: E402

__all__ = ["app"]
