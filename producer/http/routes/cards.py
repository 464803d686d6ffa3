"""`GET /api/cards/{userId}`: a customer's cards, which a worker reads at Stripe."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from producer.contract import Envelope, parse_customer
from producer.contract.messages import Text
from producer.http.openapi.routes import LIST_CARDS
from producer.http.requests.card_number_guard import refuse_card_number_in_query
from producer.http.responses import envelope_response
from producer.http.routes.stripe_reads import read_by_worker
from producer.http.services import Services
from producer.journal import request_read

READ_WITHIN_S = 10.0


def routes(services: Services) -> APIRouter:
    """The route that lists cards."""
    router = APIRouter()

    @router.get("/api/cards/{userId}", **LIST_CARDS)
    async def list_cards(request: Request) -> Response:
        """All of a customer's cards: card sources, then other card payment methods."""
        refuse_card_number_in_query(request.scope["query_string"])
        customer = parse_customer(request.path_params["userId"])
        answer = await read_by_worker(
            services,
            request,
            lambda read_id: request_read(read_id, customer, signing=services.signing),
            within_s=READ_WITHIN_S,
        )
        if answer is None:
            return services.responses.unavailable(Text.READ_UNANSWERED)
        http_status, envelope = answer
        return envelope_response(Envelope.model_validate(envelope), http_status)

    return router
