"""The command line, `cards`: send and inspect commands, replay failed ones, diagnose faults."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import NoReturn


def main(argv: Sequence[str] | None = None) -> NoReturn:
    """Run the command line and exit with its code (`producer.cli.exits`)."""
    from producer.cli.app import run

    sys.exit(run(list(sys.argv[1:] if argv is None else argv)))
