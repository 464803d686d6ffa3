"""Our worker with another HTTP client behind Stripe's SDK, named by BENCH_HTTP_CLIENT."""

from __future__ import annotations

import os

from benchmarks.peers.http_adapters import CLIENTS
from worker.stripe import gateway as stripe_gateway

vars(stripe_gateway)["HttpConnections"] = CLIENTS[os.environ["BENCH_HTTP_CLIENT"]]

from worker.app import app  # noqa: E402

__all__ = ["app"]
