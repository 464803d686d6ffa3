"""The overview, commands and customers over ASGI: pages, API, texts; foreign values are text."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from producer import CardCommands, Lane
from producer.contract import CommandKind, State
from producer.contract.bilingual import Language
from producer.contract.stripe_events import StripeEvent
from producer.explain.customer import explain
from producer.http.overview.last_hour import LastHour
from producer.http.overview.sampler import Overview, TroubledCommands
from producer.http.pages.overview import customer_view, overview_view
from producer.http.pages.overview.headline import matters
from producer.http.pages.site.sessions import is_page
from producer.http.pages.texts.overview import Live
from producer.http.pages.texts.runbook import known_codes, known_states
from producer.http.pages.texts.say import Say
from producer.journal import Ended, Figures, Pace, Pause, figures
from producer.journal.commands.stripe_events import ChangedBy, NotedEvent, note_event
from producer.journal.operations.customers import CustomerRecord
from producer.journal.operations.health import Stop
from producer.migrations.plan.customer_reads import CustomerRead
from producer.redis.faults import FAULTS
from tests.integration.ends import Ends
from tests.unit.http.web import CARD, CUSTOMER, ROOT, client_of

_NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
_LANES = dict.fromkeys(Lane, 0)
_FIGURES = Figures(
    at=_NOW.timestamp(), accepted={}, replayed={}, ended={}, end_times={}, retried={},
    taken_over={}, measured={}, messages=_LANES, unclaimed=_LANES,
    oldest_s=dict.fromkeys(Lane, 0.0), failed=0, unsettled=0, unknown=0, oldest_unsettled_s=0.0,
    at_work=0, workers=2,
)  # fmt: skip


@pytest.fixture
async def web(redis_url: str, tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    """A client of an app in English."""
    environ = {"CARDS_MIGRATIONS_DIR": str(tmp_path), "CARDS_LANGUAGE": "en"}
    async with client_of(redis_url, **environ) as made:
        yield made


@pytest.fixture
def ends(redis_url: str) -> Iterator[Ends]:
    helper = Ends(redis_url)
    yield helper
    helper.close()


@pytest.fixture
def cards(redis_url: str) -> Iterator[CardCommands]:
    with CardCommands(redis_url, sender="shop") as client:
        yield client


def _overview(**changed: object) -> Overview:
    found = replace(_FIGURES, **changed)  # type: ignore[arg-type]
    none = TroubledCommands({}, [], True)
    return Overview(found, {}, LastHour().record(found), 3.0, none, none, [])


def _ended(count: int, at: float, state: State = State.SUCCEEDED) -> Figures:
    one = Ended(CommandKind.ASSIGN_CARD, Lane.BULK, state, "-")
    return replace(_FIGURES, at=at, ended={one: count})


def _text(html: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html))


def test_the_last_hour_covers_at_most_an_hour() -> None:
    """Ended commands are counted since the oldest sample, which is at most an hour old."""
    hour = LastHour()
    assert sum(hour.record(_ended(10, 0.0)).counts.values()) == 0
    for minute in range(1, 100):
        found = hour.record(_ended(10 + minute, minute * 60.0 + 0.5))
        assert found.states()[State.SUCCEEDED] == min(minute, 60)
    assert found.since == datetime.fromtimestamp(39 * 60 + 0.5, UTC)


def test_lost_counters_restart() -> None:
    """Counters lower than before do not become negative differences."""
    hour = LastHour()
    hour.record(_ended(10, 0.0))
    lost = hour.record(_ended(2, 1.0))
    assert (lost.states()[State.SUCCEEDED], lost.since.timestamp()) == (0, 1.0)
    assert hour.record(_ended(5, 2.0)).states()[State.SUCCEEDED] == 3


@pytest.mark.parametrize(
    ("changed", "said", "alert"),
    [
        ({}, "All is well", ""),
        ({"workers": 0}, "There is no worker", "CardsNoWorker"),
        ({"stop": Stop("expired", "", 1)}, "refuses the workers' key", "CardsStripeKeyRefused"),
        ({"paused": {Lane.BULK: Pause(_NOW, "a")}}, "paused the lane bulk", "CardsLanePaused"),
        ({"failed": 3}, "gave up: 3", "CardsCommandsFailed"),
        ({"unknown": 1, "oldest_unsettled_s": 901.0}, "not known", "CardsOutcomeUnknown"),
    ],
)  # fmt: skip
def test_problems_are_shown_first(changed: dict[str, object], said: str, alert: str) -> None:
    """Each problem has advice and an existing section of the runbook."""
    (matter,) = matters(Say("en"), _overview(**changed))
    assert said in matter.now
    assert matter.alert == alert
    if alert:
        assert f"### {alert}\n" in (ROOT / "docs/runbook.md").read_text("utf-8")
    assert matters(Say("es"), _overview(**changed))[0].now != matter.now


def test_workers_are_unknown_while_redis_refuses_writes() -> None:
    """If Redis accepts no writes, workers cannot report; only the refusal is shown."""
    full = replace(_overview(workers=0), refuses=FAULTS["OOM"])
    (matter,) = matters(Say("en"), full)
    assert "Redis is full" in matter.now
    assert matter.alert == "CardsRefusingCommands"
    assert "not known" in _text(overview_view.body(Say("en"), full))


def test_held_commands_are_counted_as_open() -> None:
    """A command that a worker has received and may not send counts as open."""
    one = (CommandKind.ASSIGN_CARD, Lane.BULK)
    shown = _text(overview_view.body(Say("en"), _overview(accepted={one: 7})))
    assert "Not ended" in shown
    assert "bulk many at a time, migrations too 7 0 – open" in shown


def test_only_a_stuck_lane_is_a_problem() -> None:
    """An old command alone is no problem: a migration has many."""
    old = _overview(oldest_s={Lane.INTERACTIVE: 0.0, Lane.BULK: 900.0})
    assert matters(Say("en"), old)[0].alert == ""
    assert matters(Say("en"), replace(old, rate=0.0))[0].alert == "CardsLaneStuck"


def test_the_rate_is_shown_with_the_limit() -> None:
    """The limit is shown as reduced by Stripe's 429s."""
    slowed = replace(_overview(), paces={"account": Pace(0.5, 3, 40.0, 100)})
    said = _text(overview_view.body(Say("en"), slowed))
    assert "3/s" in said
    assert "limit: 40/s, lowered to 20/s" in said
    assert "no limit of our own" in _text(overview_view.body(Say("en"), _overview()))


