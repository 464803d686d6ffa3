"""Celery's view of a message, with the secrets in its arguments masked for logs and Flower."""

from __future__ import annotations

from typing import TYPE_CHECKING

from celery.worker.request import Request

from producer.contract.card_data.masking import masked

if TYPE_CHECKING:
    from celery.worker.request import _InfoDict


class RedactedRequest(Request):
    """A sender without our client puts tokens, or worse, into the representation."""

    @property
    def argsrepr(self) -> str:
        """The positional arguments, as Flower shows them."""
        return _shown(super().argsrepr or repr(self.args))

    @property
    def kwargsrepr(self) -> str:
        """The keyword arguments, as Flower shows them."""
        return _shown(super().kwargsrepr or repr(self.kwargs))

    def info(self, safe: bool = False) -> _InfoDict:
        """What `celery inspect` and Flower's page of a worker show of it."""
        shown = super().info(safe)
        shown["args"], shown["kwargs"] = self.argsrepr, self.kwargsrepr
        return shown


def _shown(arguments: object) -> str:
    return masked(str(arguments))
