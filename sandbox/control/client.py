"""A client for /_sandbox/…, for the project's tests and benchmarks. Standard library only."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from typing import Any, Literal, TypedDict, cast
from urllib.parse import urlencode


class EffectRecord(TypedDict):
    """One change, as GET /_sandbox/effects gives it."""

    sequence: int
    time: float
    kind: str
    customer: str | None
    object: str
    idempotency_key: str | None
    command_id: str | None
    request_id: str


class RequestRecord(TypedDict):
    """One request; `status` is None while it is held, 0 when its connection was cut."""

    sequence: int
    request_id: str
    method: str
    path: str
    customer: str | None
    source: str | None
    idempotency_key: str | None
    started: float
    replayed: bool
    status: int | None
    ended: float | None


class RateRecord(TypedDict):
    """The requests of one second of Unix time."""

    second: int
    requests: int
    limited: int
    endpoints: dict[str, int]


class ControlError(Exception):
    """The sandbox refused a control request; carries the HTTP status."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(f"{status}: {message}")
        self.status = status


class SandboxControl:
    """Configures a running sandbox and reads what it did. Every method may raise ControlError."""

    def __init__(self, url: str) -> None:
        self._url = url.rstrip("/")
        # No proxy from the environment: the sandbox is on this machine.
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    def health(self) -> dict[str, Any]:
        """Counts of requests, effects (also by kind) and idempotency keys."""
        return cast(dict[str, Any], self._send("GET", "health"))

    def effects(
        self, *, kind: str | None = None, after: int = 0, limit: int | None = None
    ) -> list[EffectRecord]:
        """Effects above the sequence number `after`, oldest first."""
        query = _query(kind=kind, after=after, limit=limit)
        return cast(list[EffectRecord], self._send("GET", f"effects?{query}"))

    def requests(self, *, after: int = 0, limit: int | None = None) -> list[RequestRecord]:
        """Requests above the sequence number `after`, oldest first."""
        query = _query(after=after, limit=limit)
        return cast(list[RequestRecord], self._send("GET", f"requests?{query}"))

    def rates(self) -> list[RateRecord]:
        """Request counts of each second of the last hour that saw any."""
        return cast(list[RateRecord], self._send("GET", "rates"))

    def wait_for_requests(self, count: int, timeout: float = 10.0) -> int:
        """Waits until `count` requests have arrived. Raises TimeoutError."""
        return self._wait("requests", count, timeout)

    def wait_for_effects(self, count: int, timeout: float = 10.0) -> int:
        """Waits until `count` effects have happened. Raises TimeoutError."""
        return self._wait("effects", count, timeout)

    def add_fault(
        self,
        kind: Literal["status", "drop", "stall", "truncate", "garble"],
        *,
        when: Literal["before", "after"] = "before",
        method: str | None = None,
        path: str | None = None,
        customer: str | None = None,
        idempotency_key: str | None = None,
        source: str | None = None,
        status: int = 500,
        code: str | None = None,
        message: str | None = None,
        reason: str | None = None,
        should_retry: bool | None = None,
        seconds: float | None = None,
        probability: float = 1.0,
        seed: int = 0,
        times: int | None = 1,
        save: bool | None = None,
    ) -> str:
        """Adds a rule and returns its id; docs/sandbox.md describes the fields."""
        fields = {name: value for name, value in locals().items() if name != "self"}
        return str(self._send("POST", "faults", fields)["id"])

    def faults(self) -> list[dict[str, Any]]:
        return cast(list[dict[str, Any]], self._send("GET", "faults"))

    def wait_for_hits(self, id: str, hits: int = 1, timeout: float = 10.0) -> int:
        """Waits until the rule has hit `hits` requests. Raises TimeoutError."""
        query = _query(hits=hits, timeout=timeout)
        return int(self._waited(f"faults/{id}/wait?{query}", timeout)["hits"])

    def release(self, id: str) -> None:
        """Ends the stalls of a rule."""
        self._send("POST", f"faults/{id}/release")

    def remove_fault(self, id: str) -> None:
        self._send("DELETE", f"faults/{id}")

    def clear_faults(self) -> None:
        """Removes every rule and ends its stalls."""
        self._send("DELETE", "faults")

    def configure(self, **settings: Any) -> dict[str, Any]:
        """Changes the named settings; returns all settings."""
        return cast(dict[str, Any], self._send("PUT", "config", settings))

    def config(self) -> dict[str, Any]:
        return cast(dict[str, Any], self._send("GET", "config"))

    def reset(self, *, keep_config: bool = False) -> None:
        """Restores the initial objects; stalled requests are cut off and have no effect."""
        self._send("POST", "reset", {"keep_config": keep_config})

    def _wait(self, what: str, count: int, timeout: float) -> int:
        query = _query(**{what: count, "timeout": timeout})
        return int(self._waited(f"wait?{query}", timeout)[what])

    def _waited(self, path: str, timeout: float) -> Any:
        try:
            return self._send("GET", path, timeout=timeout + 10)
        except ControlError as error:
            if error.status == 408:
                raise TimeoutError(str(error)) from error
            raise

    def _send(
        self, method: str, path: str, body: dict[str, Any] | None = None, timeout: float = 30.0
    ) -> Any:
        data = json.dumps(body).encode() if body is not None else None
        request = urllib.request.Request(  # noqa: S310 - the sandbox's own address
            f"{self._url}/_sandbox/{path}",
            data=data,
            method=method,
            headers={"Content-Type": "application/json"},
        )
        try:
            with self._opener.open(request, timeout=timeout) as response:
                return json.load(response)
        except urllib.error.HTTPError as error:
            with error:
                message = json.load(error).get("error", "")
            raise ControlError(error.code, message) from None


def _query(**values: Any) -> str:
    return urlencode({name: value for name, value in values.items() if value is not None})