def test_the_advice_matches_the_runbook() -> None:
    """The advice for each code and state is that of docs/runbook.md, without links."""
    runbook = (ROOT / "docs/runbook.md").read_text("utf-8")
    plain = re.sub(r"\[([^\]]+)\]\([^)]*\)", r"\1", runbook)
    rows = {cells[0]: cells[1:] for cells in map(_cells, plain.split("\n")) if cells}
    codes = {one: cells[1] for one, cells in rows.items() if len(cells) == 2}
    assert {f"`{code}`": todo for code, todo in known_codes().items()} == {
        one: todo for one, todo in codes.items() if one.startswith("`")
    }
    for state, todo in known_states().items():
        name = f"`{state}`" if state != "unknown" else "`unknown` (not an end)"
        assert rows[name][0].startswith(todo), state


def _cells(line: str) -> list[str]:
    return [one.strip() for one in line.strip("|").split("|")] if line.startswith("|") else []


def test_every_state_has_a_text() -> None:
    """No state is shown by its bare name in Spanish."""
    for one in State:
        assert f"STATE_{one.value.upper()}" in Live.__members__


def test_sessions_are_accepted_on_pages_only() -> None:
    """The API, the probes and the documentation accept no cookie."""
    pages = ("/", "/events", "/find", "/login", "/migrations", "/commands/x", "/customers/cus_1")
    assert all(map(is_page, pages))
    others = ("/api/overview", "/api", "/docs", "/metrics", "/healthz", "/commandsx", "", "//")
    assert not any(map(is_page, others))


