"""The steps of a request: API key, limits, validation, idempotency key, lock, effect, answer."""

from __future__ import annotations

import asyncio
import json
import logging
from dataclasses import dataclass, field

from sandbox.control.config import Config
from sandbox.control.faults import Fault, Faults
from sandbox.events import catalogue as events
from sandbox.events.delivery import EventSender
from sandbox.http import keys, operations
from sandbox.http.idempotency import Answer, IdempotencyKeys
from sandbox.http.limits import Limits
from sandbox.http.locks import Locks
from sandbox.http.operations import Operation
from sandbox.http.request_log import RequestLog
from sandbox.objects import seed
from sandbox.objects.account import Account
from sandbox.protocol.calls import Call
from sandbox.protocol.errors import DroppedError, StripeError, of_status
from sandbox.protocol.forms import fingerprint, nested

_log = logging.getLogger(__name__)
_encode = json.JSONEncoder(separators=(",", ":")).encode


@dataclass(slots=True)
class Reply:
    """What is sent. `cut` is how many bytes of the body are sent, if not all."""

    status: int
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)
    cut: int | None = None


class Service:
    """The state of one sandbox, and the handling of its requests."""

    def __init__(self) -> None:
        self.config = Config()
        self.faults = Faults()
        self.event_sender: EventSender | None = None
        self._renew()

    def _renew(self) -> None:
        self.account = Account(self.config)
        seed.plant(self.account)
        self.idempotency = IdempotencyKeys()
        self.locks = Locks()
        self.limits = Limits()
        self.log = RequestLog()

    def reset(self, *, keep_config: bool) -> None:
        """Restore the initial objects. Stalled requests are cut off and have no effect."""
        if not keep_config:
            self.config = Config()
        self._renew()
        self.faults.clear()

    async def answer(self, call: Call) -> Reply:
        """Handle a request. Raises DroppedError where the connection is to be cut."""
        operation = self._describe(call)
        log = self.log
        entry = log.start(call, keep=self.config.keep_requests)
        status = 0
        try:
            reply = await self._answer(operation, call)
            status = reply.status
        finally:
            log.end(entry, status, replayed=call.replayed)
        reply.headers["Request-Id"] = call.request_id
        if call.idempotency_key is not None:
            reply.headers["Idempotency-Key"] = call.idempotency_key
        return reply

    def _describe(self, call: Call) -> Operation | None:
        """Decode the parameters; set customer and source for the log and the fault rules."""
        try:
            call.params = nested(call.pairs)
        except StripeError as error:
            call.decoding_error = error
        found = operations.find(call.method, call.path)
        if found is None:
            return None
        operation, call.ids = found
        call.customer = call.text("customer")
        if call.path.startswith("/v1/customers/"):
            call.customer = call.ids[0]
            call.source = call.ids[1] if len(call.ids) > 1 else None
        elif call.path.startswith("/v1/payment_methods/"):
            call.source = call.ids[0]
        if call.source is None:
            settings = call.params.get("invoice_settings")
            method = settings.get("default_payment_method") if isinstance(settings, dict) else None
            call.source = call.text("default_source") or call.text("source") or method
        return operation

    async def _answer(self, operation: Operation | None, call: Call) -> Reply:
        try:
            keys.check(call, self.config)
            if operation is None:
                raise StripeError(404, f"Unrecognized request URL ({call.method}: {call.path}).")
            self.limits.admit(operation.endpoint, self.config.rps, self.config.endpoint_rps)
            faults = self.faults.matching("before", call) if self.faults.rules else []
            for fault in faults:
                if fault.kind == "drop":
                    raise DroppedError
                if fault.kind == "status" and not fault.saved():
                    raise _error_of(fault)
            if call.decoding_error is not None:
                raise call.decoding_error
            operation.validate(call)
            answer, faults = await self._once(operation, call, faults)
        except StripeError as error:
            refused = _answer_of(error, call)
            return Reply(refused.status, refused.body, dict(refused.headers))
        return await _delivered(answer, call, faults)

    async def _once(
        self, operation: Operation, call: Call, faults: list[Fault]
    ) -> tuple[Answer, list[Fault]]:
        """The answer, saved or replayed under the idempotency key, and the faults after it."""
        key = call.idempotency_key if call.method == "POST" else None
        if key is None:
            return await self._locked(operation, call, faults)
        idempotency = self.idempotency
        mark = fingerprint(call.method, call.path, call.pairs)
        saved = idempotency.begin(key, call.path, mark, self.account.now())
        if saved is not None:
            call.replayed = True
            return saved, self._after(call)
        try:
            answer, faults = await self._locked(operation, call, faults)
        except BaseException:
            idempotency.abandon(key)
            raise
        keep = answer
        for fault in faults:
            if fault.saved():
                keep = _answer_of(_error_of(fault), call)
        idempotency.save(key, keep, self.config.idempotency_keys_kept)
        return answer, faults

    async def _locked(
        self, operation: Operation, call: Call, faults: list[Fault]
    ) -> tuple[Answer, list[Fault]]:
        """Execute the call, holding its customer's lock if it is a write.

        Raises StripeError 429 `lock_timeout`.
        """
        locks = self.locks
        customer = self._written_to(call)
        if customer is None:
            return await self._executed(operation, call, faults)
        locks.take(customer)
        try:
            return await self._executed(operation, call, faults)
        finally:
            locks.free(customer)

    async def _executed(
        self, operation: Operation, call: Call, faults: list[Fault]
    ) -> tuple[Answer, list[Fault]]:
        account = self.account
        if self.config.latency is not None:
            await asyncio.sleep(self.config.latency.seconds())
        for fault in faults:
            if fault.kind == "stall":
                await fault.hold()
        if self.account is not account:
            raise DroppedError
        for fault in faults:
            if fault.kind == "status":
                return _answer_of(_error_of(fault), call), self._after(call)
        sender = self.event_sender
        was = events.before(account, call) if sender is not None else None
        try:
            body = operation.handler(account, call)
            if sender is not None and was is not None:
                for event in events.events(account, call, was):
                    sender.send(event)
        except StripeError as error:
            answer = _answer_of(error, call)
        except Exception:
            _log.exception("the sandbox failed at %s", operation.endpoint)
            answer = _answer_of(of_status(500, None, None), call)
        else:
            answer = Answer(200, _encode(body).encode(), call.request_id)
        return answer, self._after(call)

    def _after(self, call: Call) -> list[Fault]:
        return self.faults.matching("after", call) if self.faults.rules else []

    def _written_to(self, call: Call) -> str | None:
        """The customer that the call writes to, whose lock it needs."""
        if call.method == "GET" or not self.config.lock_timeout:
            return None
        if call.customer is None and call.path.startswith("/v1/payment_methods/"):
            held = self.account.payment_methods.get(call.ids[0])
            return held.customer if held is not None else None
        return call.customer


