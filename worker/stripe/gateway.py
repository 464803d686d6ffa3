"""Stripe over HTTP: the only module that imports stripe."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any, ClassVar
from urllib.parse import quote

import stripe

from producer.contract.card_data.redaction import redact
from producer.journal import JournalUnavailable
from producer.journal.redis.endpoints import Endpoint
from producer.observability.tracing import NO_SPAN, NoSpan
from worker.clock import clock
from worker.observability.log_context import note_request
from worker.observability.measurements import Measurements
from worker.observability.tracing import Tracing
from worker.ports import CardGateway, Failure, Permit, StripeAnswer, StripeError, StripeResult
from worker.stripe.api_version import STRIPE_VERSION
from worker.stripe.certificate_authorities import Authorities
from worker.stripe.http_client import HttpConnections, HttpError, NotSent, Unreadable
from worker.stripe.proxies import Proxy
from worker.stripe.rate_limiter import NoRateLimiter, RateLimiter

log = logging.getLogger(__name__)

_CONNECT_SECONDS = 5.0
_PAGE = 100  # the most Stripe gives at a time (Stripe docs: api/pagination)


class _OnceClient(stripe.HTTPClient):
    """Sends a request once, and passes on the connection's own errors."""

    name: ClassVar[str] = "aiohttp"

    def __init__(self, connections: HttpConnections) -> None:
        super().__init__()
        self._connections = connections

    async def request_async(
        self, method: str, url: str, headers: Mapping[str, str], post_data: Any = None
    ) -> tuple[bytes, int, Mapping[str, str]]:
        body = post_data.encode() if isinstance(post_data, str) else post_data or b""
        status, answer_headers, content = await self._connections.request(
            method.upper(), url, headers, body
        )
        return content, status, answer_headers

    async def close_async(self) -> None:
        await self._connections.close()


class StripeGateway(CardGateway):
    """Stripe's API through the SDK's raw requests, which build no objects.

    Every failure is a value; only the permit raises. For one event loop. `api_base` is the address
    of a stand-in, by default Stripe's; `timeout` bounds a request as a whole, in seconds, of which
    at most 5 for the connection, also through a proxy. Each request first waits for the rate
    limiter. `context` names the account to act on if the key does not determine it, as an
    organisation's (`sk_org_...`).
    """

    def __init__(
        self,
        api_key: str,
        *,
        api_base: str | None = None,
        context: str = "",
        timeout: float = 20.0,
        rate_limiter: RateLimiter | None = None,
        proxy: Proxy | None = None,
        authorities: Authorities | None = None,
        measurements: Measurements | None = None,
        tracing: Tracing | None = None,
    ) -> None:
        stripe.enable_telemetry = False  # the SDK would write under HOME
        # At INFO the SDK logs Stripe's messages, which quote tokens; at DEBUG whole bodies.
        logging.getLogger("stripe").setLevel(logging.WARNING)
        self._rate_limiter = rate_limiter or NoRateLimiter()
        self._measurements = measurements or Measurements()
        self._tracing = tracing or Tracing()
        trusted = authorities or Authorities()
        connections = HttpConnections(
            timeout=timeout,
            connect_timeout=_CONNECT_SECONDS,
            tls=lambda: trusted.context(stripe.ca_bundle_path),
            proxy=proxy,
        )
        self._http = _OnceClient(connections)
        self._client = stripe.StripeClient(
            api_key,
            http_client=self._http,
            max_network_retries=0,
            stripe_version=STRIPE_VERSION,
            stripe_context=context or None,
            base_addresses={"api": api_base.rstrip("/")} if api_base else {},
        )

    async def attach_source(
        self, customer: str, token: str, *, command_id: str, key: str, permit: Permit
    ) -> StripeResult:
        fields = {"source": token, "metadata": {"command_id": command_id}}
        path = f"{_customer(customer)}/sources"
        return await self._post(path, fields, Endpoint.SOURCE, key, permit)

    async def attach_payment_method(
        self, customer: str, payment_method: str, *, key: str, permit: Permit
    ) -> StripeResult:
        path = f"{_payment_method(payment_method)}/attach"
        return await self._post(path, {"customer": customer}, Endpoint.ATTACH, key, permit)

    async def set_default_source(
        self, customer: str, source: str, *, key: str, permit: Permit
    ) -> StripeResult:
        fields = {"default_source": source, "expand": ["sources"]}
        return await self._post(_customer(customer), fields, Endpoint.DEFAULT, key, permit)

    async def set_default_payment_method(
        self, customer: str, payment_method: str, *, key: str, permit: Permit
    ) -> StripeResult:
        fields = {
            "invoice_settings": {"default_payment_method": payment_method},
            "expand": ["sources"],
        }
        return await self._post(_customer(customer), fields, Endpoint.DEFAULT, key, permit)

    async def customer(self, customer: str) -> StripeResult:
        params = {"expand": ["sources"]}
        return await self._get(_customer(customer), params, Endpoint.READ_CUSTOMER)

    async def payment_method(self, payment_method: str) -> StripeResult:
        path = _payment_method(payment_method)
        return await self._get(path, {}, Endpoint.READ_PAYMENT_METHOD)

    async def sources(self, customer: str) -> StripeResult:
        return await self._all(f"{_customer(customer)}/sources", {}, Endpoint.READ_SOURCES)

    async def card_payment_methods(self, customer: str) -> StripeResult:
        path = f"{_customer(customer)}/payment_methods"
        return await self._all(path, {"type": "card"}, Endpoint.READ_PAYMENT_METHODS)

    async def subscriptions(self, customer: str) -> StripeResult:
        return await self._all(
            "/v1/subscriptions", {"customer": customer}, Endpoint.READ_SUBSCRIPTIONS
        )

    async def close(self) -> None:
        await self._http.close_async()

    async def _post(
        self, path: str, fields: dict[str, Any], endpoint: Endpoint, key: str, permit: Permit
    ) -> StripeResult:
        if (refused := await self._rate_limit(endpoint)) is not None:
            return refused
        # From here to the HTTP client nothing awaits, so the lease cannot expire in between.
        permit.check()
        return await self._measured("post", path, {**fields, "idempotency_key": key}, endpoint)

    async def _get(self, path: str, params: dict[str, Any], endpoint: Endpoint) -> StripeResult:
        if (refused := await self._rate_limit(endpoint)) is not None:
            return refused
        return await self._measured("get", path, params, endpoint)

    async def _rate_limit(self, endpoint: Endpoint) -> StripeError | None:
        try:
            await self._rate_limiter.wait(endpoint)
        except JournalUnavailable as error:
            return StripeError(Failure.NOT_SENT, str(error))
        return None

    async def _all(self, path: str, filters: dict[str, Any], endpoint: Endpoint) -> StripeResult:
        items: list[dict[str, Any]] = []
        cursor: dict[str, str] = {}
        while True:
            page = await self._get(path, {**filters, **cursor, "limit": _PAGE}, endpoint)
            if isinstance(page, StripeError):
                return page
            data = page.body.get("data")
            if not isinstance(data, list):
                return _unreadable(200)
            items += data
            if not data or not page.body.get("has_more"):
                return StripeAnswer({"data": items})
            cursor = {"starting_after": data[-1]["id"]}

    async def _measured(
        self, method: str, path: str, params: dict[str, Any], endpoint: Endpoint
    ) -> StripeResult:
        started = clock()
        with self._tracing.request(endpoint) as span:
            result = await self._call(method, path, params, span)
        status = "200" if isinstance(result, StripeAnswer) else _status(result)
        self._measurements.requested(endpoint, status, clock() - started)
        return result

    async def _call(
        self, method: str, path: str, params: dict[str, Any], span: NoSpan
    ) -> StripeResult:
        try:
            response = await self._client.raw_request_async(method, path, **params)
        except stripe.StripeError as error:
            _note_answer(span, error.http_status, error.headers or {})
            return _answered(error)
        except HttpError as error:
            span.failed(type(error).__name__)
            return _failed(error)
        except UnicodeDecodeError:
            span.failed(Failure.UNREADABLE.value)
            return _unreadable(None)
        _note_answer(span, response.code, response.headers)
        body = response.data
        if not isinstance(body, dict) or "object" not in body:
            return _unreadable(response.code)
        return StripeAnswer(body, replayed=_replayed(response.headers))


