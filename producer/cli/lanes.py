"""The lanes' names, without importing what they are: help and completion need no more."""

from __future__ import annotations

import click

LANE = click.Choice(["interactive", "bulk"])
