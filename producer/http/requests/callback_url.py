"""`Callback-Url`: where a command's end is told, by a worker."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from producer.contract.messages import Text
from producer.contract.refusals import ParameterInvalid
from producer.http.requests.card_number_guard import refuse_card_number

_NAME = "Callback-Url"
_LONGEST = 2000


@dataclass(frozen=True, slots=True)
class CallbackRules:
    """Whether callbacks may be asked for, and to private addresses and over plain HTTP too."""

    on: bool = False
    private: bool = False

    def url(self, values: list[str]) -> str | None:
        """The URL that a request names; None where it names none.

        What its name leads to is looked at when a worker connects.

        Raises:
            ParameterInvalid: it is none that may be called.
            CardNumberRefused: there is a card number in it.
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
        if len(url) > _LONGEST or not url.isascii() or not url.isprintable() or " " in url:
            return False
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError:
            return False
        schemes = ("https", "http") if self.private else ("https",)
        named = bool(parts.hostname) and parts.username is None and parts.password is None
        return parts.scheme in schemes and named and port != 0 and not parts.fragment
