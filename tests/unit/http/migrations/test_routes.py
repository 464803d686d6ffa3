"""`/api/migrations` as callers see it, without a worker."""

from __future__ import annotations

import gzip
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from producer.http.routes.health import unended_rows
from producer.migrations.model.rows import RowState
from producer.migrations.model.status import MigrationState, MigrationStatus
from tests.unit.http.web import CARD, client_of
from tests.unit.migrations.shapes import Table, as_xlsx

_HEADER = "userId,default_source"
_ROWS = "\n".join([_HEADER, "cus_a1,card_a1", "cus_a2,card_a2", "kus_a3,card_a3", ""])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The data folder."""
    return tmp_path / "migrations"


@pytest.fixture
async def web(redis_url: str, folder: Path) -> AsyncIterator[httpx.AsyncClient]:
    """A client of an app with a data folder of its own, in English."""
    environ = {"CARDS_MIGRATIONS_DIR": str(folder), "CARDS_LANGUAGE": "en"}
    async with client_of(redis_url, CARDS_UPLOAD_LIMIT="100000", **environ) as made:
        yield made


async def _upload(
    web: httpx.AsyncClient, content: str | bytes, **parameters: Any
) -> httpx.Response:
    body = content.encode() if isinstance(content, str) else content
    named = {name.replace("_", "-"): value for name, value in parameters.items()}
    return await web.post("/api/migrations", params={"name": "cards.csv", **named}, content=body)


def _left(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.glob("*")) if folder.exists() else []


async def test_an_upload_answers_its_plan_and_is_paused(web: httpx.AsyncClient) -> None:
    """The file is planned and entered as a paused migration; the counts add up to its rows."""
    answer = await _upload(web, _ROWS)
    assert answer.status_code == 201, answer.text
    data = answer.json()["data"]
    assert (data["plan"]["rows"], data["plan"]["toSend"], data["plan"]["invalid"]) == (3, 2, 1)
    assert data["created"]
    migration = data["migration"]
    assert answer.headers["location"] == f"/api/migrations/{migration['id']}"
    assert (migration["state"], migration["name"]) == ("paused", "cards.csv")
    assert sum(migration["counts"].values()) == migration["rows"] == 3
    found = (await web.get(answer.headers["location"])).json()["data"]
    assert (found["codes"], found["history"]) == ({"parameter_invalid": 1}, [])
    listed = (await web.get("/api/migrations")).json()["data"]
    assert [one["id"] for one in listed] == [migration["id"]]


async def test_the_sheet_of_an_uploaded_workbook(web: httpx.AsyncClient, folder: Path) -> None:
    """`sheet` works as on the command line, and the same sheet is the same migration."""
    table = Table(("userId", "default_source"), (("cus_a1", "card_a1"), ("cus_a2", "card_a2")))
    data = as_xlsx(table, sheet="Cards")
    answer = await _upload(web, data, sheet="cards")
    assert answer.status_code == 201, answer.text
    plan = answer.json()["data"]["plan"]
    assert (plan["rows"], plan["toSend"]) == (2, 2)
    assert (plan["format"]["form"], plan["format"]["sheet"]) == ("xlsx", "Cards")
    again = await _upload(web, data)
    assert (again.status_code, again.json()["data"]["created"]) == (200, False)
    wrong = await _upload(web, data, sheet="Tarjetas")
    assert (wrong.status_code, wrong.json()["code"]) == (400, "no_such_sheet")
    assert "Cards, Other" in wrong.json()["message"]


async def test_metrics_count_rows_of_unended_migrations(web: httpx.AsyncClient) -> None:
    """Rows of unended migrations are counted by state, from 0; those of ended ones are not."""
    await _upload(web, _ROWS)
    text = (await web.get("/metrics")).text
    for state, count in (("pending", 2), ("invalid", 1), ("applied", 0)):
        assert f'cards_migration_rows{{state="{state}"}} {count}.0' in text
    counts = {RowState.APPLIED: 7}
    ended = MigrationStatus("mig_1", "a.csv", MigrationState.FINISHED, 7, counts, datetime.now(UTC))
    assert unended_rows([ended]).total() == 0


async def test_the_same_file_again_is_the_same_migration(web: httpx.AsyncClient) -> None:
    """A file uploaded twice is one migration; with other parameters, or packed, it is another."""
    first = (await _upload(web, _ROWS)).json()["data"]
    again = await _upload(web, _ROWS)
    assert (again.status_code, again.json()["data"]["created"]) == (200, False)
    assert again.json()["data"]["migration"]["id"] == first["migration"]["id"]
    packed = await _upload(web, gzip.compress(_ROWS.encode(), mtime=0))
    other = await _upload(web, _ROWS, skip_if_newer="true")
    ids = {one.json()["data"]["migration"]["id"] for one in (packed, other)}
    assert len(ids | {first["migration"]["id"]}) == 3


async def test_a_dry_run_leaves_nothing(web: httpx.AsyncClient, folder: Path) -> None:
    """A dry run answers the plan and keeps neither file nor migration."""
    answer = await _upload(web, _ROWS, dry_run="true")
    assert (answer.status_code, answer.json()["data"]["plan"]["toSend"]) == (200, 2)
    assert answer.json()["data"]["migration"] is None
    assert (_left(folder), (await web.get("/api/migrations")).json()["data"]) == ([], [])


@pytest.mark.parametrize(
    ("content", "column"),
    [
        (f"userId,default_source,card_number\ncus_a,card_a,{CARD}\n", "card_number"),
        (f"userId,default_source,note\ncus_a,card_a,{CARD}\n", "note"),
        (f"userId,default_source,note\n{'cus_a,card_a,x' * 1}\n" + f"c,d,{CARD}\n" * 9, "note"),
    ],
)
async def test_card_data_is_refused_and_not_stored(
    web: httpx.AsyncClient, folder: Path, content: str, column: str
) -> None:
    """A column of card data refuses the file, names the column, and leaves no byte of it."""
    answer = await _upload(web, content)
    assert (answer.status_code, answer.json()["code"]) == (400, "card_number_refused")
    assert column in answer.json()["message"]
    assert answer.json()["data"] == {"column": column}
    assert CARD not in answer.text
    assert _left(folder) == []


async def test_invalid_uploads_are_refused(web: httpx.AsyncClient, folder: Path) -> None:
    """Missing columns, too many bytes and wrong parameters are reported, and leave nothing."""
    missing = await _upload(web, "a,b\n1,2\n")
    assert (missing.status_code, missing.json()["code"]) == (400, "column_missing")
    large = await _upload(web, _ROWS + "x" * 100_000)
    assert (large.status_code, large.json()["code"]) == (413, "file_too_large")

    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(12):
            yield b"x" * 10_000

    streamed = await web.post("/api/migrations", content=chunks())
    assert (streamed.status_code, streamed.json()["code"]) == (413, "file_too_large")
    for parameters in ({"map": "x=y"}, {"rps": "fast"}, {"run": "perhaps"}, {"other": "1"}):
        wrong = await _upload(web, _ROWS, **parameters)
        assert (wrong.status_code, wrong.json()["code"]) == (400, "parameter_invalid")
    number = await _upload(web, _ROWS, name=CARD)
    assert number.json()["code"] == "card_number_refused"
    assert _left(folder) == []


_GZIPPED = gzip.compress(_ROWS.encode(), mtime=0)


@pytest.mark.parametrize("coding", ["gzip", "x-gzip", "GZIP", "identity, gzip"])
async def test_an_upload_may_declare_gzip(web: httpx.AsyncClient, coding: str) -> None:
    """A declared gzip, in pieces of any size, is the same migration as an undeclared one."""

    async def pieces() -> AsyncIterator[bytes]:
        for place in range(len(_GZIPPED)):
            yield _GZIPPED[place : place + 1]

    headers = {"Content-Encoding": coding}
    answer = await web.post("/api/migrations", content=pieces(), headers=headers)
    assert (answer.status_code, answer.json()["data"]["plan"]["rows"]) == (201, 3)
    unsaid = await _upload(web, _GZIPPED)
    assert (unsaid.status_code, unsaid.json()["data"]["created"]) == (200, False)


@pytest.mark.parametrize(
    ("coding", "content"),
    [
        *(("gzip", _ROWS.encode()), ("gzip", b""), ("gzip", b"\x1f"), ("gzip", b"\x1fx")),
        *(("br", _ROWS.encode()), ("deflate", _GZIPPED), ("zstd", _GZIPPED), ("other", _GZIPPED)),
        *(("gzip, gzip", _GZIPPED), ("br, gzip", _GZIPPED)),
    ],
)
async def test_an_upload_must_match_its_encoding(
    web: httpx.AsyncClient, folder: Path, coding: str, content: bytes
) -> None:
    """Another coding, or a body that is not the declared gzip, is 415; nothing is kept."""
    headers = {"Content-Encoding": coding}
    answer = await web.post("/api/migrations", content=content, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (415, "encoding_unsupported")
    assert answer.headers["accept-encoding"] == "identity, gzip"
    assert _left(folder) == []


async def test_actions_and_their_refusals(web: httpx.AsyncClient) -> None:
    """A migration is throttled and cancelled without a driver; then it can no longer be paused."""
    path = (await _upload(web, _ROWS)).headers["location"]
    throttled = await web.post(f"{path}/throttle", json={"rps": 2.5})
    assert throttled.json()["data"]["rps"] == 2.5
    assert (await web.post(f"{path}/throttle", json={"rps": None})).json()["data"]["rps"] is None
    wrong = await web.post(f"{path}/throttle", json={"rps": -1})
    assert (wrong.status_code, wrong.json()["code"]) == (400, "parameter_invalid")
    assert (await web.post(f"{path}/cancel")).status_code == 200
    async with web.stream("GET", f"{path}/events") as events:
        last = [line async for line in events.aiter_lines() if line.startswith("data:")][-1]
    assert '"state":"cancelled"' in last
    assert '"cancelled":2' in last
    paused = await web.post(f"{path}/pause")
    assert (paused.status_code, paused.json()["code"]) == (409, "migration_state")


async def test_reports_are_downloads_that_add_up(web: httpx.AsyncClient, folder: Path) -> None:
    """CSV, JSON Lines, HTML and errors.csv can be downloaded, and leave no file behind."""
    path = (await _upload(web, _ROWS)).headers["location"]
    rows = (await web.get(f"{path}/report.csv")).text.splitlines()
    assert len(rows) == 4
    assert len((await web.get(f"{path}/report.jsonl")).text.splitlines()) == 3
    page = await web.get(f"{path}/report.html")
    assert page.headers["content-type"].startswith("text/html")
    assert "default-src 'none'" in page.headers["content-security-policy"]
    errors = await web.get(f"{path}/errors.csv")
    assert "attachment" in errors.headers["content-disposition"]
    assert errors.text.splitlines()[1].startswith("kus_a3,card_a3,invalid,parameter_invalid")
    assert not [name for name in _left(folder) if name.startswith("report-")]


async def test_unknown_ids_and_foreign_pages(web: httpx.AsyncClient) -> None:
    """An unknown migration is 404; a browser's request for a foreign page is 403."""
    for path in ("mig_0123456789abcdef01234567", "x", CARD):
        answer = await web.get(f"/api/migrations/{path}")
        assert (answer.status_code, answer.json()["code"]) == (404, "migration_not_found")
        assert path not in answer.text
    for headers in ({"sec-fetch-site": "cross-site"}, {"origin": "https://evil.example"}):
        forged = await web.post("/api/migrations", content=_ROWS.encode(), headers=headers)
        assert (forged.status_code, forged.json()["code"]) == (403, "other_origin")


async def test_messages_are_spanish_by_default(redis_url: str, tmp_path: Path) -> None:
    """Without CARDS_LANGUAGE the envelopes are Spanish; tokens are required here too."""
    tokens = {"CARDS_API_TOKENS": "s3cret-of-a-service"}
    async with client_of(redis_url, CARDS_MIGRATIONS_DIR=str(tmp_path), **tokens) as web:
        refused = await web.get("/api/migrations")
        assert (refused.status_code, refused.json()["code"]) == (401, "unauthorized")
        bearer = {"Authorization": "Bearer s3cret-of-a-service"}
        listed = await web.get("/api/migrations", headers=bearer)
        assert listed.json()["message"] == "Migraciones listadas correctamente"
