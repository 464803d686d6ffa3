"""Security headers on every answer, so that a page can do no more with it than it needs to."""

from __future__ import annotations

from starlette.types import ASGIApp, Message, Receive, Scope, Send

# An answer that is not a page runs, loads and frames nothing; it is never a script, never cached.
_EVERY = (
    (b"x-content-type-options", b"nosniff"),
    (b"cache-control", b"no-store"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"x-frame-options", b"DENY"),  # for browsers without frame-ancestors
    (b"cross-origin-resource-policy", b"same-origin"),
)
_PAGES = (
    # Not `no-referrer`: browsers would send forms with the origin `null`, which is refused.
    (b"referrer-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (
        b"permissions-policy",
        b"camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()",
    ),
)


class SecurityHeaders:
    """ASGI middleware. A header that the answer sets itself is kept."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = message["headers"]
                present = dict(headers)
                page = present.get(b"content-type", b"").startswith(b"text/html")
                wanted = _EVERY + _PAGES if page else _EVERY
                missing = [header for header in wanted if header[0] not in present]
                message = {**message, "headers": [*headers, *missing]}
            await send(message)

        await self._app(scope, receive, send_with_headers)
