"""What every answer tells browsers, so that no page can do more with it than it must."""

from __future__ import annotations

from starlette.types import ASGIApp, Message, Receive, Scope, Send

# What is no page runs, loads and frames nothing, is not taken for a script, and is kept nowhere.
_EVERY = (
    (b"x-content-type-options", b"nosniff"),
    (b"cache-control", b"no-store"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"x-frame-options", b"DENY"),  # for browsers without frame-ancestors
    (b"cross-origin-resource-policy", b"same-origin"),
)
_PAGES = (
    # Not `no-referrer`: forms would be sent with the origin `null`, and be refused.
    (b"referrer-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (
        b"permissions-policy",
        b"camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()",
    ),
)


class SecurityHeaders:
    """ASGI middleware. A header that an answer brings itself stands."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = message["headers"]
                given = dict(headers)
                page = given.get(b"content-type", b"").startswith(b"text/html")
                wanted = _EVERY + _PAGES if page else _EVERY
                missing = [one for one in wanted if one[0] not in given]
                message = {**message, "headers": [*headers, *missing]}
            await send(message)

        await self._app(scope, receive, guarded)
