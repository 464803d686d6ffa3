"""Files that were uploaded to this machine, and the options to drive each with."""

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
    """A migration whose file is in the data folder under the name `file`.

    `stop_after` is a number of failed rows, `stop_after_percent` a share of ended rows; None is
    no bound.
    """

    migration: str
    file: str
    stop_after: int | None = None
    stop_after_percent: float | None = None
    limit: int | None = None  # of a pilot: rows to send before it is paused


class Uploads:
    """Small JSON files in the data folder, so that uploads survive a restart."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def keep(self, upload: Upload) -> None:
        """Store the upload durably, replacing an earlier entry. Raises OSError."""
        entry = {
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
            json.dump(entry, out)
            out.flush()
            os.fsync(out.fileno())
        Path(name).replace(folder / f"{upload.migration}.json")

    def forget(self, migration: str) -> None:
        """Remove the entry. Raises OSError."""
        (self.folder / _FOLDER / f"{migration}.json").unlink(missing_ok=True)

    def all(self) -> list[Upload]:
        """All uploads of this machine, without unreadable entries."""
        found = (self.get(path.stem) for path in (self.folder / _FOLDER).glob("mig_*.json"))
        return [upload for upload in found if upload is not None]

    def get(self, migration: str) -> Upload | None:
        """The migration's upload; None where its file was not uploaded here."""
        try:
            path = self.folder / _FOLDER / f"{migration}.json"
            entry = json.loads(path.read_text("utf-8"))
            return Upload(
                migration,
                entry["file"],
                entry["stopAfter"],
                entry["stopAfterPercent"],
                entry["limit"],
            )
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def path(self, upload: Upload) -> Path:
        """The path of the upload's file."""
        return self.folder / upload.file
