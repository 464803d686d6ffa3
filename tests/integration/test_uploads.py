"""Uploads that are slow, many, packed too tightly or left alone, at a real web process."""

from __future__ import annotations

import gzip
import io
import os
import random
import signal
import socket
import time
import zipfile
import zlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import httpx
import pytest

from local.servers.valkey import ValkeyServer
from producer.http.migrations.upload_storage import PLACES
from tests.crash.worker_process import wait_until
from tests.unit.http.web import WebProcess
from tests.unit.migrations.shapes import Table, as_xlsx, zipped

pytestmark = pytest.mark.integration

_HEADER = b"userId,default_source\n"
_FILE = _HEADER + b"cus_1x,card_1x\ncus_2x,card_2x\n"
_LIMIT = 32 << 20
_ENDLESS = b'[{"userId": "cus_1x", "default_source": "card_1x"}, '


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ValkeyServer]:
    """The server that all share: each test uploads files of its own."""
    with ValkeyServer(tmp_path_factory.mktemp("uploads"), config={"appendonly": "no"}) as made:
        yield made


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The data folder."""
    return tmp_path / "migrations"


@pytest.fixture
def web(server: ValkeyServer, folder: Path) -> Iterator[WebProcess]:
    """A web process that takes 32 MiB."""
    with started(server, folder) as made:
        yield made


def started(server: ValkeyServer, folder: Path) -> WebProcess:
    return WebProcess(
        server.url,
        CARDS_MIGRATIONS_DIR=str(folder),
        CARDS_LANGUAGE="en",
        CARDS_UPLOAD_LIMIT=str(_LIMIT),
    )


def many_rows(count: int, seed: int) -> bytes:
    """A file that takes its time to plan: a few seconds for 300,000 rows."""
    made = random.Random(seed)
    rows = (f"cus_{made.getrandbits(60):x},card_{made.getrandbits(60):x}\n" for _ in range(count))
    return _HEADER + "".join(rows).encode()


class Upload:
    """A connection that uploads as slowly as it is told to; a context manager."""

    def __init__(self, web: WebProcess, length: int, query: str = "") -> None:
        self._socket = socket.create_connection(("127.0.0.1", web.port), timeout=60)
        request = f"POST /api/migrations?{query} HTTP/1.1\r\nHost: 127.0.0.1\r\n"
        head = f"{request}Content-Length: {length}\r\n\r\n"
        self._socket.sendall(head.encode())

    def send(self, data: bytes) -> None:
        self._socket.sendall(data)

    def answer(self) -> bytes:
        return self._socket.recv(65_536)

    def close(self) -> None:
        self._socket.close()


def upload(web: WebProcess, data: bytes, **headers: str) -> httpx.Response:
    return httpx.post(f"{web.url}/api/migrations", content=data, headers=headers, timeout=60)


def children(web: WebProcess) -> list[int]:
    """The processes that the web process has started and that are still there."""
    found = Path(f"/proc/{web.pid}/task/{web.pid}/children").read_text().split()
    return [int(one) for one in found]


def planning(web: WebProcess) -> list[int]:
    return [one for one in children(web) if b"plan_process" in _command(one)]


def _command(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


def open_files(web: WebProcess, folder: Path) -> list[str]:
    """What the web process has open in the folder, also what has no name any more."""
    links = []
    for one in Path(f"/proc/{web.pid}/fd").iterdir():
        try:
            links.append(os.readlink(one))
        except OSError:
            continue
    return [link for link in links if link.startswith(str(folder))]


def left(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


def nothing_left(web: WebProcess, folder: Path) -> None:
    wait_until(lambda: not children(web), "the end of the children")
    wait_until(lambda: not open_files(web, folder), "the end of what was received")
    wait_until(lambda: not left(folder), f"an empty folder, not {left(folder)}")


def test_slow_uploads_keep_nobody_waiting(web: WebProcess, folder: Path) -> None:
    """Six that stand still take no turn of those who plan; what they sent has no name on disk."""
    with ExitStack() as stack:
        slow = [stack.enter_context(closing(Upload(web, 20 << 20))) for _ in range(6)]
        for one in slow:
            one.send(_HEADER + b"cus_1,card_1\n" * 200_000)
        wait_until(lambda: len(open_files(web, folder)) == 6, "all are being received")
        assert left(folder) == []
        assert upload(web, _FILE).status_code < 300
        assert upload(web, many_rows(1_000, 1)).status_code < 300
    wait_until(lambda: not open_files(web, folder), "the end of what was received")


def test_there_are_so_many_at_once(web: WebProcess, folder: Path) -> None:
    """More are told to come again, at once; when one ends another is taken."""
    with ExitStack() as stack:
        slow = [stack.enter_context(closing(Upload(web, 2 << 20))) for _ in range(PLACES)]
        for one in slow:
            one.send(_HEADER + b"cus_1,card_1\n" * 100_000)
        wait_until(lambda: len(open_files(web, folder)) == PLACES, "all are being received")
        refused = upload(web, _FILE)
        assert (refused.status_code, refused.json()["code"]) == (503, "uploads_busy")
        assert int(refused.headers["retry-after"]) > 0
        slow[0].close()
        wait_until(lambda: upload(web, _FILE + b"cus_3x,card_3x\n").status_code < 300, "a place")


def test_what_all_send_together_is_bounded(web: WebProcess, folder: Path) -> None:
    """Four times the largest file, on disk: who sends more is told to come again."""
    piece = _HEADER + b"cus_1,card_1\n" * ((31 << 20) // 13)
    with ExitStack() as stack:
        slow = [stack.enter_context(closing(Upload(web, _LIMIT))) for _ in range(4)]
        for one in slow:
            one.send(piece)
        wait_until(lambda: len(open_files(web, folder)) == 4, "all are being received")

        def refused() -> bool:
            answer = upload(web, many_rows(300_000, 2))
            return (answer.status_code, answer.json().get("code")) == (503, "uploads_busy")

        wait_until(refused, "a refusal")


def _workbook_of(size: int) -> bytes:
    """A workbook whose texts come to so much."""
    table = Table(("userId", "default_source"), (("cus_1x", "card_1x"),))
    out = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(as_xlsx(table))) as before,
        zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as after,
    ):
        for info in before.infolist():
            text = before.read(info)
            if info.filename == "xl/sharedStrings.xml":
                many = b"<si><t>cus_1x</t></si>"
                text = text.replace(b"</sst>", many * (size // len(many)) + b"</sst>")
            after.writestr(info.filename, text)
    return out.getvalue()


def bombs() -> dict[str, tuple[bytes, int, str]]:
    """What unpacks to far more than it weighs, with how it is answered."""

    def packed(data: bytes) -> bytes:
        return gzip.compress(data, compresslevel=1)

    rows = b"cus_1x,card_1x\n" * 14_000_000
    random_ = many_rows(40_000, 3)
    workbook = _workbook_of(24 << 20)
    twice = gzip.compress(gzip.compress(_FILE))
    members = gzip.compress(_HEADER) + gzip.compress(b"cus_1x,card_1x\n" * 600_000) * 24
    return {
        "200 MB of one row": (packed(_HEADER + rows), 400, "packed_too_tightly"),
        "many members": (members, 400, "packed_too_tightly"),
        "one line of 200 MB": (
            packed(_HEADER + b"x" * (200 << 20)),
            400,
            "packed_too_tightly",
        ),
        "200 MB of line ends": (
            packed(_HEADER + b"\n" * (200 << 20)),
            400,
            "packed_too_tightly",
        ),
        "a zip archive": (zipped(_HEADER + rows[: 24 << 20]), 400, "packed_too_tightly"),
        "a workbook's texts": (workbook, 400, "packed_too_tightly"),
        "JSON, deeply nested": (_ENDLESS + b"[" * (8 << 20), 400, "json_broken"),
        "packed twice": (twice, 400, "unknown_format"),
        "torn": (gzip.compress(random_)[:-9], 400, "gzip_torn"),
        "damaged": (gzip.compress(random_)[:100_000] + b"x" * 1_000, 400, "gzip_torn"),
        "no gzip behind its head": (b"\x1f\x8b" + b"x" * 1_000, 400, "gzip_torn"),
        "more than the limit": (
            packed(_HEADER + random.randbytes(_LIMIT // 2 + 1).hex().encode()),
            413,
            "file_too_large",
        ),
    }


def test_bombs_are_refused_soon_and_leave_nothing(web: WebProcess, folder: Path) -> None:
    """By ratio and by size, whether the header says gzip or not; children stay small meanwhile."""
    said = {"Content-Encoding": "gzip"}
    for name, (data, status, code) in bombs().items():
        # Said of some and not of others: what is in the file is what counts.
        for headers in ({}, said) if name in ("many members", "torn") else ({},):
            with ThreadPoolExecutor(1) as pool:
                answering = pool.submit(upload, web, data, **headers)
                peak = 0
                while not answering.done():
                    peak = max([peak, *(resident(one) for one in planning(web))])
                    time.sleep(0.02)  # between two looks: nothing is waited for
                answer = answering.result()
            assert (answer.status_code, answer.json()["code"]) == (status, code), (name, headers)
            assert peak < 200 << 20, (name, peak)
            nothing_left(web, folder)


def resident(pid: int) -> int:
    """Bytes of memory that a process has."""
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    except (OSError, IndexError):
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE")


def test_what_packs_well_is_taken(web: WebProcess) -> None:
    """Rows as people have them, and a small file that says the same over and over."""
    for rows in (many_rows(200_000, 5), _HEADER + b"cus_1x,card_1x\n" * 400_000):
        packed = zlib.compressobj(9, wbits=31)
        data = packed.compress(rows) + packed.flush()
        assert upload(web, data).status_code == 201, len(data)


def test_who_leaves_during_the_upload_leaves_nothing(web: WebProcess, folder: Path) -> None:
    """The connection is closed in the middle of the file."""
    before = migrations(web)
    one = Upload(web, 20 << 20)
    one.send(_HEADER + b"cus_1,card_1\n" * 200_000)
    wait_until(lambda: len(open_files(web, folder)) == 1, "it is being received")
    one.close()
    nothing_left(web, folder)
    assert migrations(web) == before


def held(web: WebProcess) -> list[int]:
    """The children that plan, each stopped where it stands."""
    found = planning(web)
    for one in found:
        os.kill(one, signal.SIGSTOP)
    return found


def test_who_leaves_during_planning_ends_it(web: WebProcess, folder: Path) -> None:
    """The child is ended; neither a migration nor a file is there, and others get the turn."""
    before = migrations(web)
    data = many_rows(400_000, 6)
    with ExitStack() as stack:
        leaving = [stack.enter_context(closing(Upload(web, len(data)))) for _ in range(5)]
        for one in leaving:
            one.send(data)
        # Of five, four are planned; the fifth waits for its turn.
        wait_until(lambda: len(held(web)) == 4, "four are planned")
    nothing_left(web, folder)
    assert migrations(web) == before
    assert upload(web, _FILE).status_code < 300


def migrations(web: WebProcess) -> list[Any]:
    found: list[Any] = httpx.get(f"{web.url}/api/migrations", timeout=60).json()["data"]
    return found


def test_who_leaves_during_the_entering_finds_it_entered_whole(
    web: WebProcess, folder: Path
) -> None:
    """The caller goes once the copy is in its place; all rows are in the ledger all the same."""
    rows = 150_000
    data = _HEADER + b"".join(b"kus_%d,card_1\n" % number for number in range(rows))
    with closing(Upload(web, len(data), "name=left.csv")) as one:
        one.send(data)
        wait_until(lambda: list(folder.glob("input-*")), "the entering")

    def there() -> list[Any]:
        return [one for one in migrations(web) if one["name"] == "left.csv"]

    wait_until(there, "the migration")
    wait_until(lambda: not children(web), "the end of the child")
    (found,) = there()
    assert (found["state"], found["counts"]["invalid"]) == ("paused", rows)
    kept = left(folder)
    assert [name for name in kept if name.startswith("work-")] == []
    assert f"uploads/{found['id']}.json" in kept


def test_who_leaves_during_the_report_ends_it(web: WebProcess, folder: Path) -> None:
    """The child that makes it ends, and its file is gone; the migration stays as it is."""
    answer = upload(web, many_rows(150_000, 7))
    migration = answer.json()["data"]["migration"]["id"]
    kept = left(folder)
    for name in ("report.csv", "errors.csv", "report.html"):
        with socket.create_connection(("127.0.0.1", web.port), timeout=60) as one:
            path = f"/api/migrations/{migration}/{name}"
            one.sendall(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
            wait_until(lambda: children(web), "a child that reports")
        wait_until(lambda: not children(web), "the end of the child")
        wait_until(lambda: left(folder) == kept, "what there was before")
    # Who leaves while it is sent leaves nothing, either.
    with httpx.stream("GET", f"{web.url}/api/migrations/{migration}/report.csv", timeout=60) as got:
        assert got.status_code == 200
        assert next(got.iter_raw())
    wait_until(lambda: left(folder) == kept, "what there was before")
    httpx.delete(f"{web.url}/api/migrations/{migration}")


def test_a_web_that_is_killed_leaves_nothing_behind(
    server: ValkeyServer, web: WebProcess, folder: Path
) -> None:
    """While it receives and while it plans: the next start removes what is left."""
    before = migrations(web)
    data = many_rows(400_000, 8)
    with closing(Upload(web, 20 << 20)) as slow, closing(Upload(web, len(data))) as planned:
        slow.send(_HEADER + b"cus_1,card_1\n" * 200_000)
        planned.send(data)
        wait_until(lambda: len(open_files(web, folder)) == 2, "both are received")
        wait_until(lambda: planning(web) and left(folder), "it is planned")
        (child,) = planning(web)
        os.kill(child, signal.SIGSTOP)
        web.signal(signal.SIGKILL)
        os.kill(child, signal.SIGKILL)
        web.ended(30)
        assert left(folder)
    with started(server, folder) as again:
        nothing_left(again, folder)
        assert migrations(again) == before


def test_a_child_ends_with_its_web_by_itself(web: WebProcess, folder: Path) -> None:
    """It removes what it had half done; no other start is needed for that."""
    data = many_rows(400_000, 9)
    with closing(Upload(web, len(data))) as one:
        one.send(data)
        wait_until(lambda: planning(web) and left(folder), "it is planned")
        (child,) = planning(web)
        web.signal(signal.SIGKILL)
        web.ended(30)
        wait_until(lambda: not _command(child), "the child's end")
        wait_until(lambda: not left(folder), "an empty folder")


def test_next_to_nothing_is_refused_likewise(web: WebProcess, folder: Path) -> None:
    """An empty body and one byte are files like others: refused, with nothing left."""
    for data in (b"", b"x", gzip.compress(b"")):
        answer = upload(web, data)
        assert answer.status_code == 400, answer.text
        nothing_left(web, folder)
