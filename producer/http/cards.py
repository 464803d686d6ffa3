"""`GET /api/cards/{userId}`: a customer's cards, read at Stripe by a worker."""

from __future__ import annotations

import asyncio
from uuid import uuid4

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from producer.contract import Envelope, parse_customer
from producer.contract.messages import Text
from producer.http.answers import envelope_response
from producer.http.disconnect import while_connected
from producer.http.leaks import refuse_card_number_in_query
from producer.http.operations import LIST_CARDS
from producer.http.services import Services
from producer.http.waiters import CONFIRM_S
from producer.journal import read_answer, request_read

READ_WITHIN_S = 10.0


def routes(services: Services) -> APIRouter:
    """The route that lists cards."""
    router = APIRouter()

    @router.get("/api/cards/{userId}", **LIST_CARDS)
    async def list_cards(request: Request) -> Response:
        """All of a customer's cards: card sources, then other card payment methods."""
        refuse_card_number_in_query(request.scope["query_string"])
        answer = await _read(services, request, parse_customer(request.path_params["userId"]))
        if answer is None:
            return services.answers.unavailable(Text.READ_UNANSWERED)
        return answer

    return router


async def _read(services: Services, request: Request, customer: str) -> Response | None:
    """What a worker answers within `READ_WITHIN_S`; None where none does."""
    services.same_journal()
    read_id = str(uuid4())
    answered = asyncio.Event()

    def listener(_: str | None) -> None:
        answered.set()

    deadline = asyncio.get_running_loop().time() + READ_WITHIN_S
    confirmation = services.subscriptions.add(read_id, listener)
    try:
        await asyncio.wait([confirmation], timeout=CONFIRM_S)
        await services.ask(request_read(read_id, customer, signing=services.signing))
        while True:
            async with while_connected(request):
                in_time = await _wait(services, answered, deadline)
            answered.clear()
            answer = await services.ask(read_answer(read_id))
            if answer is not None:
                http_status, envelope = answer
                return envelope_response(Envelope.model_validate(envelope), http_status)
            if not in_time:
                return None
    finally:
        services.subscriptions.remove(read_id, listener)


async def _wait(services: Services, answered: asyncio.Event, deadline: float) -> bool:
    """Whether something was heard before the deadline, and before the process stops."""
    left = deadline - asyncio.get_running_loop().time()
    waiting = [asyncio.create_task(event.wait()) for event in (answered, services.waiters.released)]
    try:
        await asyncio.wait(waiting, timeout=max(left, 0), return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in waiting:
            task.cancel()
    return answered.is_set()
