"""/_sandbox/…: how tests configure and inspect the sandbox. Not part of Stripe's API."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

from sandbox.control.config import ConfigError
from sandbox.control.faults import Fault, FaultError
from sandbox.http.service import Service

_LONGEST_WAIT = 60.0

Answered = Callable[["ControlApi", web.BaseRequest], Awaitable[Any]]


class _RefusedError(Exception):
    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class ControlApi:
    """Answers /_sandbox/… with JSON."""

    def __init__(self, service: Service) -> None:
        self._service = service

    async def answer(self, request: web.BaseRequest) -> web.Response:
        try:
            body = await self._answer(request)
        except _RefusedError as error:
            return _json({"error": str(error)}, error.status)
        except (ConfigError, FaultError, ValueError) as error:
            return _json({"error": str(error)}, 400)
        return _json(body, 200)

    async def _answer(self, request: web.BaseRequest) -> Any:
        steps = request.path.removeprefix("/_sandbox/").strip("/").split("/")
        if steps[0] == "faults" and len(steps) > 1:
            return await self._one_fault(request, steps[1], steps[2:])
        handler = _ROUTES.get((request.method, "/".join(steps)))
        if handler is None:
            raise _RefusedError(404, f"{request.method} {request.path}: unknown")
        return await handler(self, request)

    async def health(self, request: web.BaseRequest) -> Any:
        service = self._service
        return {
            "status": "ok",
            "requests": service.log.milestone.value,
            "effects": service.account.effects.milestone.value,
            "effects_by_kind": dict(service.account.effects.counts),
            "idempotency_keys": len(service.idempotency),
        }

    async def effects(self, request: web.BaseRequest) -> Any:
        after, limit = _slice(request)
        return self._service.account.effects.shown(after, limit, request.query.get("kind"))

    async def requests(self, request: web.BaseRequest) -> Any:
        return self._service.log.shown(*_slice(request))

    async def rates(self, request: web.BaseRequest) -> Any:
        return self._service.limits.shown()

    async def config(self, request: web.BaseRequest) -> Any:
        return self._service.config.shown()

    async def configure(self, request: web.BaseRequest) -> Any:
        changes = await _object(request)
        self._service.config.update(changes)
        if changes.keys() & {"rps", "endpoint_rps"}:
            self._service.limits.refill()
        return self._service.config.shown()

    async def reset(self, request: web.BaseRequest) -> Any:
        fields = await _object(request)
        self._service.reset(keep_config=fields.get("keep_config") is True)
        return {"status": "ok"}

    async def wait(self, request: web.BaseRequest) -> Any:
        """Waits for a number of requests or effects since the start or the last reset."""
        timeout = _timeout(request)
        for name, milestone in (
            ("requests", self._service.log.milestone),
            ("effects", self._service.account.effects.milestone),
        ):
            if name in request.query:
                if not await milestone.reached(int(request.query[name]), timeout):
                    raise _RefusedError(408, f"{name}: {milestone.value} after {timeout:g} s")
                return {name: milestone.value}
        raise _RefusedError(400, "requests or effects: required")

    async def faults(self, request: web.BaseRequest) -> Any:
        return [fault.shown() for fault in self._service.faults.rules.values()]

    async def add_fault(self, request: web.BaseRequest) -> Any:
        return self._service.faults.add(await _object(request)).shown()

    async def clear_faults(self, request: web.BaseRequest) -> Any:
        self._service.faults.clear()
        return {"status": "ok"}

    async def _one_fault(self, request: web.BaseRequest, id: str, steps: list[str]) -> Any:
        fault = self._service.faults.rules.get(id)
        if fault is None:
            raise _RefusedError(404, f"{id}: no such fault")
        match request.method, steps:
            case "GET", []:
                return fault.shown()
            case "DELETE", []:
                fault.release()
                del self._service.faults.rules[id]
                return {"status": "ok"}
            case "POST", ["release"]:
                fault.release()
                return fault.shown()
            case "GET", ["wait"]:
                return await _hits(request, fault)
        raise _RefusedError(404, f"{request.method} {request.path}: unknown")


async def _hits(request: web.BaseRequest, fault: Fault) -> Any:
    timeout = _timeout(request)
    if not await fault.hits.reached(int(request.query.get("hits", "1")), timeout):
        raise _RefusedError(408, f"{fault.id}: {fault.hits.value} hits after {timeout:g} s")
    return fault.shown()


async def _object(request: web.BaseRequest) -> dict[str, Any]:
    text = await request.text()
    body = json.loads(text) if text else {}
    if not isinstance(body, dict):
        raise _RefusedError(400, "the body is not a JSON object")
    return body


def _slice(request: web.BaseRequest) -> tuple[int, int | None]:
    limit = request.query.get("limit")
    return int(request.query.get("after", "0")), int(limit) if limit is not None else None


def _timeout(request: web.BaseRequest) -> float:
    return min(float(request.query.get("timeout", "10")), _LONGEST_WAIT)


def _json(body: Any, status: int) -> web.Response:
    return web.json_response(body, status=status)


_ROUTES: dict[tuple[str, str], Answered] = {
    ("GET", "health"): ControlApi.health,
    ("GET", "effects"): ControlApi.effects,
    ("GET", "requests"): ControlApi.requests,
    ("GET", "rates"): ControlApi.rates,
    ("GET", "config"): ControlApi.config,
    ("PUT", "config"): ControlApi.configure,
    ("POST", "reset"): ControlApi.reset,
    ("GET", "wait"): ControlApi.wait,
    ("GET", "faults"): ControlApi.faults,
    ("POST", "faults"): ControlApi.add_fault,
    ("DELETE", "faults"): ControlApi.clear_faults,
}
