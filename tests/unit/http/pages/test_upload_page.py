"""The upload form: from a file to its plan, or back to the form with an error."""

from __future__ import annotations

import gzip
import re
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from producer.http.pages.migrations import migration_view, plan_view
from producer.http.pages.texts.say import Say
from producer.migrations.model.rows import RowState
from tests.unit.http.pages.test_migrations_page import _RUNNING, _text
from tests.unit.http.web import client_of

_ROWS = b"userId,default_source\ncus_a1,card_a1\ncus_a2,card_a2\nkus_a3,card_a3\n"
_TOKENS = "finance:migrate:t0ken-migrate,viewer:read:t0ken-read"
_PLAN = {
    "file": "<b>.csv",
    "form": "csv",
    "mapping": {"userId": "cliente"},
    "rows": 5,
    "toSend": 3,
    "commands": {"SetDefaultCard": 3},
    "invalid": 2,
    "repeated": 0,
    "customers": 3,
    "codes": {"field_too_long": 2},
    "examples": {
        "field_too_long": [
            {
                "line": 7,
                "column": "cliente",
                "what": "the value has more than 255 characters",
                "todo": "x",
            }
        ]
    },
    "requests": {"POST /v1/customers/:id": 3},
    "seconds": {"live": 60.0, "test": 120.0},
    "keptBytes": 29_000_000,
    "columnsTaken": ["userId <- cliente", {"column": "tarjeta", "as": "card"}],
    "shape": "UTF-16, semicolons",
}


