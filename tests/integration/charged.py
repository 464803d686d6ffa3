"""Customers at the sandbox, and the card that each is charged by Stripe's precedence."""

from __future__ import annotations

import json
import urllib.request
from typing import Any
from urllib.parse import urlencode

_KEY = "sk_test_charged"


class Account:
    """Stripe's API, as anybody with a key uses it."""

    def __init__(self, url: str) -> None:
        self._url = url

    def customer(self, *, default: str | None = None) -> str:
        """A customer without a card, or with this payment method as its default."""
        fields = {}
        if default is not None:
            fields = {
                "payment_method": default,
                "invoice_settings[default_payment_method]": default,
            }
        return str(self._call("POST", "customers", fields)["id"])

    def card(self, customer: str, *, year: int = 2040) -> str:
        """A payment method attached to the customer, of one of Stripe's test numbers."""
        made = self._call(
            "POST",
            "payment_methods",
            {
                "type": "card",
                "card[number]": "4242424242424242",
                "card[exp_month]": "12",
                "card[exp_year]": str(year),
            },
        )
        self._call("POST", f"payment_methods/{made['id']}/attach", {"customer": customer})
        return str(made["id"])

    def source(self, customer: str) -> str:
        """A card source attached to the customer; the first becomes its default."""
        made = self._call("POST", f"customers/{customer}/sources", {"source": "tok_visa"})
        return str(made["id"])

    def set_default(self, customer: str, method: str) -> None:
        """As somebody does in the dashboard."""
        fields = {"invoice_settings[default_payment_method]": method}
        self._call("POST", f"customers/{customer}", fields)

    def subscription(self, customer: str, method: str) -> None:
        """A subscription of the customer that is paid with a default of its own."""
        fields = {"customer": customer, "default_payment_method": method}
        self._call("POST", "subscriptions", fields)

    def charged(self, customer: str) -> str | None:
        """What an invoice is paid with.

        The subscription's own default first, then the customer's default payment method, then its
        default source (Stripe docs: api/subscriptions/object, default_payment_method).
        """
        for one in self._call("GET", f"subscriptions?customer={customer}")["data"]:
            own = one.get("default_payment_method") or one.get("default_source")
            if own:
                return str(own)
        found = self._call("GET", f"customers/{customer}")
        settings = found.get("invoice_settings") or {}
        return settings.get("default_payment_method") or found.get("default_source")

    def _call(self, method: str, path: str, fields: dict[str, str] | None = None) -> dict[str, Any]:
        request = urllib.request.Request(
            f"{self._url}/v1/{path}",
            data=urlencode(fields).encode() if fields is not None else None,
            method=method,
            headers={"Authorization": f"Bearer {_KEY}"},
        )
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(request, timeout=10) as answer:
            told: dict[str, Any] = json.load(answer)
            return told
