"""The files that were uploaded to this machine, and how each is to be driven."""

from __future__ import annotations

import json
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

from producer.migrations.storage.data_directory import made_private

_FOLDER = "uploads"


@dataclass(frozen=True, slots=True)
class Upload:
    """A migration whose file lies in the data folder, under this name.

    `stop_after` is rows, `stop_after_percent` a share of those that ended; None is no bound.
    """

    migration: str
    file: str
    stop_after: int | None = None
    stop_after_percent: float | None = None
    limit: int | None = None  # of a pilot: rows to be sent, then it is paused


class Uploads:
    """Kept as small files beside the data, so that they are there after a restart."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def keep(self, upload: Upload) -> None:
        """Write it down, durably, replacing what was known. Raises OSError."""
        told = {
            "file": upload.file,
            "stopAfter": upload.stop_after,
            "stopAfterPercent": upload.stop_after_percent,
            "limit": upload.limit,
        }
        folder = self.folder / _FOLDER
        made_private(self.folder)
        folder.mkdir(mode=0o700, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=folder, prefix=".")
        with os.fdopen(handle, "w", encoding="utf-8") as out:
            json.dump(told, out)
            out.flush()
            os.fsync(out.fileno())
        Path(name).replace(folder / f"{upload.migration}.json")

    def forget(self, migration: str) -> None:
        """Know nothing of it any more. Raises OSError."""
        (self.folder / _FOLDER / f"{migration}.json").unlink(missing_ok=True)

    def all(self) -> list[Upload]:
        """All of this machine; one that cannot be read is left out."""
        found = (self.get(path.stem) for path in (self.folder / _FOLDER).glob("mig_*.json"))
        return [one for one in found if one is not None]

    def get(self, migration: str) -> Upload | None:
        """That of the migration; None where its file was not uploaded here."""
        try:
            path = self.folder / _FOLDER / f"{migration}.json"
            told = json.loads(path.read_text("utf-8"))
            return Upload(
                migration,
                told["file"],
                told["stopAfter"],
                told["stopAfterPercent"],
                told["limit"],
            )
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def path(self, upload: Upload) -> Path:
        """Where its file lies."""
        return self.folder / upload.file
