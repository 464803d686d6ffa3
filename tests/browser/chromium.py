"""Starts a headless Chromium for the tests."""

from __future__ import annotations

import os
import shutil
import subprocess
import threading
from pathlib import Path
from typing import Self

from local.processes.guard import Guard

NAMES = ("chromium", "chromium-browser", "google-chrome")
_FLAGS = (
    "--headless",
    "--no-sandbox",  # tests also run as root in containers, where no sandbox is available
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--remote-debugging-port=0",
)
_READY = "DevTools listening on "


def find_chromium() -> str:
    """Chromium's path: CARDS_TEST_BROWSER, or one of `NAMES`. Raises FileNotFoundError."""
    found = os.environ.get("CARDS_TEST_BROWSER") or next(filter(None, map(shutil.which, NAMES)), "")
    if not found:
        raise FileNotFoundError(
            "no Chromium: install the package chromium, name one in CARDS_TEST_BROWSER, "
            "or leave these tests out with -m 'not browser'"
        )
    return found


class Chromium:
    """The process, with an empty profile. It ends with the process that started it."""

    def __init__(self, folder: Path) -> None:
        """`folder` is an empty folder for the profile. Raises FileNotFoundError."""
        self.devtools = ""
        """The WebSocket of the whole browser."""
        self._log: list[str] = []
        self._told = threading.Event()
        self._guard = Guard()
        self._process = self._guard.spawn(
            [find_chromium(), *_FLAGS, f"--user-data-dir={folder}", "about:blank"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self._process.stderr is not None
        for line in self._process.stderr:
            text = line.decode(errors="replace").strip()
            self._log.append(text)
            if text.startswith(_READY):
                self.devtools = text.removeprefix(_READY)
                self._told.set()
        self._told.set()

    def __enter__(self) -> Self:
        self._told.wait(60)
        assert self.devtools, "Chromium does not start:\n" + "\n".join(self._log)
        return self

    def __exit__(self, *_: object) -> None:
        self._guard.release(self._process.pid)
        self._process.wait(10)
        self._reader.join(10)
        assert self._process.stderr is not None
        self._process.stderr.close()
        self._guard.close()
