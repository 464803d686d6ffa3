"""Errors as Stripe answers them (Stripe docs: api/errors, error-codes)."""

from __future__ import annotations

from typing import Any

Json = dict[str, Any]


class StripeError(Exception):
    """An answer other than 200: carries the HTTP status, the error body and extra headers."""

    def __init__(
        self,
        status: int,
        message: str,
        *,
        type: str = "invalid_request_error",
        code: str | None = None,
        param: str | None = None,
        decline_code: str | None = None,
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.type = type
        self.code = code
        self.param = param
        self.decline_code = decline_code
        self.headers = headers or {}

    def body(self, request_id: str) -> Json:
        """The error body; as at Stripe, fields without a value are left out."""
        error: Json = {}
        if self.code is not None:
            error["code"] = self.code
            error["doc_url"] = f"https://stripe.com/docs/error-codes/{self.code.replace('_', '-')}"
        if self.decline_code is not None:
            error["decline_code"] = self.decline_code
        error["message"] = self.message
        if self.param is not None:
            error["param"] = self.param
        error["request_log_url"] = f"https://dashboard.stripe.com/test/logs/{request_id}"
        error["type"] = self.type
        return {"error": error}


class DroppedError(Exception):
    """Cut the connection without an answer."""


def missing(kind: str, id: str, param: str, status: int = 404) -> StripeError:
    """`resource_missing`: 404 for an id in the path, mostly 400 for one in the body."""
    return StripeError(status, f"No such {kind}: '{id}'", code="resource_missing", param=param)


def declined(code: str, decline_code: str | None, message: str) -> StripeError:
    return StripeError(402, message, type="card_error", code=code, decline_code=decline_code)


def lock_timeout() -> StripeError:
    """Stripe docs: rate-limits, object lock timeouts. No Stripe-Rate-Limited-Reason."""
    return StripeError(
        429,
        "This object cannot be accessed right now because another API request or Stripe process "
        "is currently accessing it. If you see this error intermittently, retry the request. If "
        "you see this error frequently and are making multiple concurrent requests to a single "
        "object, make your requests serially or at a lower rate.",
        code="lock_timeout",
    )


def rate_limited(reason: str) -> StripeError:
    """`reason` as in Stripe docs: rate-limits, e.g. `global-rate`, `endpoint-rate`."""
    return StripeError(
        429,
        "Request rate limit exceeded. Learn more about rate limits here "
        "https://stripe.com/docs/rate-limits.",
        code="rate_limit",
        headers={"Stripe-Rate-Limited-Reason": reason},
    )


def key_in_use(key: str) -> StripeError:
    return StripeError(
        409,
        "There is currently another in-progress request using this Idempotency Key (that probably "
        "means you submitted twice, and the other request is still going through): "
        f"{key}. Please try again later.",
        type="idempotency_error",
        code="idempotency_key_in_use",
    )


def of_status(status: int, code: str | None, reason: str | None) -> StripeError:
    """The error of an injected fault, with Stripe's text for that status."""
    if status == 401:
        return StripeError(401, "Invalid API Key provided: sk_test_***", code=code)
    if status == 403:
        return StripeError(
            403, "The provided key does not have the required permissions.", code=code
        )
    if status == 409:
        error = key_in_use("***")
        error.code = code or error.code
        return error
    if status == 429:
        if code == "lock_timeout" or (code is None and reason is None):
            return lock_timeout()
        error = rate_limited(reason or "global-rate")
        error.code = code or error.code
        return error
    if status == 402:
        return declined(code or "card_declined", None, "Your card was declined.")
    if status in (400, 404):
        return StripeError(status, "Invalid request.", code=code)
    if status == 424:
        return StripeError(
            424,
            "The request couldn't be completed due to a failure in a dependency external to "
            "Stripe.",
            type="api_error",
            code=code,
        )
    return StripeError(
        status,
        "An unknown error occurred. Please try again.",
        type="api_error",
        code=code,
    )
