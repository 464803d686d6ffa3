"""Two stages: one whose worker demands signatures, one whose worker only knows the keys."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.integration.signatures.forging import Forging


@pytest.fixture(scope="session")
def strict(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Forging]:
    """Signatures are demanded."""
    with Forging(tmp_path_factory.mktemp("strict"), CARDS_REQUIRE_SIGNATURES="yes") as made:
        made.one.ready()
        yield made


@pytest.fixture(scope="session")
def lenient(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Forging]:
    """On the way there: what is signed is looked at, what is not is taken."""
    with Forging(tmp_path_factory.mktemp("lenient")) as made:
        made.one.ready()
        yield made
