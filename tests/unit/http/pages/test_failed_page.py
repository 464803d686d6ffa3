"""The pages of failed commands over ASGI: list, question, replay, permissions."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterator
from html import unescape

import httpx
import pytest

from producer import CardCommands, State
from producer.http.failed import replay as replaying
from producer.http.pages.failed import view as failed_view
from tests.integration.ends import Ends
from tests.unit.http.web import CARD, client_of

_TOKENS = {"read": "t0ken-read", "operate": "t0ken-operate"}
_SETTING = ",".join(f"by-{scope}:{scope}:{token}" for scope, token in _TOKENS.items())
_BOTH = f"{_SETTING},ana:read+operate:t0ken-of-ana"


@pytest.fixture
def ends(redis_url: str) -> Iterator[Ends]:
    helper = Ends(redis_url)
    yield helper
    helper.close()


@pytest.fixture
def failures(redis_url: str, ends: Ends) -> list[str]:
    """Ids of three failed commands: two with `api_error`, one with `poison`."""
    ids = []
    with CardCommands(redis_url, sender="shop") as cards:
        for number, code in enumerate(("api_error", "poison", "api_error")):
            ids.append(cards.set_default(customer=f"cus_{number}", card="card_1").id)
            ends.fail(ids[-1], code)
    return ids


@pytest.fixture
async def web(redis_url: str) -> AsyncIterator[httpx.AsyncClient]:
    """A client of an app in English."""
    async with client_of(redis_url, CARDS_LANGUAGE="en") as made:
        yield made


def _text(html: str) -> str:
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", html)).split())


def _states(redis_url: str, ids: list[str]) -> list[State]:
    with CardCommands(redis_url) as cards:
        return [cards.status(one).state for one in ids]


async def test_from_the_overview_to_the_replay(
    web: httpx.AsyncClient, redis_url: str, failures: list[str]
) -> None:
    """The code's button leads to a question with the count; the form's answer has the outcomes."""
    overview = (await web.get("/")).text
    assert 'href="/failed?code=api_error"' in overview
    assert overview.count('action="/failed/replay"') == 1  # no button for poison
    listed = _text((await web.get("/failed?code=api_error")).text)
    assert failures[0] in listed
    assert failures[2] in listed
    assert failures[1] not in listed
    question = await web.get("/failed/replay?code=api_error")
    assert "2 would be replayed" in _text(question.text)
    assert 'method="post"' in question.text
    assert _states(redis_url, failures) == [State.FAILED] * 3
    outcome = await web.post("/failed/replay", data={"code": "api_error", "customer": ""})
    assert (outcome.status_code, "2 were replayed" in _text(outcome.text)) == (200, True)
    assert _states(redis_url, failures) == [State.QUEUED, State.FAILED, State.QUEUED]
    assert "None matches" in _text((await web.get("/failed?code=api_error")).text)


async def test_poison_is_never_replayed_here(
    web: httpx.AsyncClient, redis_url: str, failures: list[str]
) -> None:
    """The page says how many are left out; the list of poison has no button."""
    question = _text((await web.get("/failed/replay?command=SetDefaultCard")).text)
    assert "2 would be replayed" in question
    assert "1 with poison are left out" in question
    alone = await web.get("/failed/replay?code=poison")
    assert "There is none to replay" in _text(alone.text)
    assert 'method="post"' not in alone.text
    listed = (await web.get("/failed?code=poison")).text
    assert failures[1] in listed
    assert "/failed/replay" not in listed
    await web.post("/failed/replay", data={"code": "poison", "poison": "true"})
    await web.post("/failed/replay", data={"code": "poison"})
    assert _states(redis_url, failures) == [State.FAILED] * 3


async def test_many_commands_are_replayed_in_steps(
    web: httpx.AsyncClient, failures: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The page says "at least" and how many at a time; a link continues the list."""
    monkeypatch.setattr(replaying, "MAX_SCANNED", 1)
    monkeypatch.setattr("producer.http.failed.scan._BATCH", 1)
    question = _text((await web.get("/failed/replay?code=api_error")).text)
    assert "1 or more would be replayed" in question
    assert "500 are replayed at a time" in question
    monkeypatch.setattr("producer.http.pages.failed.routes._SHOWN", "1")
    first = (await web.get("/failed?code=api_error")).text
    (further,) = re.findall(r'href="(/failed\?code=api_error&amp;after=[^"]+)"', first)
    second = (await web.get(unescape(further))).text
    assert failures[0] in first
    assert failures[2] in second


async def test_without_a_filter_nothing_is_replayed(
    web: httpx.AsyncClient, redis_url: str, failures: list[str]
) -> None:
    """Without a filter there is no button, and a form sent nevertheless is refused."""
    shown = await web.get("/failed")
    assert all(one in shown.text for one in failures)
    assert "filter them first" in _text(shown.text)
    for answer in (
        await web.get("/failed/replay"),
        await web.post("/failed/replay", data={"code": ""}),
    ):
        assert answer.status_code == 400
        assert "That filter is not valid" in answer.text
    assert _states(redis_url, failures) == [State.FAILED] * 3


@pytest.mark.parametrize(
    "query", [f"code={CARD}", "command=Delete", "customer=card_1", "colour=x", "after=x"]
)
async def test_wrong_filters_are_answered_with_a_page(web: httpx.AsyncClient, query: str) -> None:
    """The answer is 400 and does not echo the filter."""
    answer = await web.get(f"/failed?{query}")
    assert (answer.status_code, CARD in answer.text) == (400, False)
    assert "That filter is not valid" in answer.text


async def test_a_filter_is_text(web: httpx.AsyncClient) -> None:
    """A filter's value is text in the heading, in fields and in links."""
    hostile = '"><script>ran(1)</script>'
    for path in ("/failed", "/failed/replay"):
        shown = (await web.get(path, params={"code": hostile})).text
        assert "&quot;&gt;&lt;script&gt;" in shown
        assert "<script>ran" not in shown


async def test_replaying_needs_the_scope_operate(redis_url: str, failures: list[str]) -> None:
    """A reader sees lists without buttons and is refused; so is a foreign page."""
    async with client_of(redis_url, CARDS_API_TOKENS=_BOTH, CARDS_LANGUAGE="en") as web:
        assert (await web.get("/failed")).status_code == 401
        await web.post("/login", data={"token": _TOKENS["read"]})
        for path in ("/", "/failed?code=api_error"):
            assert "/failed/replay" not in (await web.get(path)).text
        assert "the scope operate" in _text((await web.get("/failed?code=api_error")).text)
        assert (await web.get("/failed/replay?code=api_error")).status_code == 403
        sent = await web.post("/failed/replay", data={"code": "api_error"})
        assert (sent.status_code, "Your token does not allow this" in sent.text) == (403, True)
        web.cookies.clear()
        await web.post("/login", data={"token": "t0ken-of-ana"})
        assert "/failed/replay" in (await web.get("/")).text
        other = await web.post(
            "/failed/replay",
            data={"code": "api_error"},
            headers={"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"},
        )
        assert other.status_code == 403
        assert _states(redis_url, failures) == [State.FAILED] * 3
        assert (await web.post("/failed/replay", data={"code": "api_error"})).status_code == 200


def test_the_url_of_the_list_without_a_filter() -> None:
    """Without a filter the URL has no query."""
    assert failed_view.list_url({}) == "/failed"