@pytest.fixture
async def web(redis_url: str, tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    """A client of an app in English."""
    environ = {"CARDS_MIGRATIONS_DIR": str(tmp_path), "CARDS_LANGUAGE": "en"}
    async with client_of(redis_url, **environ) as made:
        yield made


async def _post(web: httpx.AsyncClient, content: bytes, **fields: str) -> httpx.Response:
    files = {"file": ("cards.csv", content, "text/csv")}
    data = {name.replace("__", "-"): value for name, value in fields.items()}
    return await web.post("/migrations", data=data, files=files)


async def test_a_file_is_planned_and_nothing_is_sent(web: httpx.AsyncClient) -> None:
    """The answer leads to the plan with its invalid rows; the migration is paused."""
    answer = await _post(web, _ROWS, rps="2,5", command="", sheet="")
    assert answer.status_code == 303, answer.text
    path = answer.headers["location"]
    page = _text((await web.get(path)).text)
    assert "Ready, not started" in page
    assert "2 SetDefaultCard" in page
    assert "(CSV)" in page
    assert "Read as columns separated by commas, UTF-8, lines ending in LF" in page
    assert "“userId” is the customer" in page
    assert "“default_source” is card to be the default" in page
    assert "line 4, column userId: userId is not valid: it must start with cus_" in page
    status = (await web.get(f"/api{path}")).json()["data"]
    assert (status["state"], status["counts"]["pending"], status["rps"]) == ("paused", 2, 2.5)
    plan = (await web.get(f"/api{path}/plan")).json()["data"]
    assert (plan["rows"], plan["toSend"], plan["invalid"]) == (3, 2, 1)
    assert "keptBytes" in plan
    errors = await web.get(f"{path}/errors.csv")
    assert errors.text.splitlines()[1].startswith("kus_a3,card_a3,invalid,parameter_invalid")


async def test_the_plan_describes_how_the_file_was_read(web: httpx.AsyncClient) -> None:
    """It names packing, encoding, separator and mapped columns, and nothing that does not apply."""
    text = "Customer ID\tDefault Source\tCard CVC Status\r\n\u00a0cus_a1\tcard_a1\tpass\r\n"
    answer = await _post(web, gzip.compress(text.encode("utf-16")))
    assert answer.status_code == 303, answer.text
    page = _text((await web.get(answer.headers["location"])).text)
    assert "(CSV, gzipped)" in page
    assert "columns separated by tabs, UTF-16 LE, lines ending in CRLF" in page
    assert "“Customer ID” is the customer" in page
    assert "“Card CVC Status” is outcomes of CVC checks, which are not used" in page
    assert "1 values had spaces or invisible characters around them" in page
    assert not {"False", "Stripe objects", "packing"} & set(page.split())


async def test_a_file_without_the_columns_offers_its_own(
    web: httpx.AsyncClient, tmp_path: Path
) -> None:
    """The form shows the reason and the filled-in values, and offers the file's columns."""
    content = b"persona,pieza <i>\ncus_a1,card_a1\n"
    answer = await _post(web, content, rps="3")
    assert answer.status_code == 400
    assert "no column is named like userId" in answer.text
    assert '<option value="persona">' in answer.text
    assert "pieza &lt;i&gt;" in answer.text
    assert "<i>" not in answer.text
    assert re.search('name="rps"[^>]*value="3"', answer.text)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []
    mapped = {"map__userId": "persona", "map__default_source": "pieza <i>"}
    answer = await _post(web, content, **mapped)
    assert answer.status_code == 303, answer.text


@pytest.mark.parametrize(
    ("content", "fields", "said"),
    [
        (b"", {}, "the file is empty"),
        (_ROWS, {"rps": "many"}, "rps"),
        (_ROWS, {"surprise": "1"}, "surprise"),
        (_ROWS, {"only__if__default__is": "4242424242424242"}, "card number"),
        (b"userId,card_number\ncus_1,1\n", {}, "card_number"),
        (b"\x1f\x8b\x08", {}, "gzip"),
    ],
)
async def test_the_form_shows_what_is_wrong(
    web: httpx.AsyncClient, content: bytes, fields: dict[str, str], said: str
) -> None:
    """The answer is 400 with the reason and the form; nothing is entered."""
    answer = await _post(web, content, **fields)
    assert answer.status_code == 400
    assert said in _text(answer.text)
    assert 'id="upload"' in answer.text
    assert "4242424242424242" not in answer.text
    assert (await web.get("/api/migrations")).json()["data"] == []


async def test_malformed_forms_and_large_files_are_refused(redis_url: str, tmp_path: Path) -> None:
    """Other bodies are refused with a page; the limit is the API's."""
    environ = {"CARDS_MIGRATIONS_DIR": str(tmp_path), "CARDS_LANGUAGE": "en"}
    async with client_of(redis_url, CARDS_UPLOAD_LIMIT="50", **environ) as web:
        broken = await web.post("/migrations", content=_ROWS)
        assert (broken.status_code, "arrived incomplete" in broken.text) == (400, True)
        large = await _post(web, _ROWS)
        assert (large.status_code, "limit of 50 bytes" in large.text) == (413, True)
        nothing = await web.post("/migrations", files={"file": ("", b"", "text/csv")})
        assert nothing.status_code == 400


async def test_a_reader_sees_no_form(redis_url: str, tmp_path: Path) -> None:
    """A reader may not post one, nor may a foreign page. The form names the caller who may."""
    environ = {"CARDS_MIGRATIONS_DIR": str(tmp_path), "CARDS_LANGUAGE": "en"}
    async with client_of(redis_url, CARDS_API_TOKENS=_TOKENS, **environ) as web:
        await web.post("/login", data={"token": "t0ken-read"})
        assert 'id="upload"' not in (await web.get("/migrations")).text
        assert (await _post(web, _ROWS)).status_code == 403
        web.cookies.clear()
        await web.post("/login", data={"token": "t0ken-migrate"})
        page = await web.get("/migrations")
        assert 'id="upload"' in page.text
        assert "entered by finance" in page.text
        files = {"file": ("cards.csv", _ROWS, "text/csv")}
        forged = await web.post("/migrations", files=files, headers={"origin": "https://evil"})
        assert forged.status_code == 403
        path = (await _post(web, _ROWS)).headers["location"]
        assert "finance" in (await web.get(path)).text
        bearer = {"Authorization": "Bearer t0ken-read"}
        api = await web.get(f"/api{path}", headers=bearer)
        assert api.json()["data"]["by"] == "finance"


async def test_a_plan_is_discarded_or_piloted(web: httpx.AsyncClient) -> None:
    """A discarded migration is gone; a pilot accepts only a number of rows."""
    path = (await _post(web, _ROWS)).headers["location"]
    wrong = await web.post(f"{path}/pilot", data={"rows": "none"})
    assert (wrong.status_code, "1 to 999999999" in wrong.text) == (400, True)
    gone = await web.post(f"{path}/discard")
    assert (gone.status_code, gone.headers["location"]) == (303, "/migrations")
    assert (await web.get(path)).status_code == 404
    assert (await web.get(f"/api{path}/plan")).status_code == 404


def test_all_fields_of_a_plan_are_shown() -> None:
    """Unknown fields are shown too, as text; times and rows are in the language."""
    html = plan_view.section(Say("es"), _PLAN, "<a>errors.csv</a>")
    text = _text(html)
    assert "&lt;b&gt;.csv" in html
    assert "Shape UTF-16, semicolons" in text
    assert "Columns taken userId &lt;- cliente column = tarjeta, as = card" in text
    assert "línea 7, columna cliente: el valor tiene más de 255 caracteres" in text
    assert "unos 29,0 MB" in text
    assert "1 min en modo real, 2 min en modo de prueba" in text
    assert "y 1 más" in text


def test_unsent_rows_are_shown_with_reasons() -> None:
    """Ambiguous and skipped rows are shown by code with advice, without the candidates."""
    more = {
        "ambiguous": {"ambiguous_cards": 4},
        "undecidedCustomers": 2,
        "undecided": [{"customer": "cus_1", "candidates": []}],
        "skipped": {"not_default": 3},
    }
    text = _text(plan_view.section(Say("en"), {**_PLAN, **more}, ""))
    assert "Ambiguous 4 ambiguous_cards : choose in the file" in text
    assert "Undecided 2 customers: which card is meant is not said" in text
    assert "Skipped 3 not_default : nothing: another card" in text
    assert "cus_1" not in text
    repairs = _text(plan_view.section(Say("es"), {**_PLAN, "repairs": True}, ""))
    assert "Por reparar 3 clientes: quien no tiene predeterminada" in repairs


def test_once_started_the_plan_is_collapsed() -> None:
    """The progress comes first then; the plan can be opened."""
    html = migration_view.body(Say("en"), _RUNNING, plan=_PLAN)
    assert "The plan, before anything was sent" in html
    assert "Run all" not in html
    assert _RUNNING.counts[RowState.APPLIED] == 410_000
