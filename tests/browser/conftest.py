"""A real headless Chromium for the run, a tab for each test."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest

from tests.browser.chromium import Chromium
from tests.browser.devtools import DevTools
from tests.browser.tab import Tab


@pytest.fixture(scope="session")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chromium]:
    """The browser. Without one its tests fail; they are never skipped."""
    with Chromium(tmp_path_factory.mktemp("chromium")) as browser:
        yield browser


@pytest.fixture
async def tab(chromium: Chromium) -> AsyncIterator[Tab]:
    """A new tab, 1280 pixels wide, in light mode."""
    async with DevTools.connected(chromium.devtools) as devtools:
        made = await Tab.opened(devtools)
        await made.view(1280)
        yield made