async def test_pages_and_api_show_the_same(
    web: httpx.AsyncClient, cards: CardCommands, ends: Ends
) -> None:
    """Overview, a command and a customer are HTML for people and envelopes for programs."""
    sent = cards.set_default(customer=CUSTOMER, card="card_1")
    ends.fail(sent.id, "lock_timeout")
    shown = (await web.get(f"/commands/{sent.id}")).text
    assert "cards failed replay --filter code=lock_timeout" in shown
    waiting = cards.assign(customer=CUSTOMER, source="tok_1QRs9eKZ4xUzN2TP9vQqWXYZ")
    overview = (await web.get("/api/overview")).json()["data"]
    assert overview["failed"] == {"count": 1, "codes": {"lock_timeout": 1}, "some": [sent.id]}
    assert overview["lanes"]["interactive"]["waiting"] == 1
    assert f'href="/commands/{sent.id}"' in (await web.get("/")).text
    command = (await web.get(f"/api/commands/{sent.id}")).json()["data"]
    assert (command["state"], command["sender"], command["waitsFor"]) == (
        "failed", "shop", "nothing",
    )  # fmt: skip
    page = await web.get(f"/commands/{sent.id}")
    assert "cards failed replay --filter code=lock_timeout" in _text(page.text)
    assert "<script" not in page.text  # it has ended: no live updates
    customer = (await web.get(f"/api/customers/{CUSTOMER}")).json()["data"]
    assert (customer["read"], customer["notRead"]) == (False, "no_worker")
    assert [one["taskId"] for one in customer["waiting"]] == [waiting.id]
    page = await web.get(f"/customers/{CUSTOMER}")
    assert waiting.id in page.text
    command_page = await web.get(f"/commands/{waiting.id}")
    for answer in (page.text, json.dumps(customer), command_page.text):
        assert "tok_1QRs" not in answer


async def test_unknown_ids_are_404(web: httpx.AsyncClient) -> None:
    """Unknown ids are 404 with a page; malformed ids and card numbers are not echoed."""
    for path in ("/commands/nope", f"/commands/{CARD}", "/customers/x", f"/customers/cus_{CARD}",
                 f"/commands/{'x' * 300}"):  # fmt: skip
        answer = await web.get(path)
        assert (answer.status_code, "text/html" in answer.headers["content-type"]) == (404, True)
        assert CARD not in answer.text
    missing = await web.get("/api/commands/nope")
    assert (missing.status_code, missing.json()["code"]) == (404, "task_not_found")
    assert (await web.get(f"/api/commands/{CARD}")).json()["code"] == "card_number_refused"
    places = {" cus_1 ": "/customers/cus_1", "a/b": "/commands/a%2Fb", "": "/"}
    for wanted, location in places.items():
        found = await web.get("/find", params={"id": wanted})
        assert (found.status_code, found.headers["location"]) == (303, location)
    assert (await web.get("/find", params={"id": CARD})).status_code == 404


async def test_the_stream_sends_changes(
    web: httpx.AsyncClient, cards: CardCommands, ends: Ends
) -> None:
    """A command's stream ends with the command; an unknown command's is 404."""
    sent = cards.set_default(customer="cus_1", card="card_1")
    ends.end(sent.id)
    async with web.stream("GET", f"/commands/{sent.id}/events") as events:
        told = [line async for line in events.aiter_lines() if line.startswith("data:")]
    assert len(told) == 1
    assert '"ended":true' in told[0]
    assert (await web.get("/commands/nope/events")).status_code == 404


