"""`POST /stripe/events`: what Stripe tells of changes to customers and their cards."""

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

_LIMIT = 256 * 1024  # bytes; Stripe says of none, and those with a customer are of some 5 KiB
_TOLD = {
    Flaw.MISSING: Text.EVENT_UNSIGNED,
    Flaw.INVALID: Text.EVENT_FORGED,
    Flaw.STALE: Text.EVENT_STALE,
}


def routes(
    services: Services, secrets: WebhookSecrets, keep_s: int, context: str = ""
) -> APIRouter:
    """The one route. Events are kept for `keep_s` seconds; `context` is our account at Stripe."""
    router = APIRouter()
    responses = services.responses

    @router.post(STRIPE_EVENTS, **STRIPE_EVENT)
    async def receive_event(request: Request) -> Response:
        """Take an event from Stripe."""
        payload = await read_body(request, _LIMIT)
        given = request.headers.getlist("stripe-signature")
        flaw = secrets.flaw(given, payload, now_s=time.time())
        if flaw is not None:
            log.warning("an event of Stripe's was refused: %s", flaw.value)
            return responses.no(400, flaw.value, _TOLD[flaw])
        # Refused, what we make nothing of would come again for days.
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