def _error_of(fault: Fault) -> StripeError:
    error = of_status(fault.status, fault.code, fault.reason)
    if fault.message is not None:
        error.message = fault.message
    if fault.should_retry is not None:
        error.headers["Stripe-Should-Retry"] = str(fault.should_retry).lower()
    return error


def _answer_of(error: StripeError, call: Call) -> Answer:
    body = _encode(error.body(call.request_id)).encode()
    return Answer(error.status, body, call.request_id, error.headers)


async def _delivered(answer: Answer, call: Call, faults: list[Fault]) -> Reply:
    """The reply to an answer, changed by the faults after the effect."""
    headers = dict(answer.headers)
    if call.replayed:
        headers["Idempotent-Replayed"] = "true"
        headers["Original-Request"] = answer.request_id
    reply = Reply(answer.status, answer.body, headers)
    for fault in faults:
        if fault.kind == "stall":
            await fault.hold()
    for fault in faults:
        if fault.kind == "drop":
            raise DroppedError
        if fault.kind == "status":
            wrong = _answer_of(_error_of(fault), call)
            reply = Reply(wrong.status, wrong.body, dict(wrong.headers))
        elif fault.kind == "truncate":
            reply.cut = len(reply.body) // 2
        elif fault.kind == "garble":
            reply.body = b"<html><body>Bad gateway</body></html>"
    return reply
