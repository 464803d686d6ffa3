"""`POST /stripe/events`: Stripe's webhook for changes to customers and their cards."""

from __future__ import annotations

import json
import logging
import time

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from producer.contract.messages import Text
from producer.contract.refusals import ParameterInvalid
from producer.contract.stripe_events import stripe_event
from producer.http.openapi.routes import STRIPE_EVENT
from producer.http.requests.body import read_body
from producer.http.requests.scope_keys import TASK
from producer.http.services import Services
from producer.journal.commands.stripe_events import note_event
from producer.security.command_signatures import Flaw
from producer.security.stripe_signatures import WebhookSecrets
from producer.settings import STRIPE_EVENTS

log = logging.getLogger(__name__)

_LIMIT = 256 * 1024  # bytes; Stripe documents no limit, and events of customers have some 5 KiB
_FLAW_TEXTS = {
    Flaw.MISSING: Text.EVENT_UNSIGNED,
    Flaw.INVALID: Text.EVENT_FORGED,
    Flaw.STALE: Text.EVENT_STALE,
}


def routes(
    services: Services, secrets: WebhookSecrets, keep_s: int, context: str = ""
) -> APIRouter:
    """The route. Events are kept for `keep_s` seconds; `context` is our account at Stripe."""
    router = APIRouter()
    responses = services.responses

    @router.post(STRIPE_EVENTS, **STRIPE_EVENT)
    async def receive_event(request: Request) -> Response:
        """Receive an event from Stripe."""
        payload = await read_body(request, _LIMIT)
        signatures = request.headers.getlist("stripe-signature")
        flaw = secrets.flaw(signatures, payload, now_s=time.time())
        if flaw is not None:
            log.warning("refused an event of Stripe's: %s", flaw.value)
            return responses.no(400, flaw.value, _FLAW_TEXTS[flaw])
        # Irrelevant events are answered with success: Stripe would repeat refused ones for days.
        event = stripe_event(_parsed(payload), context=context)
        if event is None:
            return responses.yes(Text.EVENT_IGNORED)
        services.require_same_journal()
        settled = await services.journal(note_event(event, keep_s=keep_s))
        if settled:
            request.scope[TASK] = settled
        return responses.yes(Text.EVENT_NOTED)

    return router


def _parsed(payload: bytes) -> dict[str, object]:
    try:
        body = json.loads(payload)
    except (ValueError, RecursionError):
        body = None
    if not isinstance(body, dict):
        raise ParameterInvalid(Text.NOT_JSON)
    return body
