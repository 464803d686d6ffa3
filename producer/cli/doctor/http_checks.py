"""What `cards doctor` checks over HTTP: the web process and Flower."""

from __future__ import annotations

import json
from http.client import HTTPConnection, HTTPException
from typing import Any
from urllib.parse import urlsplit

from producer.cli.doctor.findings import Finding, ok, unreachable, warn
from producer.contract.card_data.redaction import redact

_TIMEOUT_S = 5.0


def check_web(url: str) -> Finding:
    """Whether the web process answers and is ready."""
    todo = "start it: python -m producer.http (HOST and PORT say where)"
    try:
        status, body = _get(url, "/readyz")
    except (OSError, HTTPException) as error:
        return unreachable("web", f"does not answer at {url} ({type(error).__name__})", todo)
    reason = _message(body)
    if status == 200 and _lost(body):
        return warn("web", f"at {url}: {reason}", "once restarted, it accepts this data as its own")
    if status == 200:
        return ok("web", f"ready at {url}")
    if status == 503:
        text = f"answers at {url} but is not ready: {reason}"
        return unreachable("web", text, "see what it names")
    text = f"{url} answers {status}: another program listens there"
    return unreachable("web", text, "set HOST and PORT to where the web process listens")


def check_flower(url: str) -> Finding:
    """Whether Flower answers; no other process depends on it."""
    try:
        status, _ = _get(url, "/healthcheck")
    except (OSError, HTTPException, ValueError) as error:
        text = f"does not answer at {url} ({type(error).__name__})"
        return warn("flower", text, "start it, or correct CARDS_FLOWER_PORT")
    if status != 200:
        return warn("flower", f"{url} answers {status}", "see Flower's own log")
    return ok("flower", f"answers at {url}")


def _get(url: str, path: str) -> tuple[int, bytes]:
    # http.client ignores proxy settings, which would send a local request elsewhere.
    parts = urlsplit(url)
    connection = HTTPConnection(parts.hostname or "", parts.port, timeout=_TIMEOUT_S)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.read(65_536)
    finally:
        connection.close()


def _lost(body: bytes) -> bool:
    """Whether web continues although the journal was lost."""
    try:
        return json.loads(body)["data"]["journal"] is False
    except (ValueError, KeyError, TypeError):
        return False


def _message(body: bytes) -> str:
    """The envelope's message, shortened."""
    try:
        envelope: Any = json.loads(body)
    except ValueError:
        return "no reason given"
    message = envelope.get("message") if isinstance(envelope, dict) else None
    return redact(str(message)[:200]) if message else "no reason given"
