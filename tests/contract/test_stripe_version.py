"""One version of Stripe's API: what is asked for, what is checked against, what is played."""

from __future__ import annotations

import pytest
import stripe

from sandbox.http.server import SandboxServer
from sandbox.http.service import Reply
from sandbox.objects.seed import CARD, CUSTOMER, PAYMENT_METHOD
from sandbox.protocol.api_version import API_VERSION
from sandbox.protocol.calls import Call
from tests.sandbox.stripe_openapi import stripe_description
from tests.unit.worker.attempts import to_assign
from worker.ports import Failure, StripeAnswer, StripeError
from worker.stripe.api_version import STRIPE_VERSION
from worker.stripe.gateway import StripeGateway

# The SDK's majors whose changes to customers, sources, payment methods and subscriptions were read:
# none, from the version that is pinned on.
_READ = {"endive"}


def test_pin_description_and_sandbox_are_of_one_version() -> None:
    """A newer description is a reason to move the pin, and to look at what has changed."""
    assert stripe_description().version == STRIPE_VERSION == API_VERSION


def test_the_sdk_is_one_that_was_looked_at() -> None:
    """A major of the SDK's whose changes nobody has read fails here."""
    major = stripe.api_version.partition(".")[2]
    assert major in _READ, f"read what {stripe.api_version} changes since {STRIPE_VERSION}"


@pytest.fixture
def newer(monkeypatch: pytest.MonkeyPatch) -> None:
    """An SDK of some day."""
    monkeypatch.setattr("stripe._api_version._ApiVersion.CURRENT", "2031-01-01.later")
    monkeypatch.setattr("stripe.api_version", "2031-01-01.later")


@pytest.mark.usefixtures("newer")
@pytest.mark.parametrize("context", ["", "acct_1"])
async def test_every_request_asks_for_the_pinned_version(context: str) -> None:
    """Whatever the SDK's own is, and with the account where one is set."""
    key = "sk_org_test_conformance" if context else "sk_test_conformance"
    async with SandboxServer() as server:
        heard: list[Call] = []
        answer = server.service.answer

        async def overheard(call: Call) -> Reply:
            heard.append(call)
            return await answer(call)

        server.service.answer = overheard  # type: ignore[method-assign]
        gateway = StripeGateway(key, api_base=server.url, context=context)
        permit = to_assign()
        results = [
            await gateway.attach_source(
                CUSTOMER, "tok_visa", command_id="c", key="k1", permit=permit
            ),
            await gateway.attach_payment_method(CUSTOMER, PAYMENT_METHOD, key="k2", permit=permit),
            await gateway.set_default_source(CUSTOMER, CARD, key="k3", permit=permit),
            await gateway.set_default_payment_method(
                CUSTOMER, PAYMENT_METHOD, key="k4", permit=permit
            ),
            await gateway.customer(CUSTOMER),
            await gateway.payment_method(PAYMENT_METHOD),
            await gateway.sources(CUSTOMER),
            await gateway.card_payment_methods(CUSTOMER),
            await gateway.subscriptions(CUSTOMER),
        ]
        await gateway.close()
    assert all(isinstance(one, StripeAnswer) for one in results)
    assert len(heard) == len(results)
    assert {(one.version, one.context) for one in heard} == {(STRIPE_VERSION, context)}


async def test_an_organisations_key_without_the_account_is_refused() -> None:
    """As at Stripe: the request is refused, and nothing happened."""
    async with SandboxServer() as server:
        gateway = StripeGateway("sk_org_test_conformance", api_base=server.url)
        result = await gateway.customer(CUSTOMER)
        await gateway.close()
    assert isinstance(result, StripeError)
    assert (result.failure, result.http_status) == (Failure.ANSWERED, 400)
    assert "Stripe-Context" in result.message
