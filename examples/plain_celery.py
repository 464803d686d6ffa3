"""Send a command with Celery alone, without importing this project. Needs REDIS_URL.

The worker journals the command when it receives the message; before that, only the broker has it.

REDIS_URL may be redis://, rediss:// (with CARDS_REDIS_CA, or a CA of this machine) or sentinel://.
If the deployment has a CARDS_NAMESPACE, set the same here.
"""

from __future__ import annotations

import os
import ssl
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from celery import Celery


def settings(environ: Mapping[str, str]) -> dict[str, Any]:
    """The configuration that Celery needs to reach the workers."""
    url = environ["REDIS_URL"]
    options: dict[str, Any] = {}
    if environ.get("CARDS_NAMESPACE"):
        options["global_keyprefix"] = environ["CARDS_NAMESPACE"] + ":"
    if url.startswith("sentinel://"):
        # sentinel://user:password@one:26379,two:26379/MASTER/0; Celery wants one URL for each.
        parts = urlsplit(url)
        user, at, hosts = parts.netloc.rpartition("@")
        master, _, database = parts.path.strip("/").partition("/")
        options["master_name"] = master
        url = ";".join(f"sentinel://{user}{at}{h}/{database or 0}" for h in hosts.split(","))
    found: dict[str, Any] = {
        "broker_url": url,
        "result_backend": url,
        "broker_transport_options": options,
        "result_backend_transport_options": options,
    }
    if url.startswith("rediss://"):
        tls = {
            "ssl_cert_reqs": ssl.CERT_REQUIRED,
            "ssl_ca_certs": environ.get("CARDS_REDIS_CA"),
            "ssl_certfile": environ.get("CARDS_REDIS_CERT"),
            "ssl_keyfile": environ.get("CARDS_REDIS_KEY"),
        }
        tls = {name: value for name, value in tls.items() if value is not None}
        found |= {"broker_use_ssl": tls, "redis_backend_use_ssl": tls}
    return found


if __name__ == "__main__":
    app = Celery()
    app.conf.update(settings(os.environ))
    result = app.send_task(
        "SetDefaultCard",
        kwargs={
            "userId": "cus_QRs9eKZ4xUzN2TP9",
            "default_source": "card_1QRs9eKZ4xUzN2TPabcdefgh",
        },
        queue="interactive",
    )
    envelope = result.get(timeout=30)  # {"status": ..., "message": ..., "data": ...}
    print(result.id, envelope["status"], envelope["message"])
