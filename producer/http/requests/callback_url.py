"""`Callback-Url`: the URL to which a worker posts the command's outcome."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from producer.contract.messages import Text
from producer.contract.refusals import ParameterInvalid
from producer.http.requests.card_number_guard import refuse_card_number

_NAME = "Callback-Url"
_MAX_LENGTH = 2000


@dataclass(frozen=True, slots=True)
class CallbackRules:
    """Whether callbacks are allowed, and whether also to private addresses and over plain HTTP."""

    on: bool = False
    private: bool = False

    def url(self, values: list[str]) -> str | None:
        """The request's callback URL; None if it has none.

        The address behind its host name is checked when a worker connects.

        Raises:
            ParameterInvalid: the URL is not allowed.
            CardNumberRefused: the URL contains a card number.
        """
        if not values:
            return None
        for value in values:
            refuse_card_number(value, _NAME)
        if not self.on:
            raise ParameterInvalid(Text.NO_CALLBACKS, field=_NAME)
        if len(values) > 1 or not self._callable(values[0]):
            raise ParameterInvalid(Text.BAD_CALLBACK, field=_NAME)
        return values[0]

    def _callable(self, url: str) -> bool:
        if len(url) > _MAX_LENGTH or not url.isascii() or not url.isprintable() or " " in url:
            return False
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError:
            return False
        schemes = ("https", "http") if self.private else ("https",)
        named = bool(parts.hostname) and parts.username is None and parts.password is None
        return parts.scheme in schemes and named and port != 0 and not parts.fragment
