"""Uploads that are slow, numerous, decompression bombs or abandoned, at a real web process."""

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
    """A server shared by all tests; each uploads files of its own."""
    with ValkeyServer(tmp_path_factory.mktemp("uploads"), config={"appendonly": "no"}) as made:
        yield made


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The data folder."""
    return tmp_path / "migrations"


@pytest.fixture
def web(server: ValkeyServer, folder: Path) -> Iterator[WebProcess]:
    """A web process that accepts 32 MiB."""
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
    """A file that takes long to plan: a few seconds for 300,000 rows."""
    made = random.Random(seed)
    rows = (f"cus_{made.getrandbits(60):x},card_{made.getrandbits(60):x}\n" for _ in range(count))
    return _HEADER + "".join(rows).encode()


class Upload:
    """A connection that uploads as slowly as the test wants; a context manager."""

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
    """The web process's running child processes."""
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
    """Files in the folder that the web process has open, including deleted ones."""
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


def test_slow_uploads_delay_nobody(web: WebProcess, folder: Path) -> None:
    """Six stalled uploads hold no slot for planning; their data has no name on disk."""
    with ExitStack() as stack:
        slow = [stack.enter_context(closing(Upload(web, 20 << 20))) for _ in range(6)]
        for one in slow:
            one.send(_HEADER + b"cus_1,card_1\n" * 200_000)
        wait_until(lambda: len(open_files(web, folder)) == 6, "all are being received")
        assert left(folder) == []
        assert upload(web, _FILE).status_code < 300
        assert upload(web, many_rows(1_000, 1)).status_code < 300
    wait_until(lambda: not open_files(web, folder), "the end of what was received")


def test_the_number_of_uploads_is_limited(web: WebProcess, folder: Path) -> None:
    """Further uploads are refused with `Retry-After`; when one ends, another is accepted."""
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


def test_the_size_of_all_uploads_is_limited(web: WebProcess, folder: Path) -> None:
    """All uploads together may use four times the largest file's size."""
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
    """A workbook whose texts have that size."""
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
    """Files that decompress to far more than their size, with their answers."""

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
        "compressed twice": (twice, 400, "unknown_format"),
        "torn": (gzip.compress(random_)[:-9], 400, "gzip_torn"),
        "damaged": (gzip.compress(random_)[:100_000] + b"x" * 1_000, 400, "gzip_torn"),
        "no gzip behind its head": (b"\x1f\x8b" + b"x" * 1_000, 400, "gzip_torn"),
        "more than the limit": (
            packed(_HEADER + random.randbytes(_LIMIT // 2 + 1).hex().encode()),
            413,
            "file_too_large",
        ),
    }


def test_bombs_are_refused_quickly_and_leave_nothing(web: WebProcess, folder: Path) -> None:
    """They are refused by ratio and size, with or without the header; children stay small."""
    said = {"Content-Encoding": "gzip"}
    for name, (data, status, code) in bombs().items():
        # Only some declare the encoding: the file's content counts.
        for headers in ({}, said) if name in ("many members", "torn") else ({},):
            with ThreadPoolExecutor(1) as pool:
                answering = pool.submit(upload, web, data, **headers)
                peak = 0
                while not answering.done():
                    peak = max([peak, *(resident(one) for one in planning(web))])
                    time.sleep(0.02)  # between two measurements
                answer = answering.result()
            assert (answer.status_code, answer.json()["code"]) == (status, code), (name, headers)
            assert peak < 200 << 20, (name, peak)
            nothing_left(web, folder)


def resident(pid: int) -> int:
    """A process's resident memory in bytes."""
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    except (OSError, IndexError):
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE")


def test_well_compressed_files_are_accepted(web: WebProcess) -> None:
    """Ordinary rows, and a small file of repeated content, are accepted."""
    for rows in (many_rows(200_000, 5), _HEADER + b"cus_1x,card_1x\n" * 400_000):
        packed = zlib.compressobj(9, wbits=31)
        data = packed.compress(rows) + packed.flush()
        assert upload(web, data).status_code == 201, len(data)


def test_a_disconnect_during_the_upload_leaves_nothing(web: WebProcess, folder: Path) -> None:
    """If the connection closes in the middle of the file, nothing is left."""
    before = migrations(web)
    one = Upload(web, 20 << 20)
    one.send(_HEADER + b"cus_1,card_1\n" * 200_000)
    wait_until(lambda: len(open_files(web, folder)) == 1, "it is being received")
    one.close()
    nothing_left(web, folder)
    assert migrations(web) == before


def held(web: WebProcess) -> list[int]:
    """The planning child processes, each suspended."""
    found = planning(web)
    for one in found:
        os.kill(one, signal.SIGSTOP)
    return found


def test_a_disconnect_during_planning_ends_it(web: WebProcess, folder: Path) -> None:
    """The child ends, neither migration nor file is left, and the slot is free."""
    before = migrations(web)
    data = many_rows(400_000, 6)
    with ExitStack() as stack:
        leaving = [stack.enter_context(closing(Upload(web, len(data)))) for _ in range(5)]
        for one in leaving:
            one.send(data)
        # Of five, four are being planned; the fifth waits for a slot.
        wait_until(lambda: len(held(web)) == 4, "four are planned")
    nothing_left(web, folder)
    assert migrations(web) == before
    assert upload(web, _FILE).status_code < 300


def migrations(web: WebProcess) -> list[Any]:
    found: list[Any] = httpx.get(f"{web.url}/api/migrations", timeout=60).json()["data"]
    return found


def test_a_disconnect_does_not_interrupt_the_entering(web: WebProcess, folder: Path) -> None:
    """If the caller disconnects once the file is stored, all rows still get into the ledger."""
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


def test_a_disconnect_during_the_report_ends_it(web: WebProcess, folder: Path) -> None:
    """The reporting child ends, its file is removed, and the migration stays unchanged."""
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
    # A disconnect during the download leaves nothing, either.
    with httpx.stream("GET", f"{web.url}/api/migrations/{migration}/report.csv", timeout=60) as got:
        assert got.status_code == 200
        assert next(got.iter_raw())
    wait_until(lambda: left(folder) == kept, "what there was before")
    httpx.delete(f"{web.url}/api/migrations/{migration}")


def test_a_killed_web_leaves_nothing_after_a_restart(
    server: ValkeyServer, web: WebProcess, folder: Path
) -> None:
    """After a kill while receiving or planning, the next start removes what is left."""
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
    """The child removes its unfinished work by itself, without a restart of web."""
    data = many_rows(400_000, 9)
    with closing(Upload(web, len(data))) as one:
        one.send(data)
        wait_until(lambda: planning(web) and left(folder), "it is planned")
        (child,) = planning(web)
        web.signal(signal.SIGKILL)
        web.ended(30)
        wait_until(lambda: not _command(child), "the child's end")
        wait_until(lambda: not left(folder), "an empty folder")


def test_nearly_empty_files_are_refused(web: WebProcess, folder: Path) -> None:
    """An empty body and a single byte are refused like other files, and nothing is left."""
    for data in (b"", b"x", gzip.compress(b"")):
        answer = upload(web, data)
        assert answer.status_code == 400, answer.text
        nothing_left(web, folder)
