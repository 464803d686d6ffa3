"""Worker, OpenAPI description and sandbox have the same version of Stripe's API."""

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

# The SDK's major versions, from the pinned one on, whose changes to customers, sources, payment
# methods and subscriptions were read: there are none.
_READ = {"endive"}


def test_pin_description_and_sandbox_are_of_one_version() -> None:
    """If the description is newer, the pin must be moved after reading the changes."""
    assert stripe_description().version == STRIPE_VERSION == API_VERSION


def test_the_sdks_changes_were_read() -> None:
    """A major version of the SDK whose changes nobody has read fails."""
    major = stripe.api_version.partition(".")[2]
    assert major in _READ, f"read what {stripe.api_version} changes since {STRIPE_VERSION}"


@pytest.fixture
def newer(monkeypatch: pytest.MonkeyPatch) -> None:
    """A possible SDK."""
    monkeypatch.setattr("stripe._api_version._ApiVersion.CURRENT", "2031-01-01.later")
    monkeypatch.setattr("stripe.api_version", "2031-01-01.later")


@pytest.mark.usefixtures("newer")
@pytest.mark.parametrize("context", ["", "acct_1"])
async def test_every_request_names_the_pinned_version(context: str) -> None:
    """Requests name the pinned version, whatever the SDK's own, and the account if set."""
    key = "sk_org_test_conformance" if context else "sk_test_conformance"
    async with SandboxServer() as server:
        heard: list[Call] = []
        answer = server.service.answer

        async def recorded(call: Call) -> Reply:
            heard.append(call)
            return await answer(call)

        server.service.answer = recorded  # type: ignore[method-assign]
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
    """As at Stripe, the request is refused without effect."""
    async with SandboxServer() as server:
        gateway = StripeGateway("sk_org_test_conformance", api_base=server.url)
        result = await gateway.customer(CUSTOMER)
        await gateway.close()
    assert isinstance(result, StripeError)
    assert (result.failure, result.http_status) == (Failure.ANSWERED, 400)
    assert "Stripe-Context" in result.message