async def test_without_redis_a_page_says_so(tmp_path: Path) -> None:
    """Without Redis both page and API answer 503."""
    environ = {"CARDS_MIGRATIONS_DIR": str(tmp_path), "CARDS_LANGUAGE": "en"}
    async with client_of("redis://127.0.0.1:1/0", **environ) as away:
        paths = ("/", "/commands/x", "/customers/cus_1", "/api/overview")
        responses = await asyncio.gather(*(away.get(path) for path in paths))
        assert [one.status_code for one in responses] == [503] * len(paths)
        assert all("does not answer" in one.text for one in responses[:3])


async def test_the_example_command_has_our_address(web: httpx.AsyncClient) -> None:
    """The list's curl command has the address and port under which the page was requested."""
    for host in ("localhost:8123", "127.0.0.1"):
        page = await web.get("/migrations", headers={"Host": host})
        assert f"http://{host}/api/migrations?name=cards.csv" in page.text


async def test_damaged_rows_hide_nothing(
    web: httpx.AsyncClient, cards: CardCommands, ends: Ends
) -> None:
    """Rows with missing or non-numeric fields do not break the pages."""
    for number in range(3):
        ends.fail(cards.set_default(customer="cus_1", card="card_1").id, f"code_{number}")
    one, two, three = map(str, ends.redis.zrange("cards:failed", 0, -1))
    ends.redis.hdel(f"cards:command:{one}", "user", "kind", "lane", "state")
    ends.redis.hset(f"cards:command:{two}", mapping={"finished": "x", "accepted": "-1e9"})
    ends.redis.delete(f"cards:command:{three}")
    ends.redis.set(f"cards:command:{three}", "garbage")
    for path in ("/", "/customers/cus_1", f"/commands/{one}", f"/commands/{two}"):
        assert (await web.get(path)).status_code == 200, path
    assert (await web.get(f"/commands/{three}")).status_code == 404
    assert ends.journal(figures()).failed == 3


async def test_a_customers_stripe_events_are_shown(
    web: httpx.AsyncClient, cards: CardCommands, ends: Ends
) -> None:
    """Page and API distinguish a change made elsewhere from one by a command."""
    sent = cards.set_default(customer="cus_1", card="card_1")
    for number, key in enumerate((sent.id, "")):
        told = StripeEvent(
            id=f"evt_{number}",
            type="customer.updated",
            created=1_700_000_000 + number,
            customer="cus_1",
            object="cus_1",
            request=f"req_{number}",
            key=key,
            defaults={"default_source": f"card_{number}"},
        )
        ends.journal(note_event(told, keep_s=90_000))
    events = (await web.get("/api/customers/cus_1")).json()["data"]["events"]
    assert [one["changedBy"] for one in events] == ["elsewhere", "command"]
    assert [one["taskId"] for one in events] == [None, sent.id]
    page = (await web.get("/customers/cus_1")).text
    assert page.count("customer.updated") == 2
    assert "other software, or a person" in page


@pytest.mark.parametrize("language", ["es", "en"])
def test_foreign_values_are_text(language: Language) -> None:
    """A code of Stripe's, or a damaged row's customer id, is neither markup nor a template."""
    hostile = "<img src=x onerror=ran()>{0}{id}\u202e`x`\0"
    record = CustomerRecord(hostile, _NOW, [], [], False, None, {})
    read = CustomerRead(hostile, "", hostile, None)
    event = NotedEvent(hostile, hostile, _NOW, ChangedBy.COMMAND, hostile, hostile, hostile)
    html = customer_view.body(Say(language), explain(record, read, [event]))
    html += customer_view.body(Say(language), explain(record, CustomerRead(hostile, hostile)))
    found = _overview(stop=Stop(hostile, hostile, 1), paused={Lane.BULK: Pause(_NOW, hostile)})
    html += overview_view.body(Say(language), found)
    assert "<img" not in html
    assert "\u202e" not in html
    assert "\0" not in html
    assert "style=" not in html
