"""Two stages: one whose worker requires signatures, and one whose worker only has the keys."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.integration.signatures.forging import Forging


@pytest.fixture(scope="session")
def strict(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Forging]:
    """A stage that requires signatures."""
    with Forging(tmp_path_factory.mktemp("strict"), CARDS_REQUIRE_SIGNATURES="yes") as made:
        made.one.ready()
        yield made


@pytest.fixture(scope="session")
def lenient(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Forging]:
    """A stage during the rollout: signatures are verified, and unsigned messages accepted."""
    with Forging(tmp_path_factory.mktemp("lenient")) as made:
        made.one.ready()
        yield made