def _note_answer(span: NoSpan, status: int | None, headers: Mapping[str, str]) -> None:
    request_id = headers.get("request-id")
    note_request(request_id)
    if span is NO_SPAN:
        return
    if request_id:
        span.set("stripe.request_id", request_id)
    if status is not None:
        span.set("http.response.status_code", status)
        if status >= 400:
            span.failed(str(status))


def _customer(id: str) -> str:
    return f"/v1/customers/{quote(id, safe='')}"


def _payment_method(id: str) -> str:
    return f"/v1/payment_methods/{quote(id, safe='')}"


def _answered(error: stripe.StripeError) -> StripeError:
    """The error's fields from its body: the SDK's `code` is None on half of its classes."""
    body = error.json_body
    fields = body.get("error") if isinstance(body, dict) else None
    if not isinstance(fields, dict):
        return _unreadable(error.http_status)
    headers = error.headers or {}
    return StripeError(
        Failure.ANSWERED,
        redact(str(fields.get("message") or f"Stripe answered {error.http_status}")),
        http_status=error.http_status,
        type=fields.get("type"),
        code=fields.get("code"),
        decline_code=fields.get("decline_code"),
        rate_limited_reason=headers.get("stripe-rate-limited-reason"),
        replayed=_replayed(headers),
    )


def _status(error: StripeError) -> str:
    if error.failure is Failure.ANSWERED and error.http_status is not None:
        return str(error.http_status)
    return error.failure.value


def _unreadable(status: int | None) -> StripeError:
    # Without the body: an answer that is not Stripe's may quote anything.
    message = "The answer is not one of Stripe's: its body cannot be read"
    return StripeError(Failure.UNREADABLE, message, http_status=status)


def _replayed(headers: Mapping[str, str]) -> bool:
    return headers.get("idempotent-replayed") == "true"


def _failed(error: HttpError) -> StripeError:
    message = redact(str(error))
    match error:
        case NotSent():
            # The same line for every command, so that the log counts repetitions.
            log.warning("nothing was sent to Stripe: %s", message)
            return StripeError(Failure.NOT_SENT, message)
        case Unreadable():
            return StripeError(Failure.UNREADABLE, message)
    return StripeError(Failure.NO_ANSWER, message)
