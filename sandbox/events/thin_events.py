"""Events with the thin payload, as an event destination receives them (Stripe docs: events)."""

from __future__ import annotations

from datetime import UTC, datetime

from sandbox.protocol.errors import Json

_PATHS = {"customer": "/v1/customers/", "payment_method": "/v1/payment_methods/"}


def thin(event: Json) -> Json | None:
    """The thin form of a snapshot event; None where Stripe has none for the type."""
    object, request = event["data"]["object"], event["request"]
    kind = object["object"]
    if event["type"].startswith("customer.source."):
        return None
    at = datetime.fromtimestamp(event["created"], UTC)
    thin_event: Json = {
        "id": f"{event['id']}thin",
        "object": "v2.core.event",
        "type": f"v1.{event['type']}",
        "created": at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "livemode": False,
        "related_object": {
            "id": object["id"],
            "type": kind,
            "url": f"{_PATHS[kind]}{object['id']}",
        },
    }
    if request["idempotency_key"] is not None:
        thin_event["reason"] = {"type": "request", "request": request}
    return thin_event
