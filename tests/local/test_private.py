"""Only the owner can read what `make up` writes, whatever the umask."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from local.running.datadir import DataDir
from local.servers.valkey import ValkeyServer
from tests.unit.test_private_files import open_to_others


@pytest.fixture(autouse=True)
def _no_umask() -> Iterator[None]:
    """With umask 0, files have exactly the modes they are created with."""
    before = os.umask(0)
    yield
    os.umask(before)


def _set(server: ValkeyServer) -> None:
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as connection:
        connection.sendall(b"SET a 1\r\n")
        assert connection.recv(100).startswith(b"+OK")


def test_the_data_folder_is_private(tmp_path: Path) -> None:
    """Lock, addresses, log and append-only file are private, even if they were open before."""
    folder = tmp_path / "data"
    for _ in range(2):
        with closing(DataDir(folder)) as data, ValkeyServer(data.valkey) as server:
            _set(server)
            data.publish({"web": "http://127.0.0.1:1"})
            written = {path.name for path in folder.rglob("*")}
            assert {"lock", "addresses.json", "valkey.log", "appendonlydir"} <= written
            assert [name for name in written if name.endswith(".aof")]
            assert open_to_others(folder) == []
        for path in (folder, *folder.rglob("*")):
            path.chmod(0o777 if path.is_dir() else 0o666)
