"""The lanes' names, without importing producer.contract: help and completion must be quick."""

from __future__ import annotations

import click

LANE = click.Choice(["interactive", "bulk"])
