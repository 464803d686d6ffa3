"""An app in this process, and the journal it writes to."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import pytest

from producer.journal import Journal
from tests.unit.http.web import client_of


@pytest.fixture
async def client(redis_url: str) -> AsyncIterator[httpx.AsyncClient]:
    """A client of an app over an empty Valkey."""
    async with client_of(redis_url) as made:
        yield made


@pytest.fixture
async def journal(redis_url: str) -> AsyncIterator[Journal]:
    """The journal as a worker uses it."""
    made = Journal(redis_url)
    yield made
    await made.aclose()
