"""Migrations where signatures are required."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from producer.migrations.model.rows import RowState
from producer.migrations.registry import Registry
from tests.crash.migrating import Drive
from tests.integration.signatures.forging import KEY, Forging

pytestmark = pytest.mark.crash


class _Drive(Drive):
    """With the keys, or without."""

    def __init__(self, stage: Forging, file: Path, folder: Path, **settings: str) -> None:
        super().__init__(stage, file, folder=folder)
        self._environment |= settings


def file_of(stage: Forging, folder: Path, count: int) -> tuple[list[str], Path]:
    """A file that sets the second card of so many customers, where the first is the default."""
    names = [stage.customer("Signed") for _ in range(count)]
    path = folder / "in.csv"
    rows = [f"{one},{stage.card(one)},{stage.card(one, 1)}" for one in names]
    path.write_text("\n".join(["userId,default_source,was", *rows, ""]), "utf-8")
    return names, path


def test_rows_are_signed_with_their_terms(strict: Forging, tmp_path: Path) -> None:
    """Driven with the keys it ends as usual; `verify` and `plan --check` read with them."""
    names, path = file_of(strict, tmp_path, 7)
    drive = _Drive(strict, path, tmp_path, CARDS_SIGNING_KEYS=KEY, CARDS_REQUIRE_SIGNATURES="yes")
    terms = ("--only-if-default-is", "was", "--skip-if-newer")
    checked = drive.call("plan", str(path), "--check", "3", "--json", *terms)
    assert checked.returncode == 0, checked.stderr
    ran = drive.call("run", str(path), "--json", *terms)
    assert ran.returncode == 0, ran.stderr + ran.stdout
    (migration,) = Registry(strict.journal).list()
    assert migration.counts == {RowState.APPLIED: 7}
    compared = drive.call("verify", migration.id, str(path), "--json")
    assert compared.returncode == 0, compared.stderr
    assert json.loads(compared.stdout)["differ"] == 0
    for customer in names:
        assert len(strict.applied(customer)) == 1
    drive.close()


def test_rows_are_rejected_without_keys(strict: Forging, tmp_path: Path) -> None:
    """Each row is accounted for, with a code that says what to do."""
    names, path = file_of(strict, tmp_path, 3)
    drive = _Drive(strict, path, tmp_path)
    drive.call("run", str(path), "--json")
    found = next(one for one in Registry(strict.journal).list() if one.rows == 3)
    assert found.counts == {RowState.REJECTED: 3}
    assert found.codes == {"signature_missing": 3}
    for customer in names:
        assert strict.sent(customer) == []
    drive.close()
