"""Looks up a command's story and a customer's explanation for the API and the pages."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.requests import Request

from producer.contract import Lane, parse_customer
from producer.explain.command import CommandStory, story_of
from producer.explain.customer import Explanation, explain
from producer.http.overview.sampler import Sampler, SharedRead
from producer.http.requests.card_number_guard import refuse_card_number, refuse_card_number_in_query
from producer.http.routes.stripe_reads import read_by_worker
from producer.http.services import Services
from producer.journal import request_customer, workers_seen
from producer.journal.commands.stripe_events import events_of
from producer.journal.operations.customers import customer_record
from producer.journal.operations.exports import export
from producer.migrations.plan.customer_reads import CustomerRead, customer_read

READ_WITHIN_S = 8.0
_SEEN_S = 30.0
_MAX_ID = 255


@dataclass(frozen=True, slots=True)
class Lookups:
    """The sampler, and commands' stories, each read once for simultaneous callers."""

    sampler: Sampler
    stories: SharedRead[CommandStory | None]

    @classmethod
    def of(cls, services: Services, sampler: Sampler) -> Lookups:
        """Stories are of the services' journal."""

        async def read(command_id: str) -> CommandStory | None:
            found = await services.journal(export(command_id))
            return None if found is None else story_of(command_id, found)

        return cls(sampler, SharedRead(read))

    async def story(self, services: Services, request: Request) -> CommandStory | None:
        """The story of the command in the path; None if the command is unknown.

        Raises:
            Refusal: the path or the query holds a card number.
            JournalUnavailable: Redis cannot be reached, or has lost its data.
        """
        refuse_card_number_in_query(request.scope["query_string"])
        command_id: str = request.path_params["taskId"]
        refuse_card_number(command_id, "taskId")
        found = await self.stories(command_id) if len(command_id) <= _MAX_ID else None
        if found is None:
            services.require_same_journal()
        return found


async def explanation(services: Services, request: Request) -> Explanation:
    """Explain the customer in the path, whom a worker reads at Stripe now.

    Raises:
        Refusal: the path holds no customer's id, or a card number.
        JournalUnavailable: Redis cannot be reached, or has lost its data.
    """
    refuse_card_number_in_query(request.scope["query_string"])
    customer = parse_customer(request.path_params["userId"])
    read = CustomerRead(customer, "no_worker")
    if await services.journal(workers_seen(_SEEN_S)):
        answer = await read_by_worker(
            services,
            request,
            lambda read_id: request_customer(
                read_id,
                customer,
                with_cards=False,
                lane=Lane.INTERACTIVE,
                signing=services.signing,
            ),
            within_s=READ_WITHIN_S,
        )
        read = CustomerRead(customer, "unavailable")
        if answer is not None:
            read = customer_read(customer, answer[1])
    services.require_same_journal()
    events = await services.journal(events_of(customer))
    return explain(await services.journal(customer_record(customer)), read, events)
